//! Decisions: functions of their arguments, with no clock, no randomness, no I/O and no async; one folder or file for each idea.

pub mod aws_managed;
pub mod balancer;
pub mod delivery;
pub mod deploy;
pub mod ebs;
pub mod event_pattern;
pub mod flow_log;
pub mod image_reference;
pub mod instance;
pub mod instance_type;
pub mod kms;
pub mod log_pattern;
pub mod machine;
pub mod packet_filter;
pub mod parameter;
pub mod placement;
pub mod policy;
pub mod regions;
pub mod route_match;
pub mod schedule;
pub mod sealer;
pub mod task;
pub mod volume;
pub mod vpc;
pub mod workload;
pub mod workload_credentials;
