//! The services by which one sees what happens: CloudWatch Logs and CloudTrail.

pub mod cloudtrail;
pub mod logs;
