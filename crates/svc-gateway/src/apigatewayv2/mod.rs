//! API Gateway, version 2: HTTP APIs.
//!
//! **Built:** APIs with routes, integrations (Lambda functions, HTTP addresses, operations of SQS and EventBridge), stages, deployments, JWT and
//! Lambda authorizers, CORS, throttling, access logs, tags; definitions in OpenAPI 3.0, in and out.
//!
//! **Not built:** WebSocket APIs, private integrations (VPC links), custom domain names and mutual TLS, metrics, portals.

mod access;
mod deploy;
mod errors;
mod load;
mod openapi;
mod ops;
mod page;
mod serve;
mod subtypes;
mod table;
mod views;

pub use serve::Gateway;
pub use table::service;
