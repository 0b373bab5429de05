//! Virtual machines as they really run: a system in a boot sector (`tiny.s`), spoken to over its serial port, and emulated where nothing better is there.

#[path = "../support/mod.rs"]
mod support;

mod contract;
mod hostile;
mod lab;
mod measure;
mod plugs;
mod sleep;
