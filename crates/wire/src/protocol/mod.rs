//! One service spoken in one protocol: which operation a request means, its input, and the rendering of answers.

mod bind;
mod cbor;
mod decode;
mod encode;
mod json;
mod limits;
mod named;
mod query;
mod refuse;
mod route;
mod text;
mod time;
pub mod uri;
mod xml;

use crate::validate;
use crate::{Fault, Operation, Protocol, Service, Value};
use bytes::Bytes;
use http::HeaderMap;
pub use limits::MAX_BODY;

/// A request whose body has been read and whose content encodings have been undone.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, such as `POST`.
    pub method: http::Method,
    /// The path as it was sent, percent-encoding included.
    pub path: String,
    /// The query string as it was sent, without `?`; empty where there is none.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// An answer, ready to be sent.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers; the length of the body isn't among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// A service, in the protocol that a request was sent in.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// The service.
    pub service: &'static Service,
    /// The protocol; one of the service's.
    pub protocol: Protocol,
    /// Whether the client asked for the error codes of the query protocol (`x-amzn-query-mode: true`).
    pub query_mode: bool,
}

impl Dialect {
    /// The service in the protocol that it prefers, for a request that comes in none.
    pub fn preferred(service: &'static Service) -> Self {
        Self { service, protocol: service.protocols.first().copied().unwrap_or(Protocol::AwsJson10), query_mode: false }
    }

    /// The dialect that a request to the service is in; the service's preferred one where the request doesn't show.
    pub fn of(service: &'static Service, request: &Request) -> Self {
        let query_mode = request.headers.get("x-amzn-query-mode").is_some_and(|value| value == "true");
        Self { service, protocol: route::protocol(service, request), query_mode }
    }

    /// The operation that the request means. What the service doesn't know is answered as the protocol asks
    /// (`UnknownOperationException`, `InvalidAction`); what it knows and Hillfog hasn't built, with 501 `NotImplemented`.
    pub fn match_operation(&self, request: &Request) -> Result<&'static Operation, Fault> {
        route::operation(self, request)
    }

    /// The operation's input, read by its schema. Members that the schema doesn't know are ignored, as AWS does; a value of the wrong
    /// type is a `SerializationException` (in the query protocols `MalformedInput`). Constraints are not checked here.
    pub fn decode(&self, operation: &Operation, request: &Request) -> Result<Value, Fault> {
        decode::input(self.service, self.protocol, operation, request)
    }

    /// Refuses an input that breaks the model's constraints, naming every violation in the service's own wording.
    pub fn validate(&self, operation: &Operation, input: &Value) -> Result<(), Fault> {
        validate::check(self.service, operation, input)
    }

    /// The operation's input out of JSON whose members carry the model's names, as services ask each other.
    ///
    /// # Errors
    /// A serialization fault if a value has the wrong type.
    pub fn input_of(service: &Service, operation: &Operation, json: serde_json::Value) -> Result<Value, Fault> {
        match operation.input.map(|id| &service.shape(id).kind) {
            Some(crate::schema::Kind::Structure(structure)) => named::read_structure(service, structure, json),
            _ => Ok(Value::empty()),
        }
    }

    /// The answer of success.
    pub fn encode(&self, operation: &Operation, request_id: &str, output: &Value) -> Response {
        encode::output(self.service, self.protocol, operation, request_id, output)
    }

    /// The answer of failure.
    pub fn encode_fault(&self, request_id: &str, fault: &Fault) -> Response {
        refuse::fault(self, request_id, fault)
    }
}
