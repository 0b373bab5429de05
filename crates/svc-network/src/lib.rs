//! The services of the network: EC2's part of it, and load balancers.

pub mod ec2;
pub mod elbv2;
