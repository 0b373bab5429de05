//! Machines as system containers: an init of their own in namespaces and control groups of their own, on the host's kernel. They start in
//! milliseconds.
//!
//! Root in a machine is nobody outside: each machine has a user namespace with ids of its own ([`ids`]), to which its other namespaces belong. Its root file
//! system is its root disk's, mounted with mapped ids; `/dev` holds its disks under EC2's names; mount(2) of their file systems is done for it, after judgement
//! ([`intercept`]). `docs/adr/0016-system-containers.md` says why.
//!
//! ```text
//! <data>/system-containers/<id>/       job.json, state.json, ids, the console's text
//! <runtime>/system-containers/<id>/    user, net (its namespaces), control, console (sockets)
//! hillfog-<tag>/shims, hillfog-<tag>/machines/<id>    control groups
//! ```
//!
//! Nothing here knows what a volume or a VPC is: there are block devices, and a network namespace that someone plugs interfaces into.

mod block;
mod bounds;
mod control;
mod door;
mod driver;
mod ids;
mod intercept;
mod job;
mod life;
mod mounts;
mod probe;
pub mod shim;
mod superblock;
mod watch;

pub use driver::SystemContainers;
pub use job::CONSOLE_SOCKET;
