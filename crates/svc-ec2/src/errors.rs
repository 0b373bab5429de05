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

/// What makes a repeated request the same, if it says anything.
pub fn client_token(token: Option<&str>) -> Result<Option<&str>, Fault> {
    match token.filter(|token| !token.is_empty()) {
        Some(token) if token.len() > 64 || !token.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => {
            let message = format!("The client token '{token}' is not valid. Client tokens have at most 64 ASCII characters");
            Err(Fault::client("InvalidClientToken", message))
        }
        token => Ok(token),
    }
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

/// Whether a list of parameters has anything in it.
pub fn given<T>(list: &Option<Vec<T>>) -> bool {
    list.as_ref().is_some_and(|list| !list.is_empty())
}

/// Parameters that aren't built, each with whether it was given.
pub fn refuse(parameters: &[(&str, bool)]) -> Result<(), Fault> {
    match parameters.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(Fault::not_implemented(format!("The parameter {name}"))),
        None => Ok(()),
    }
}

/// Something else still needs it.
pub fn has_dependencies(noun: &str, id: &str) -> Fault {
    Fault::client("DependencyViolation", format!("The {noun} '{id}' has dependencies and cannot be deleted."))
}

/// An association that isn't there.
pub fn no_association(id: &str) -> Fault {
    Fault::client("InvalidAssociationID.NotFound", format!("The association ID '{id}' does not exist"))
}

/// Something is associated already.
pub fn already_associated(message: impl Into<String>) -> Fault {
    Fault::client("Resource.AlreadyAssociated", message)
}

/// Two things that have to be in one VPC aren't.
pub fn different_networks(one: &str, other: &str) -> Fault {
    invalid_value(format!("{one} and {other} belong to different networks"))
}
