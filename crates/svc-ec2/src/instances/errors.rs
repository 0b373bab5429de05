//! Instances' errors (EC2 API reference, "Error codes for the Amazon EC2 API"), a constructor each.

use wire::Fault;

/// What can't be done in the instance's state; `to` completes "from which it can be …".
pub fn wrong_state(id: &str, to: &str) -> Fault {
    incorrect_state(format!("The instance '{id}' is not in a state from which it can be {to}."))
}

/// What can be changed in a stopped instance only.
pub fn not_stopped(id: &str) -> Fault {
    incorrect_state(format!("The instance '{id}' is not in the 'stopped' state."))
}

/// The same, in other words.
pub fn incorrect_state(message: impl Into<String>) -> Fault {
    Fault::client("IncorrectInstanceState", message)
}

/// The instance is protected; `from` is `terminated` or `stopped`.
pub fn protected(id: &str, from: &str, attribute: &str) -> Fault {
    let message = format!("The instance '{id}' may not be {from}. Modify its '{attribute}' instance attribute and try again.");
    Fault::client("OperationNotPermitted", message)
}

/// Hibernation that isn't to be had.
pub fn no_hibernation(message: impl Into<String>) -> Fault {
    Fault::client("UnsupportedHibernationConfiguration", message)
}

/// No host has room.
pub fn no_capacity(instance_type: &str, zone: &str) -> Fault {
    let message = format!(
        "We currently do not have sufficient {instance_type} capacity in the Availability Zone you requested ({zone}). Our system will be \
         working on provisioning additional capacity."
    );
    Fault::server("InsufficientInstanceCapacity", message)
}

/// What the host can't do.
pub fn unsupported(message: impl Into<String>) -> Fault {
    Fault::client("Unsupported", message)
}

/// What excludes each other, or does not go with the instance.
pub fn unsupported_operation(message: impl Into<String>) -> Fault {
    Fault::client("UnsupportedOperation", message)
}

/// A client token that came with another request before.
pub fn token_mismatch() -> Fault {
    let message = "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).";
    Fault::client("IdempotentParameterMismatch", message)
}

/// A parameter that isn't built, by name.
pub fn not_built(parameter: &str) -> Fault {
    Fault::not_implemented(format_args!("The parameter {parameter}"))
}
