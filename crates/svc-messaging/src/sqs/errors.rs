//! The errors of SQS, in its own words.

use std::fmt::Display;
use wire::Fault;

pub fn no_queue() -> Fault {
    Fault::client("QueueDoesNotExist", "The specified queue does not exist.")
}

pub fn bad_url(url: &str) -> Fault {
    Fault::client("InvalidAddress", format!("The address {url} is not valid for this endpoint."))
}

pub fn not_across_accounts(url: &str) -> Fault {
    Fault::client("AccessDeniedException", format!("Access to the resource {url} is denied.")).status(403)
}

pub fn missing(parameter: &str) -> Fault {
    Fault::client("MissingParameter", format!("The request must contain the parameter {parameter}."))
}

/// A parameter's value, refused for a reason.
pub fn invalid(value: impl Display, parameter: &str, reason: impl Display) -> Fault {
    Fault::client("InvalidParameterValue", format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
}

/// Refused input, in words of its own.
pub fn refused(message: impl Into<String>) -> Fault {
    Fault::client("InvalidParameterValue", message)
}

pub fn bad_name() -> Fault {
    refused("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
}

pub fn bad_fifo_name() -> Fault {
    refused(
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 \
         to 80 in length.",
    )
}

pub fn deleted_recently() -> Fault {
    let message = "You must wait 60 seconds after deleting a queue before you can create another with the same name.";
    Fault::client("QueueDeletedRecently", message)
}

pub fn exists(attribute: &str) -> Fault {
    let message = format!("A queue already exists with the same name and a different value for attribute {attribute}");
    Fault::client("QueueNameExists", message)
}

pub fn unknown_attribute(name: &str) -> Fault {
    Fault::client("InvalidAttributeName", format!("Unknown Attribute {name}."))
}

pub fn bad_attribute(name: &str) -> Fault {
    Fault::client("InvalidAttributeValue", format!("Invalid value for the parameter {name}."))
}

pub fn bad_attribute_because(name: &str, reason: impl Display) -> Fault {
    Fault::client("InvalidAttributeValue", format!("Invalid value for the parameter {name}. Reason: {reason}"))
}

pub fn purged_recently(name: &str) -> Fault {
    let message = format!("Only one PurgeQueue operation on {name} is allowed every 60 seconds.");
    Fault::client("PurgeQueueInProgress", message)
}

pub fn throttled() -> Fault {
    Fault::client("RequestThrottled", "Request is throttled.").status(403)
}

pub fn one_encryption() -> Fault {
    let message = "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.";
    Fault::client("InvalidAttributeValue", message)
}

pub fn too_many_in_flight() -> Fault {
    Fault::client("OverLimit", "The maximum number of in flight messages is reached.").status(403)
}

pub fn bad_receipt(handle: &str) -> Fault {
    let shown: String = handle.chars().take(1024).collect();
    Fault::client("ReceiptHandleIsInvalid", format!("The input receipt handle \"{shown}\" is not a valid receipt handle."))
}

pub fn expired_receipt(handle: &str) -> Fault {
    invalid(handle, "ReceiptHandle", "The receipt handle has expired.")
}

pub fn not_available(handle: &str) -> Fault {
    invalid(handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
}

pub fn not_in_flight() -> Fault {
    Fault::client("MessageNotInflight", "The specified message isn't in flight.")
}

pub fn bad_character(code: u32, place: &str) -> Fault {
    let message = format!(
        "Invalid binary character '#x{code:X}' was found in the {place}, the set of allowed characters is #x9 | #xA | #xD | #x20 to \
         #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    );
    Fault::client("InvalidMessageContents", message)
}

pub fn too_long(limit: u32) -> Fault {
    refused(format!("One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."))
}

pub fn empty_batch(entry: &str) -> Fault {
    Fault::client("EmptyBatchRequest", format!("There should be at least one {entry} in the request."))
}

pub fn too_many_entries(given: usize) -> Fault {
    let message = format!("Maximum number of entries per request are 10. You have sent {given}.");
    Fault::client("TooManyEntriesInBatchRequest", message)
}

pub fn repeated_id(id: &str) -> Fault {
    Fault::client("BatchEntryIdsNotDistinct", format!("Id {id} repeated."))
}

pub fn bad_entry_id() -> Fault {
    let message =
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.";
    Fault::client("InvalidBatchEntryId", message)
}

pub fn batch_too_long(limit: usize, given: usize) -> Fault {
    let message = format!("Batch requests cannot be longer than {limit} bytes. You have sent {given} bytes.");
    Fault::client("BatchRequestTooLong", message)
}

pub fn unsupported(message: impl Into<String>) -> Fault {
    Fault::client("UnsupportedOperation", message)
}

pub fn no_resource(message: impl Into<String>) -> Fault {
    Fault::client("ResourceNotFoundException", message)
}
