//! Functions on this host: environments, each a sandbox with one runtime and its extensions, kept by a shim of its own.
//!
//! ```text
//!  server ── orders, events ──► shim ◄── next, response ── runtime
//!    │                           │ ▲                          │
//!    │ starts some in advance    │ └── register, next ── extensions
//!    ▼                           └── the cloud's API ──► server's socket for workloads
//!  place.json, job.json
//! ```
//!
//! What is decided about environments (when one is started, which one takes an invocation) is the pools' affair; here they are made, driven and
//! ended ([`agent_proto::function::FunctionHost`]).

mod client;
mod code;
mod host;
pub mod job;
pub mod order;
pub mod output;
pub mod runtimes;
pub mod shim;
mod slots;
pub mod variables;

pub use host::{Config, Functions, Host, RuntimeImages};

use std::net::Ipv4Addr;

/// Where an environment finds the cloud's API: the address at which ECS's tasks do.
pub const API: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 2);
/// The port there.
pub const API_PORT: u16 = 4566;
/// `AWS_ENDPOINT_URL`, unless its owner says something else.
pub const ENDPOINT: &str = "http://169.254.170.2:4566";
/// Whom it asks for names: the address of EC2's own resolver.
pub const NAME_SERVER: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 253);
