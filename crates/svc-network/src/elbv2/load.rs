//! The records that requests name, or the error that they aren't there.

use super::{arn, errors, ops::limits, usage};
use front::Cx;
use model::{
    Key,
    elbv2::{Action, Listener, ListenerSpec, LoadBalancer, LoadBalancerSpec, Rule, RuleSpec, TargetGroup, TargetGroupSpec},
};
use spine::{Read, Scope, Specs, StoreError};
use std::sync::Arc;
use wire::Fault;

/// The balancer with that ARN.
pub fn balancer(cx: &Cx, read: &impl Read, text: &str) -> Result<(Key<LoadBalancer>, Arc<LoadBalancerSpec>), Fault> {
    let key = arn::balancer(cx, text)?;
    let spec = read.spec(&key)?.ok_or_else(errors::balancer_not_found)?;
    Ok((key, spec))
}

/// The listener with that ARN.
pub fn listener(cx: &Cx, read: &impl Read, text: &str) -> Result<(Key<Listener>, Arc<ListenerSpec>), Fault> {
    let key = arn::listener(cx, text)?;
    let spec = read.spec(&key)?.ok_or_else(errors::listener_not_found)?;
    Ok((key, spec))
}

/// The target group with that ARN.
pub fn group(cx: &Cx, read: &impl Read, text: &str) -> Result<(Key<TargetGroup>, Arc<TargetGroupSpec>), Fault> {
    let key = arn::group(cx, text)?;
    let spec = read.spec(&key)?.ok_or_else(errors::group_not_found)?;
    Ok((key, spec))
}

/// A rule that a request names.
pub enum Named {
    /// One that was made.
    Own(Key<Rule>, Arc<RuleSpec>),
    /// The default rule of a listener.
    Default(Key<Listener>, Arc<ListenerSpec>),
}

/// The rule with that ARN.
pub fn rule(cx: &Cx, read: &impl Read, text: &str) -> Result<Named, Fault> {
    let key = arn::rule(cx, text)?;
    if let Some(spec) = read.spec(&key)? {
        return Ok(Named::Own(key, spec));
    }
    let (listener, id) = key.id.rsplit_once('/').unwrap_or_default();
    let listener = Key::<Listener>::new(&key.account, &key.region, listener);
    match read.spec(&listener)? {
        Some(spec) if spec.default_rule == id => Ok(Named::Default(listener, spec)),
        _ => Err(errors::rule_not_found()),
    }
}

/// The listeners of a balancer.
pub fn listeners_of(read: &impl Read, balancer: &Key<LoadBalancer>) -> Result<Specs<Listener>, StoreError> {
    read.specs(Scope::Prefix(&balancer.account, &balancer.region, &format!("{}/", balancer.id)))
}

/// The rules of all listeners of a balancer.
pub fn rules_of_balancer(read: &impl Read, balancer: &Key<LoadBalancer>) -> Result<Specs<Rule>, StoreError> {
    read.specs(Scope::Prefix(&balancer.account, &balancer.region, &format!("{}/", balancer.id)))
}

/// The rules of a listener, in order of priority.
pub fn rules_of(read: &impl Read, listener: &Key<Listener>) -> Result<Specs<Rule>, StoreError> {
    let mut rules = read.specs::<Rule>(Scope::Prefix(&listener.account, &listener.region, &format!("{}/", listener.id)))?;
    rules.sort_by_key(|(_, rule)| rule.priority);
    Ok(rules)
}

/// Refuses an action of a balancer whose groups can't be behind it: those of other VPCs or other balancers.
pub fn check_groups(cx: &Cx, read: &impl Read, balancer: &Key<LoadBalancer>, action: &Action) -> Result<(), Fault> {
    let spec = read.spec(balancer)?.ok_or_else(errors::balancer_not_found)?;
    let used = usage::Usage::here(cx, read)?;
    for id in usage::groups_of(action) {
        let key = Key::<TargetGroup>::new(&cx.account, &cx.region, id);
        let group = read.spec(&key)?.ok_or_else(errors::group_not_found)?;
        if group.vpc != spec.vpc {
            let message =
                format!("The target group '{}' is not in the same VPC as the load balancer '{}'", key.arn(), balancer.arn());
            return Err(errors::invalid_configuration(message));
        }
        if used.balancers(&key).iter().any(|other| other != balancer) {
            return Err(errors::group_association_limit(&key));
        }
    }
    let mut groups = used.groups(balancer);
    groups.extend(usage::groups_of(action).map(|id| Key::new(&cx.account, &cx.region, id)));
    groups.sort();
    groups.dedup();
    if groups.len() > limits::GROUPS_PER_BALANCER {
        let message = "You've reached the limit on the number of unique target groups per load balancer";
        return Err(Fault::client("TooManyUniqueTargetGroupsPerLoadBalancer", message));
    }
    Ok(())
}
