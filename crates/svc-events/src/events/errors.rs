//! The errors of EventBridge, in its own words.

use std::fmt::Display;
use wire::Fault;

pub fn invalid(message: impl Into<String>) -> Fault {
    Fault::client("ValidationException", message)
}

pub fn not_built(what: impl Display) -> Fault {
    Fault::not_implemented(format_args!("events: {what}"))
}

pub fn invalid_pattern(why: &logic::event_pattern::Invalid) -> Fault {
    Fault::client("InvalidEventPatternException", why.to_string())
}

pub fn no_bus(name: &str) -> Fault {
    not_found(format!("Event bus {name} does not exist."))
}

pub fn no_rule(name: &str, bus: &str) -> Fault {
    not_found(format!("Rule {name} does not exist on EventBus {bus}."))
}

pub fn not_found(message: impl Into<String>) -> Fault {
    Fault::client("ResourceNotFoundException", message)
}

pub fn bus_exists(name: &str) -> Fault {
    Fault::client("ResourceAlreadyExistsException", format!("Event bus {name} already exists."))
}

pub fn too_many() -> Fault {
    Fault::client("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
}

pub fn policy_too_long() -> Fault {
    Fault::client("PolicyLengthExceededException", "The event bus policy is too long.")
}

pub fn bad_arn(arn: &str) -> Fault {
    invalid(format!("Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."))
}
