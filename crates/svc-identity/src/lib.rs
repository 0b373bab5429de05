//! The services that are about who somebody is: STS; IAM to come.

pub mod sts;
