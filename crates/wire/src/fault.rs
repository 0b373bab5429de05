//! The one kind of error that an operation answers with. Each protocol renders it in its own way; nothing else renders errors.

use crate::Value;
use std::{borrow::Cow, fmt};

/// An error, as a service states it.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    /// The error's code: the name of its shape in the model, or the code that it has on the wire.
    pub code: Cow<'static, str>,
    /// The HTTP status; where the model has the error, the model's status is sent instead.
    pub status: u16,
    /// Whether the sender is at fault, and not the service.
    pub sender: bool,
    /// For the caller to read.
    pub message: String,
    /// Further members that the model gives the error.
    pub members: Vec<(&'static str, Value)>,
    /// For the log, never for the caller.
    pub internal: Option<String>,
}

impl Fault {
    /// The caller is at fault: status 400.
    pub fn client(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(code.into(), 400, message.into())
    }
    /// The service is at fault: status 500, with a message that the caller may read.
    pub fn server(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(code.into(), 500, message.into())
    }
    /// The service is at fault, and why is not the caller's business: `InternalFailure`, 500. The cause is kept for the log.
    pub fn internal(cause: impl fmt::Display) -> Self {
        let mut fault = Self::server("InternalFailure", "The request processing has failed because of an unknown error.");
        fault.internal = Some(cause.to_string());
        fault
    }
    /// An operation, a parameter or a feature, by name, that Hillfog does not have: `NotImplemented`, 501.
    pub fn not_implemented(what: impl fmt::Display) -> Self {
        Self::new("NotImplemented".into(), 501, format!("{what} is not implemented."))
    }
    /// The input can't be read as the operation's: `SerializationException`, 400. The query protocols name it `MalformedInput`.
    pub fn serialization(message: impl Into<String>) -> Self {
        Self::client("SerializationException", message)
    }
    /// The same fault with another HTTP status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self.sender = status < 500;
        self
    }
    /// The same fault with a further member of its model.
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.members.push((name, value));
        self
    }

    fn new(code: Cow<'static, str>, status: u16, message: String) -> Self {
        Self { code, status, sender: status < 500, message, members: Vec::new(), internal: None }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.code, self.status, self.message)?;
        self.internal.iter().try_for_each(|cause| write!(f, " [{cause}]"))
    }
}
impl std::error::Error for Fault {}
