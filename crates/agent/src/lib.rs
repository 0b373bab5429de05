//! What runs on a host: images, containers, their output and their network.
//!
//! The agent is told what is desired and makes it so ([`agent_proto::Host`]). It decides nothing about *which* workloads run
//! where; how far a single workload has come, and what is next for it, is decided by the pure functions of `logic::workload`.

pub mod cgroup;
pub mod disk;
pub mod driver;
pub mod image;
pub mod net;
pub mod network;
pub mod output;
pub mod process;
pub mod shim;
