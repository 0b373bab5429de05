//! The operations on volumes, by what they are about.

pub mod attach;
pub mod attributes;
pub mod modify;
pub mod settings;
pub mod snapshots;
pub mod volumes;
