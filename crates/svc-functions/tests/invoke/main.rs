//! Invocations, with a host whose functions are closures and a clock that stands until it is moved.

mod invoke;
mod pool;
mod queue;
mod support;
mod urls;
