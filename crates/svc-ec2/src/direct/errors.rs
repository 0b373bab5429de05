//! What the direct APIs refuse (EBS direct APIs reference, "Common Errors" and the exceptions' reasons), a constructor each.

use wire::{Fault, Value};

/// A request that can't be, with the reason that programs go by.
pub fn invalid(reason: &'static str, message: impl Into<String>) -> Fault {
    Fault::client("ValidationException", message).with("Reason", Value::Str(reason.into()))
}

/// A value that can't be.
pub fn invalid_value(message: impl Into<String>) -> Fault {
    invalid("INVALID_PARAMETER_VALUE", message)
}

/// A snapshot that isn't there, or that the caller may not use.
pub fn snapshot_not_found() -> Fault {
    let fault = Fault::client("ResourceNotFoundException", "The specified snapshot does not exist.");
    fault.status(404).with("Reason", Value::Str("SNAPSHOT_NOT_FOUND".into()))
}

/// A token came with another request before.
pub fn conflict() -> Fault {
    let message = "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).";
    Fault::client("ConflictException", message).status(503)
}

/// A snapshot that isn't to be written in this way, or not any more.
pub fn not_writable(id: &str) -> Fault {
    invalid("INVALID_SNAPSHOT_ID", format!("The snapshot {id} is not a pending snapshot that was started with StartSnapshot."))
}

/// A snapshot that can't be read.
pub fn not_readable(id: &str) -> Fault {
    invalid("INVALID_SNAPSHOT_ID", format!("The snapshot {id} is not completed, or is archived."))
}

/// What EC2 refuses, as this service says it.
pub fn in_these_words(fault: Fault) -> Fault {
    let plain = fault.internal.is_none() && fault.code.starts_with("Invalid");
    if plain { invalid("INVALID_CUSTOMER_KEY", fault.message) } else { fault }
}
