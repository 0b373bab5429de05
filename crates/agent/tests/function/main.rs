//! Function environments as they really run: sandboxes with a runtime each, driven as the pools of the control plane drive them.

#[path = "../support/mod.rs"]
mod support;

mod faults;
mod image;
mod lab;
mod life;
mod measure;
mod node;
mod python;
mod raw;
mod sealed;
mod together;
