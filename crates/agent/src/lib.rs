//! What runs on a host: images, containers, machines and volumes, their output and their network.
//!
//! The agent is told what is desired and makes it so ([`agent_proto::Host`]). It decides nothing about *which* workloads run
//! where; how far a single workload has come, and what is next for it, is decided by the pure functions of `logic::workload`.

mod alarm;
pub mod cgroup;
pub mod disk;
pub mod driver;
pub mod fake;
pub mod flows;
pub mod function;
pub mod host;
pub mod image;
pub mod keep;
pub mod machine;
pub mod net;
pub mod network;
pub mod output;
pub mod pod;
pub mod process;
pub mod shim;
pub mod volume;

pub use fake::FakeHost;
pub use host::{Config, LocalHost};
