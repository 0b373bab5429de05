//! The errors of ECS, a constructor each.

use std::fmt;
use wire::Fault;

/// `ClientException`: what is asked for makes no sense; task definitions are refused with it.
pub fn client(message: impl Into<String>) -> Fault {
    Fault::client("ClientException", message)
}

/// `InvalidParameterException`.
pub fn invalid(message: impl Into<String>) -> Fault {
    Fault::client("InvalidParameterException", message)
}

/// `ClusterNotFoundException`.
pub fn cluster_not_found() -> Fault {
    Fault::client("ClusterNotFoundException", "Cluster not found.")
}

/// `ServiceNotFoundException`.
pub fn service_not_found() -> Fault {
    Fault::client("ServiceNotFoundException", "Service not found.")
}

/// `ServiceNotActiveException`.
pub fn service_not_active() -> Fault {
    Fault::client("ServiceNotActiveException", "Service was not ACTIVE.")
}

/// `ClusterContainsServicesException`.
pub fn cluster_contains_services() -> Fault {
    Fault::client("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
}

/// `ClusterContainsTasksException`.
pub fn cluster_contains_tasks() -> Fault {
    Fault::client("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
}

/// `ResourceInUseException`: a capacity provider that is to be taken from a cluster.
pub fn provider_in_use() -> Fault {
    Fault::client("ResourceInUseException", "The specified capacity provider is in use and cannot be removed.")
}

/// `PlatformUnknownException`.
pub fn platform_unknown() -> Fault {
    Fault::client("PlatformUnknownException", "The specified platform does not exist.")
}

/// `ResourceNotFoundException`.
pub fn resource_not_found() -> Fault {
    Fault::client("ResourceNotFoundException", "The specified resource wasn't found.")
}

/// `ConflictException`: a token that was used for something else.
pub fn conflict(tasks: Vec<String>) -> Fault {
    let ids = tasks.into_iter().map(wire::Value::Str).collect();
    let message = "The clientToken was used for a request with other parameters.";
    Fault::client("ConflictException", message).with("resourceIds", wire::Value::List(ids))
}

/// 501: a parameter that isn't built, by its name.
pub fn unbuilt(parameter: impl fmt::Display) -> Fault {
    Fault::not_implemented(format_args!("The parameter {parameter} of ecs"))
}

/// Refuses the first parameter of a list that is given and isn't built.
pub fn refuse_unbuilt(parameters: &[(&str, bool)]) -> Result<(), Fault> {
    match parameters.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(unbuilt(name)),
        None => Ok(()),
    }
}

/// Whether a list was given that is not empty: tools send empty ones for what they don't use.
pub fn filled<T>(list: &Option<Vec<T>>) -> bool {
    list.as_ref().is_some_and(|list| !list.is_empty())
}
