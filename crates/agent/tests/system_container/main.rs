//! System containers as they really run: booted from ext4 images on loop devices, spoken to over their serial consoles.

#[path = "../support/mod.rs"]
mod support;

mod boot;
mod contract;
mod debian;
mod disks;
mod hostile;
mod lab;
mod loss;
mod measure;
