//! The operations: parse, check, one transaction, view.

pub mod delete;
pub mod describe;
pub mod get;
pub mod history;
pub mod labels;
pub mod path;
pub mod put;
pub mod tags;
