//! What STS does when nobody asks.

mod expired;
mod workloads;

pub use expired::Expired;
pub use workloads::Workloads;
