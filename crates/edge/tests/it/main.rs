//! The edge through real sockets. All VPCs are this machine's loopback network, so no privileges are needed; what needs real
//! namespaces is in `namespaces`, and is skipped aloud without root.

mod balancing;
mod deployments;
mod faults;
mod garbage;
mod health;
mod listeners;
mod messages;
mod metadata;
mod names;
mod namespaces;
mod process;
mod protocols;
mod support;
mod world;
