//! The errors of EventBridge Scheduler, in its own words.

use std::fmt::Display;
use wire::Fault;

pub fn invalid(message: impl Into<String>) -> Fault {
    Fault::client("ValidationException", message)
}

pub fn not_built(what: impl Display) -> Fault {
    Fault::not_implemented(format_args!("scheduler: {what}"))
}

pub fn no_schedule(name: &str) -> Fault {
    not_found(format!("Schedule {name} does not exist."))
}

pub fn no_group(name: &str) -> Fault {
    not_found(format!("Schedule group {name} does not exist."))
}

fn not_found(message: String) -> Fault {
    Fault::client("ResourceNotFoundException", message).status(404)
}

pub fn schedule_exists(name: &str) -> Fault {
    conflict(format!("Schedule {name} already exists."))
}

pub fn group_exists(name: &str) -> Fault {
    conflict(format!("Schedule group {name} already exists."))
}

fn conflict(message: String) -> Fault {
    Fault::client("ConflictException", message).status(409)
}

pub fn too_many(what: &str) -> Fault {
    Fault::client("ServiceQuotaExceededException", format!("The maximum number of {what} is reached.")).status(402)
}
