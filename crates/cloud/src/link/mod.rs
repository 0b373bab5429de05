//! Where the store meets what runs: desired states out of records, and what was observed back into them.
//!
//! Each link is a reconciler for the way out and a task for the way back. Neither decides anything.

mod edge;
mod host;

pub use edge::EdgeLink;
pub use host::HostLink;
