//! Who makes a request, and whether they may.

pub(crate) mod authenticate;
pub(crate) mod authorize;
pub mod credentials;
pub mod encoded;
pub(crate) mod wording;
