//! Instances, through the front and with their reconciler.

mod changes;
mod codes;
#[path = "../common/mod.rs"]
mod common;
mod found;
mod interludes;
mod launch;
mod life;
mod metadata;
mod permitted;
mod serial;
mod world;
