//! What the services of the cloud have in common: identifiers, ARNs, the clock, and the records that are kept in the store.
//!
//! Services never import each other; where one needs to know of another's things (an ECS service registers targets with a
//! load balancer) they meet in the records that stand here. Nothing in this crate does I/O, except `env`, which is the one
//! place from which the system's clock and randomness are read.

pub mod apigatewayv2;
pub mod arn;
pub mod cidr;
pub mod delivery;
pub mod ec2;
pub mod ecr;
pub mod ecs;
pub mod elbv2;
pub mod env;
pub mod events;
pub mod iam;
pub mod id;
pub mod ipv6_cidr;
pub mod kms;
pub mod lambda;
pub mod logs;
pub mod record;
pub mod s3;
pub mod scheduler;
pub mod sqs;
pub mod ssm;
pub mod touch;

pub use arn::Arn;
pub use cidr::Cidr;
pub use env::{Env, Timestamp};
pub use id::{AccountId, Region};
pub use ipv6_cidr::{IpCidr, Ipv6Cidr};
pub use record::{Key, Record};
