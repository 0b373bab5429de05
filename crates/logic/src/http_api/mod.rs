//! How an HTTP API of API Gateway answers a request: which stage and route it falls under, who is let through, what an integration is
//! told, and what becomes of its answer (API Gateway developer guide, "API Gateway HTTP APIs").
//!
//! Nothing here listens, calls a function, fetches a key or keeps a record: the data plane in `svc-gateway` does, and asks here.

pub mod access_log;
pub mod answer;
pub mod authorizer;
pub mod cors;
pub mod event;
pub mod exchange;
pub mod identity;
pub mod jwt;
pub mod mapping;
pub mod path;
pub mod route_key;
pub mod router;
pub mod target;
pub mod throttle;
