//! The operations.

pub mod buses;
pub mod patterns;
pub mod permissions;
pub mod put;
pub mod rules;
pub mod tags;
pub mod targets;
