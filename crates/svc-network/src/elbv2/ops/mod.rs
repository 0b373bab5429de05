//! ELBv2's operations: parse, check, one transaction, view.

pub mod attributes;
pub mod balancers;
pub mod groups;
pub mod limits;
pub mod listeners;
pub mod placement;
pub mod rules;
pub mod tagging;
pub mod targets;
