//! From bytes to an operation: the one door through which every AWS call comes in.
//!
//! The front finds the service that a request means, verifies who sent it, reads the input by the service's protocol, asks whether
//! the caller may, runs the operation, and renders what comes of it. It knows no service: services hand it their tables.

mod context;
mod service;

pub use context::{Cx, Principal};
pub use service::{Access, Answer, Error, Row, Service};
