//! Decisions: functions of their arguments, with no clock, no randomness, no I/O and no async; one folder or file for each idea.

pub mod image_reference;
pub mod log_pattern;
pub mod vpc;
