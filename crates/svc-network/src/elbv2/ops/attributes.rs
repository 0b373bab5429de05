//! Attributes of balancers, target groups and listeners.

use crate::elbv2::{
    attributes::{BALANCER, GROUP, LISTENER, all, set},
    load,
};
use api::elbv2::{
    DescribeListenerAttributesInput, DescribeListenerAttributesOutput, DescribeLoadBalancerAttributesInput,
    DescribeLoadBalancerAttributesOutput, DescribeTargetGroupAttributesInput, DescribeTargetGroupAttributesOutput,
    ListenerAttribute, LoadBalancerAttribute, ModifyListenerAttributesInput, ModifyListenerAttributesOutput,
    ModifyLoadBalancerAttributesInput, ModifyLoadBalancerAttributesOutput, ModifyTargetGroupAttributesInput,
    ModifyTargetGroupAttributesOutput, TargetGroupAttribute,
};
use front::Cx;
use model::elbv2::Attributes;
use spine::Tx;
use wire::Fault;

/// `DescribeLoadBalancerAttributes`.
pub fn of_balancer(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeLoadBalancerAttributesInput,
) -> Result<DescribeLoadBalancerAttributesOutput, Fault> {
    let (_, spec) = load::balancer(cx, tx, &input.load_balancer_arn)?;
    Ok(DescribeLoadBalancerAttributesOutput { attributes: Some(balancer_views(&spec.attributes)) })
}

fn balancer_views(set: &Attributes) -> Vec<LoadBalancerAttribute> {
    all(BALANCER, set).into_iter().map(|(key, value)| LoadBalancerAttribute { key: Some(key), value: Some(value) }).collect()
}

/// `ModifyLoadBalancerAttributes`.
pub fn modify_balancer(
    cx: &Cx,
    tx: &mut Tx,
    input: &ModifyLoadBalancerAttributesInput,
) -> Result<ModifyLoadBalancerAttributesOutput, Fault> {
    let (key, spec) = load::balancer(cx, tx, &input.load_balancer_arn)?;
    let mut attributes = spec.attributes.clone();
    set(BALANCER, &mut attributes, input.attributes.iter().map(|it| pair(&it.key, &it.value)))?;
    let views = balancer_views(&attributes);
    tx.update_spec(&key, |spec| spec.attributes = attributes)?;
    Ok(ModifyLoadBalancerAttributesOutput { attributes: Some(views) })
}

fn pair<'a>(key: &'a Option<String>, value: &'a Option<String>) -> (&'a str, &'a str) {
    (key.as_deref().unwrap_or_default(), value.as_deref().unwrap_or_default())
}

/// `DescribeTargetGroupAttributes`.
pub fn of_group(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeTargetGroupAttributesInput,
) -> Result<DescribeTargetGroupAttributesOutput, Fault> {
    let (_, spec) = load::group(cx, tx, &input.target_group_arn)?;
    Ok(DescribeTargetGroupAttributesOutput { attributes: Some(group_views(&spec.attributes)) })
}

fn group_views(set: &Attributes) -> Vec<TargetGroupAttribute> {
    all(GROUP, set).into_iter().map(|(key, value)| TargetGroupAttribute { key: Some(key), value: Some(value) }).collect()
}

/// `ModifyTargetGroupAttributes`.
pub fn modify_group(
    cx: &Cx,
    tx: &mut Tx,
    input: &ModifyTargetGroupAttributesInput,
) -> Result<ModifyTargetGroupAttributesOutput, Fault> {
    let (key, spec) = load::group(cx, tx, &input.target_group_arn)?;
    let mut attributes = spec.attributes.clone();
    set(GROUP, &mut attributes, input.attributes.iter().map(|it| pair(&it.key, &it.value)))?;
    let views = group_views(&attributes);
    tx.update_spec(&key, |spec| spec.attributes = attributes)?;
    Ok(ModifyTargetGroupAttributesOutput { attributes: Some(views) })
}

/// `DescribeListenerAttributes`.
pub fn of_listener(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeListenerAttributesInput,
) -> Result<DescribeListenerAttributesOutput, Fault> {
    let (_, spec) = load::listener(cx, tx, &input.listener_arn)?;
    Ok(DescribeListenerAttributesOutput { attributes: Some(listener_views(&spec.attributes)) })
}

fn listener_views(set: &Attributes) -> Vec<ListenerAttribute> {
    all(LISTENER, set).into_iter().map(|(key, value)| ListenerAttribute { key: Some(key), value: Some(value) }).collect()
}

/// `ModifyListenerAttributes`.
pub fn modify_listener(
    cx: &Cx,
    tx: &mut Tx,
    input: &ModifyListenerAttributesInput,
) -> Result<ModifyListenerAttributesOutput, Fault> {
    let (key, spec) = load::listener(cx, tx, &input.listener_arn)?;
    let mut attributes = spec.attributes.clone();
    set(LISTENER, &mut attributes, input.attributes.iter().map(|it| pair(&it.key, &it.value)))?;
    let views = listener_views(&attributes);
    tx.update_spec(&key, |spec| spec.attributes = attributes)?;
    Ok(ModifyListenerAttributesOutput { attributes: Some(views) })
}
