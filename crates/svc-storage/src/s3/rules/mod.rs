//! Decisions of S3 that depend on nothing but their arguments.

pub mod archive;
pub mod condition;
pub mod lifecycle;
pub mod listing;
pub mod public;
pub mod range;
