//! ELBv2's errors, a constructor each (API reference, "Errors" of each operation).

use model::{
    Key,
    elbv2::{LoadBalancer, TargetGroup},
};
use wire::Fault;

/// Input that can't be.
pub fn validation(message: impl Into<String>) -> Fault {
    Fault::client("ValidationError", message)
}

/// Something that can't be configured so.
pub fn invalid_configuration(message: impl Into<String>) -> Fault {
    Fault::client("InvalidConfigurationRequest", message)
}

/// A parameter that Hillfog doesn't have, by name.
pub fn parameter_not_built(name: &str) -> Fault {
    Fault::not_implemented(format_args!("The parameter {name}"))
}

/// Refuses a parameter that is there.
pub fn absent<T>(name: &str, given: &Option<T>) -> Result<(), Fault> {
    if given.is_some() { Err(parameter_not_built(name)) } else { Ok(()) }
}

/// There is no such balancer.
pub fn balancer_not_found() -> Fault {
    Fault::client("LoadBalancerNotFound", "One or more load balancers not found")
}

/// There is no such listener.
pub fn listener_not_found() -> Fault {
    Fault::client("ListenerNotFound", "One or more listeners not found")
}

/// There is no such rule.
pub fn rule_not_found() -> Fault {
    Fault::client("RuleNotFound", "One or more rules not found")
}

/// There is no such group.
pub fn group_not_found() -> Fault {
    Fault::client("TargetGroupNotFound", "One or more target groups not found")
}

/// The name belongs to another balancer.
pub fn duplicate_balancer(name: &str) -> Fault {
    let message = format!("A load balancer with the same name '{name}' exists, but with different settings");
    Fault::client("DuplicateLoadBalancerName", message)
}

/// The name belongs to another group.
pub fn duplicate_group(name: &str) -> Fault {
    let message = format!("A target group with the same name '{name}' exists, but with different settings");
    Fault::client("DuplicateTargetGroupName", message)
}

/// The port is taken.
pub fn duplicate_listener(balancer: &Key<LoadBalancer>) -> Fault {
    let message = format!("A listener already exists on this port for this load balancer '{}'", balancer.arn());
    Fault::client("DuplicateListener", message)
}

/// The priority is taken.
pub fn priority_in_use(priority: u32) -> Fault {
    Fault::client("PriorityInUse", format!("Priority '{priority}' is currently in use"))
}

/// A group serves one balancer at most.
pub fn group_association_limit(group: &Key<TargetGroup>) -> Fault {
    let message = format!("The following target groups cannot be associated with more than one load balancer: {}", group.arn());
    Fault::client("TargetGroupAssociationLimit", message)
}

/// The group is needed.
pub fn group_in_use(group: &Key<TargetGroup>) -> Fault {
    Fault::client("ResourceInUse", format!("Target group '{}' is currently in use by a listener or a rule", group.arn()))
}

/// What is asked for isn't allowed.
pub fn not_permitted(message: impl Into<String>) -> Fault {
    Fault::client("OperationNotPermitted", message)
}

/// A target that can't be one.
pub fn invalid_target(message: impl Into<String>) -> Fault {
    Fault::client("InvalidTarget", message)
}

/// An action that can't be.
pub fn invalid_action(message: impl Into<String>) -> Fault {
    Fault::client("InvalidLoadBalancerAction", message)
}
