//! Who makes a request, and whether they may.

pub(crate) mod assume;
pub(crate) mod authenticate;
pub(crate) mod authority;
pub(crate) mod behalf;
pub(crate) mod context;
pub mod credentials;
pub mod encoded;
pub(crate) mod facts;
pub(crate) mod gate;
pub(crate) mod policies;
pub(crate) mod question;
pub(crate) mod usage;
pub(crate) mod version2;
pub(crate) mod wording;
pub(crate) mod workload;
