//! CloudWatch Logs: groups, streams and events.

pub mod store;
