//! The errors of CloudWatch Logs, in its own words.

use super::store::LogStoreError;
use model::AccountId;
use std::fmt::Display;
use wire::Fault;

pub(super) fn invalid(message: impl Into<String>) -> Fault {
    Fault::client("InvalidParameterException", message)
}

pub(super) fn group_exists() -> Fault {
    Fault::client("ResourceAlreadyExistsException", "The specified log group already exists")
}

pub(super) fn no_group() -> Fault {
    Fault::client("ResourceNotFoundException", "The specified log group does not exist.")
}

pub(super) fn stream_exists() -> Fault {
    Fault::client("ResourceAlreadyExistsException", "The specified log stream already exists")
}

pub(super) fn no_stream() -> Fault {
    Fault::client("ResourceNotFoundException", "The specified log stream does not exist.")
}

pub(super) fn no_resource() -> Fault {
    Fault::client("ResourceNotFoundException", "The specified resource does not exist.")
}

pub(super) fn too_many_tags() -> Fault {
    Fault::client("TooManyTagsException", "A resource can have no more than 50 tags.")
}

pub(super) fn protected() -> Fault {
    Fault::client("ValidationException", "The log group is protected from deletion. Lift its deletion protection first.")
}

pub(super) fn too_many() -> Fault {
    Fault::client("LimitExceededException", "Resource limit exceeded.")
}

pub(super) fn no_policy(name: &str) -> Fault {
    Fault::client("ResourceNotFoundException", format!("Policy with name [{name}] does not exist."))
}

pub(super) fn invalid_policy(why: String) -> Fault {
    invalid(format!("The policy document is invalid: {why}"))
}

/// A group may be made, but not with tags.
pub(super) fn not_with_tags(account: &AccountId) -> Fault {
    let text = format!("User with accountId: {account} is not authorized to perform CreateLogGroup with Tags");
    Fault::client("AccessDeniedException", text)
}

pub(super) fn invalid_token() -> Fault {
    invalid("The specified nextToken is invalid.")
}

pub(super) fn not_built(parameter: impl Display) -> Fault {
    Fault::not_implemented(format_args!("logs: {parameter}"))
}

pub(super) fn store(error: LogStoreError) -> Fault {
    let mut fault =
        Fault::server("ServiceUnavailableException", "The log store can't be read or written at the moment.").status(503);
    fault.internal = Some(error.to_string());
    fault
}
