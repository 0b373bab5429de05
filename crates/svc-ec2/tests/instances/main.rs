//! Instances, through the front and with their reconciler.

#[path = "../common/mod.rs"]
mod common;
mod life;
mod launch;
mod world;
