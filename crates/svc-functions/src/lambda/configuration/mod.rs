//! What a function can be configured to be: what a request asks for, laid over what is so already.

mod layers;
mod role;
mod runtimes;
mod wish;

pub use layers::{check_size, resolve as layers};
pub use role::{check as check_role, may_send};
pub use wish::{Package, Wish, settled};
