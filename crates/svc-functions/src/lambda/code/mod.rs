//! The bytes of code: where they come from, where they are kept, and how they are fetched.

mod image;
mod intake;
mod link;
mod store;

pub use image::resolve;
pub use intake::{Origin, taken};
pub use link::{Downloads, location};
pub use store::{CodeError, CodeStore};
