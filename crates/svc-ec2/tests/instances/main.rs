//! Instances, through the front and with their reconciler.

#[path = "../common/mod.rs"]
mod common;
mod launch;
mod life;
mod world;
