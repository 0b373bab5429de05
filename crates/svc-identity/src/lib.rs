//! The services that are about who somebody is: IAM and STS.

pub mod iam;
pub mod sts;
