//! XML, read into a small tree and by schema from there, and written by schema.

mod read;
mod tree;
mod write;

pub use read::{read_member, read_structure};
pub use tree::Element;
pub use write::{Writer, namespace_of};
