//! EC2's errors (EC2 API reference, "Error codes for the Amazon EC2 API"), a constructor each.

use wire::Fault;

/// The caller asked only whether the request would be allowed.
pub fn dry_run(asked: Option<bool>) -> Result<(), Fault> {
    if asked != Some(true) {
        return Ok(());
    }
    Err(Fault::client("DryRunOperation", "Request would have succeeded, but DryRun flag is set.").status(412))
}

/// A value that can't be.
pub fn invalid_value(message: impl Into<String>) -> Fault {
    Fault::client("InvalidParameterValue", message)
}

/// Parameters that exclude each other.
pub fn invalid_combination(message: impl Into<String>) -> Fault {
    Fault::client("InvalidParameterCombination", message)
}

/// A parameter that has to be there.
pub fn missing_parameter(name: &str) -> Fault {
    Fault::client("MissingParameter", format!("The request must contain the parameter {name}"))
}

/// A page that isn't there.
pub fn invalid_next_token() -> Fault {
    Fault::client("InvalidNextToken", "The specified token is not valid")
}

/// Instance types that there aren't.
pub fn invalid_instance_types(names: &[&str]) -> Fault {
    let message = format!("The following supplied instance types do not exist: [{}]", names.join(", "));
    Fault::client("InvalidInstanceType", message)
}
