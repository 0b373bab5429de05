//! The ARNs that requests name things by. An ARN of another account or region names nothing that is here.

use super::errors::{balancer_not_found, group_not_found, listener_not_found, rule_not_found, validation};
use front::Cx;
use model::{
    AccountId, Arn, Key, Region,
    elbv2::{Listener, LoadBalancer, Rule, TargetGroup},
};
use wire::Fault;

/// The balancer that the ARN names.
pub fn balancer(cx: &Cx, text: &str) -> Result<Key<LoadBalancer>, Fault> {
    let key = parse(text).and_then(|arn| Key::<LoadBalancer>::of_arn(&arn)).filter(|key| parts(&key.id) == 3);
    let key = key.ok_or_else(|| validation(format!("'{text}' is not a valid load balancer ARN")))?;
    if is_here(cx, &key.account, &key.region) { Ok(key) } else { Err(balancer_not_found()) }
}

/// The listener that the ARN names.
pub fn listener(cx: &Cx, text: &str) -> Result<Key<Listener>, Fault> {
    let key = parse(text).and_then(|arn| Key::<Listener>::of_arn(&arn)).filter(|key| parts(&key.id) == 4);
    let key = key.ok_or_else(|| validation(format!("'{text}' is not a valid listener ARN")))?;
    if is_here(cx, &key.account, &key.region) { Ok(key) } else { Err(listener_not_found()) }
}

/// The rule that the ARN names; it may be a listener's default rule.
pub fn rule(cx: &Cx, text: &str) -> Result<Key<Rule>, Fault> {
    let key = parse(text).and_then(|arn| Key::<Rule>::of_arn(&arn)).filter(|key| parts(&key.id) == 5);
    let key = key.ok_or_else(|| validation(format!("'{text}' is not a valid listener rule ARN")))?;
    if is_here(cx, &key.account, &key.region) { Ok(key) } else { Err(rule_not_found()) }
}

/// The target group that the ARN names.
pub fn group(cx: &Cx, text: &str) -> Result<Key<TargetGroup>, Fault> {
    let key = parse(text).and_then(|arn| Key::<TargetGroup>::of_arn(&arn)).filter(|key| parts(&key.id) == 2);
    let key = key.ok_or_else(|| validation(format!("'{text}' is not a valid target group ARN")))?;
    if is_here(cx, &key.account, &key.region) { Ok(key) } else { Err(group_not_found()) }
}

fn parse(text: &str) -> Option<Arn> {
    text.parse().ok()
}

fn parts(id: &str) -> usize {
    if id.split('/').any(str::is_empty) { 0 } else { id.split('/').count() }
}

fn is_here(cx: &Cx, account: &AccountId, region: &Region) -> bool {
    (account, region) == (&cx.account, &cx.region)
}
