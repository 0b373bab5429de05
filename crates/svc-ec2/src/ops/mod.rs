//! EC2's operations: parse, check, one transaction, view.

pub mod attributes;
pub mod describe;
pub mod groups;
pub mod instance_types;
pub mod key_pairs;
pub mod placement;
pub mod places;
pub mod rule_changes;
pub mod rules;
pub mod tagging;
