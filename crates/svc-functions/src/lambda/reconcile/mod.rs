//! What Lambda does when nobody asks.

mod releases;
mod sweeper;

pub use releases::Releases;
pub use sweeper::Sweeper;
