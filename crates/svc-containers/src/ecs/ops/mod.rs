//! The operations: read and checked, one transaction, shown.

pub mod clusters;
pub mod definitions;
pub mod instances;
pub mod new_service;
pub mod run;
pub mod services;
pub mod tagging;
pub mod tasks;
