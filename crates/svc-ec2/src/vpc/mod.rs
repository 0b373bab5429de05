//! VPCs and what they are made of.

pub mod targets;
