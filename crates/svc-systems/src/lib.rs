//! Systems Manager: Parameter Store.

pub mod ssm;
