//! The AWS protocols: from an HTTP request to a typed input, and from a typed output or a fault to an HTTP response.
//!
//! Each protocol is written once, as an interpreter of [`schema`] tables; what is generated per service (crate `api`) is tables
//! and plain structures. Nothing here knows any service by name, does I/O, or decides anything about a request beyond whether it
//! can be read and whether the model allows it.

pub mod body;
pub mod convert;
pub mod event_stream;
pub mod fault;
pub mod protocol;
pub mod schema;
pub mod sigv4;
pub mod stored;
pub mod validate;
pub mod value;

pub use bytes::Bytes;
pub use convert::{FromValue, IntoValue, Members};
pub use fault::Fault;
pub use protocol::{Dialect, Request, Response};
pub use schema::{Api, Operation, Protocol, Service};
pub use value::{Time, Value};
