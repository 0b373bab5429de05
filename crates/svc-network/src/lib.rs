//! The services of the network: load balancers.

pub mod elbv2;
