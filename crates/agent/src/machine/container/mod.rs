//! Machines as system containers: an init of their own in namespaces and control groups of their own, on the host's kernel. They start in
//! milliseconds.
//!
//! Root in a machine is nobody outside: each machine has a user namespace with ids of its own ([`ids`]), to which its other namespaces belong. Its root file
//! system is its root disk's, mounted with mapped ids; `/dev` holds its disks under EC2's names; mount(2) of their file systems is done for it, after judgement
//! ([`intercept`]). `docs/adr/0016-system-containers.md` says why.
//!
//! ```text
//! <data>/system-containers/<id>/       ids, and what every machine with a shim has
//! <runtime>/system-containers/<id>/    user, net (its namespaces), likewise
//! hillfog-<tag>/machines/<id>          its control groups
//! ```
//!
//! What is no affair of containers stands in [`super::shimmed`].
//!
//! Nothing here knows what a volume or a VPC is: there are block devices, and a network namespace that someone plugs interfaces into.

mod block;
mod bounds;
mod door;
mod driver;
mod ids;
mod intercept;
mod job;
mod mounts;
mod order;
mod probe;
pub mod shim;
mod superblock;

pub use driver::SystemContainers;
