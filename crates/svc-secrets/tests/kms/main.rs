//! KMS, from the bytes that come in to the bytes that go out, on a front in the process of the test.

mod aliases;
mod asymmetric;
mod cloud;
mod grants;
mod import;
mod keys;
mod lifecycle;
mod policies;
mod symmetric;
