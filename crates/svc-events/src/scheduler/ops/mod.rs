//! The operations.

pub mod groups;
pub mod schedules;
pub mod tags;
