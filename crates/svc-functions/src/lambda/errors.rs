//! Lambda's errors, in its own words.

use super::environment::Closed;
use model::Arn;
use std::fmt::Display;
use wire::{Fault, Value};

/// `Retry-After` of what is throttled, in seconds: by then a function has room for as many requests as it may have in a second.
pub const RETRY_AFTER: &str = "1";

/// An error of the caller's, as Lambda's errors all say.
fn user(code: &'static str, message: impl Into<String>) -> Fault {
    Fault::client(code, message).with("Type", Value::Str("User".into()))
}

/// What isn't built, by name.
pub fn not_built(what: impl Display) -> Fault {
    Fault::not_implemented(format_args!("Lambda: {what}"))
}

/// A parameter that can't be so.
pub fn invalid(message: impl Into<String>) -> Fault {
    user("InvalidParameterValueException", message)
}

/// A parameter that breaks a constraint which isn't in the model.
pub fn constraint(value: impl Display, member: &str, constraint: impl Display) -> Fault {
    let text = format!("1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}");
    user("ValidationException", text)
}

/// Something else stands in the way.
pub fn conflict(message: impl Into<String>) -> Fault {
    user("ResourceConflictException", message)
}

/// What is named isn't there.
pub fn not_found(message: impl Into<String>) -> Fault {
    user("ResourceNotFoundException", message)
}

/// There is no such function, or no such version or alias of it.
pub fn no_function(arn: &Arn) -> Fault {
    not_found(format!("Function not found: {arn}"))
}

/// As [`no_function`], where the answer names nothing.
pub fn nothing() -> Fault {
    not_found("The resource you requested does not exist.")
}

/// There is no such alias.
pub fn no_alias(arn: &Arn) -> Fault {
    not_found(format!("Cannot find alias arn: {arn}"))
}

/// There is no such version of a layer.
pub fn no_layer(arn: impl Display) -> Fault {
    not_found(format!("Layer version {arn} does not exist."))
}

/// A version that can't be invoked or changed in the state in which it is.
pub fn not_active(state: &str) -> Fault {
    conflict(format!("The operation cannot be performed at this time. The function is currently in the following state: {state}"))
}

/// An update of it is under way.
pub fn updating(arn: &Arn) -> Fault {
    conflict(format!("The operation cannot be performed at this time. An update is in progress for resource: {arn}"))
}

/// The caller knows an older state; `operation` tells the newest.
pub fn stale(operation: &str) -> Fault {
    user(
        "PreconditionFailedException",
        format!(
            "The Revision Id provided does not match the latest Revision Id. Call the {operation} API to retrieve the latest Revision Id"
        ),
    )
}

/// A zip that can't be read.
pub fn unreadable_zip(why: impl Display) -> Fault {
    invalid(format!("Could not unzip uploaded file. Please check your file, then try to upload again. ({why})"))
}

/// A zip whose files are too large.
pub fn too_large_unzipped() -> Fault {
    invalid(format!("Unzipped size must be smaller than {} bytes", function_code::LARGEST_UNZIPPED))
}

/// A request with more than it may carry.
pub fn too_large_request(limit: usize, operation: &str) -> Fault {
    user("RequestTooLargeException", format!("Request must be smaller than {limit} bytes for the {operation} operation"))
}

/// The account has no room for more code.
pub fn storage_exceeded() -> Fault {
    user("CodeStorageExceededException", "Code storage limit exceeded.")
}

/// A role that Lambda can't act as.
pub fn unassumable() -> Fault {
    invalid("The role defined for the function cannot be assumed by Lambda.")
}

/// There is no statement of that name.
pub fn no_statement(sid: &str) -> Fault {
    not_found(format!("Statement {sid} is not found in resource policy."))
}

/// There is no policy.
pub fn no_policy() -> Fault {
    not_found("No policy is associated with the given resource.")
}

/// A policy that has grown too long.
pub fn policy_too_long(limit: usize) -> Fault {
    user("PolicyLengthExceededException", format!("The final policy size is bigger than the limit ({limit})."))
}

/// There is no such configuration.
pub fn no_provisioned() -> Fault {
    user("ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function")
}

/// A token of pages that none of ours is.
pub fn invalid_marker() -> Fault {
    invalid("Invalid value for marker")
}

/// There is no concurrency left for an invocation, or too many have come in a second; `reason` says which.
pub fn throttled(reason: &str) -> Fault {
    let fault = user("TooManyRequestsException", "Rate Exceeded.").status(429).with("Reason", Value::Str(reason.into()));
    fault.with("retryAfterSeconds", Value::Str(RETRY_AFTER.into()))
}

/// A body that isn't an event.
pub fn content(message: impl Into<String>) -> Fault {
    user("InvalidRequestContentException", message)
}

/// A function that has called itself again and again.
pub fn recursive() -> Fault {
    user(
        "RecursiveInvocationException",
        "Lambda has detected your function being invoked in a recursive loop with other AWS resources and stopped your function's \
         invocation.",
    )
}

/// The execution role can't be assumed when an environment is started.
pub fn role_denied() -> Fault {
    user("AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.").status(403)
}

/// The host has failed. What has failed is said: whoever has a cloud of his own can do something about it.
pub fn host(fault: impl Display) -> Fault {
    let message = format!("The AWS Lambda service encountered an internal error: {fault}");
    Fault::server("ServiceException", message).with("Type", Value::Str("Service".into()))
}

/// The environment variables can't be decrypted when an environment is started.
pub fn closed(why: Closed) -> Fault {
    let (code, state) = match why {
        Closed::Disabled => ("KMSDisabledException", "is disabled"),
        Closed::InvalidState => ("KMSInvalidStateException", "is in an invalid state for Decrypt"),
        Closed::NotFound => ("KMSNotFoundException", "was not found"),
    };
    let message = format!(
        "Lambda was unable to decrypt the environment variables because the KMS key used {state}. Please check the function's KMS key \
         settings."
    );
    Fault::server(code, message).status(502).with("Type", Value::Str("Service".into()))
}

/// Whether it says that a function, or a version or an alias of it, isn't there.
pub fn is_not_found(fault: &Fault) -> bool {
    fault.code == "ResourceNotFoundException"
}

/// Whether it says that a function has called itself again and again.
pub fn is_recursive(fault: &Fault) -> bool {
    fault.code == "RecursiveInvocationException"
}
