//! What goes on with queues by itself.

mod mover;
mod sweeper;

pub use mover::Mover;
pub use sweeper::Sweeper;
