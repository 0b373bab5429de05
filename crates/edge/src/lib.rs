//! The data plane: application load balancers, the name servers of VPCs, and what workloads find at their link-local address, in a
//! process of its own.
//!
//! The control plane hands it a [`Table`](agent_proto::edge::Table), which it keeps on disk; it goes on serving when the control
//! plane is killed, and begins to serve by itself when it is started again. It decides nothing about which table is right; what it
//! sees (who is healthy, which listener can't be opened) it reports.
//!
//! - [`command::main`] is the process `hillfog edge`;
//! - [`Link`] is the control plane's end, an [`Edge`](agent_proto::edge::Edge): it starts the process if there is none;
//! - [`Fake`] is an `Edge` without sockets, for simulations.
//!
//! Not here: access logs and metrics, authentication actions, mutual TLS, Lambda targets, sticky sessions by an application's own
//! cookie, health checks of gRPC by its status. The table has no words for them, so that the control plane has to refuse them.
//!
//! What is decided about a request (rule, target, health, redirects) is in `logic::{route_match, balancer}`; here are the sockets.

pub mod command;
mod control;
mod dhcp;
mod dhcp6;
mod dns;
mod doors;
mod fake;
mod health;
mod keep;
mod metadata;
mod networks;
mod process;
mod proxy;
mod quiet;
mod relay;
mod report;
mod routes;
mod shared;
mod target;
mod timer;

pub use command::main;
pub use control::{Link, LinkConfig};
pub use fake::{Fake, Script};
pub use networks::Networks;
pub use process::{Config, SERVER_SOCKET, StartError, run};
