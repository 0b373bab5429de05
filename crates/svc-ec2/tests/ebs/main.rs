//! Volumes and snapshots, through the front, with hosts that say what the tests want them to.

#[path = "../common/mod.rs"]
mod common;

mod attachments;
mod direct;
mod keys;
mod lending;
mod snapshots;
mod volumes;
mod world;
