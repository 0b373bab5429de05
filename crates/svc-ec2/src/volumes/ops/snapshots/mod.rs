//! The operations on snapshots, by what they are about.

pub mod create;
pub mod describe;
