//! Parameters of Systems Manager: how they are named, which version is meant, and those that AWS has for everybody.

mod public;
mod reference;

pub use public::{Public, is_public, public, under};
pub use reference::{Reference, version};
