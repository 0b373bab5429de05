//! The services by which one sees what happens: CloudWatch Logs.

pub mod logs;
