//! The operations on snapshots, by what they are about.

pub mod copy;
pub mod create;
pub mod describe;
pub mod fast_restore;
pub mod share;
pub mod tiers;
