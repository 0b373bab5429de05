//! Target groups: create, describe, change, delete.

use super::limits;
use crate::elbv2::{
    arn,
    errors::{self, absent, validation},
    load,
    paging::page,
    parse::health_check::{self, Given},
    tags,
    usage::Usage,
    views,
};
use api::elbv2::{
    CreateTargetGroupInput, CreateTargetGroupOutput, DeleteTargetGroupInput, DeleteTargetGroupOutput, DescribeTargetGroupsInput,
    DescribeTargetGroupsOutput, ModifyTargetGroupInput, ModifyTargetGroupOutput, ProtocolEnum, TargetGroupIpAddressTypeEnum,
    TargetTypeEnum,
};
use front::{Cx, records};
use model::{
    ec2::Vpc,
    elbv2::{Attributes, Target, TargetGroup, TargetGroupSpec, TargetType},
};
use spine::{Read, Scope, Tx};
use wire::Fault;

/// `CreateTargetGroup`. Asking again for the same is answered with what is there.
pub fn create(cx: &Cx, tx: &mut Tx, input: &CreateTargetGroupInput) -> Result<CreateTargetGroupOutput, Fault> {
    let spec = parse(cx, tx, input)?;
    let all = tx.specs::<TargetGroup>(Scope::Region(&cx.account, &cx.region))?;
    if let Some((key, there)) = all.iter().find(|(_, group)| group.name == spec.name) {
        let alike = TargetGroupSpec { attributes: there.attributes.clone(), tags: there.tags.clone(), ..spec };
        if alike != **there {
            return Err(errors::duplicate_group(&there.name));
        }
        let users = Usage::here(cx, tx)?.balancers(key);
        return Ok(CreateTargetGroupOutput { target_groups: Some(vec![views::group(key, there, &users)]) });
    }
    if all.len() >= limits::GROUPS {
        let message = "You've reached the limit on the number of target groups for your AWS account";
        return Err(Fault::client("TooManyTargetGroups", message));
    }
    let key = records::key::<TargetGroup>(cx, format!("{}/{}", spec.name, cx.env.hex(16)));
    tx.create(&key, &spec)?;
    Ok(CreateTargetGroupOutput { target_groups: Some(vec![views::group(&key, &spec, &[])]) })
}

fn parse(cx: &Cx, tx: &Tx, input: &CreateTargetGroupInput) -> Result<TargetGroupSpec, Fault> {
    check_name(&input.name)?;
    absent("TargetControlPort", &input.target_control_port)?;
    if input.ip_address_type == Some(TargetGroupIpAddressTypeEnum::Ipv6) {
        return Err(Fault::not_implemented("The IP address type ipv6"));
    }
    let target_type = target_type(input.target_type)?;
    let protocol = protocol(input.protocol)?;
    let given = Given {
        enabled: input.health_check_enabled,
        protocol: input.health_check_protocol,
        port: input.health_check_port.as_deref(),
        path: input.health_check_path.as_deref(),
        interval: input.health_check_interval_seconds,
        timeout: input.health_check_timeout_seconds,
        healthy: input.healthy_threshold_count,
        unhealthy: input.unhealthy_threshold_count,
        matcher: input.matcher.as_ref(),
    };
    let vpc = input.vpc_id.clone().ok_or_else(|| validation("A VPC ID must be specified"))?;
    if !tx.exists(&records::key::<Vpc>(cx, &vpc))? {
        return Err(validation(format!("The VPC ID '{vpc}' is not found")));
    }
    Ok(TargetGroupSpec {
        name: input.name.clone(),
        target_type,
        protocol,
        protocol_version: protocol_version(input.protocol_version.as_deref())?,
        port: port(input.port)?,
        vpc,
        health_check: health_check::change(&health_check::usual(), given)?,
        attributes: Attributes::new(),
        tags: tags::new(input.tags.as_deref())?,
    })
}

fn check_name(name: &str) -> Result<(), Fault> {
    let refuse = |rule: &str| Err(validation(format!("Target group name '{name}' {rule}")));
    if name.len() > 32 {
        return refuse("cannot be longer than '32' characters");
    }
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return refuse("can only contain characters that are alphanumeric characters or hyphens(-)");
    }
    if name.starts_with('-') || name.ends_with('-') {
        return refuse("cannot begin or end with '-'");
    }
    Ok(())
}

fn target_type(given: Option<TargetTypeEnum>) -> Result<TargetType, Fault> {
    match given.unwrap_or(TargetTypeEnum::Instance) {
        TargetTypeEnum::Instance => Ok(TargetType::Instance),
        TargetTypeEnum::Ip => Ok(TargetType::Ip),
        other => Err(Fault::not_implemented(format_args!("The target type {}", other.as_str()))),
    }
}

fn protocol(given: Option<ProtocolEnum>) -> Result<String, Fault> {
    match given.ok_or_else(|| validation("A protocol must be specified"))? {
        it @ (ProtocolEnum::Http | ProtocolEnum::Https) => Ok(it.as_str().into()),
        other => Err(Fault::not_implemented(format_args!("A target group with the protocol {}", other.as_str()))),
    }
}

/// Empty is as good as left out: tools send it so.
fn protocol_version(given: Option<&str>) -> Result<String, Fault> {
    match given.filter(|version| !version.is_empty()).unwrap_or("HTTP1") {
        it @ ("HTTP1" | "HTTP2") => Ok(it.into()),
        "GRPC" => Err(Fault::not_implemented("The protocol version GRPC")),
        other => Err(validation(format!("Protocol version '{other}' must be one of 'HTTP1, HTTP2, GRPC'"))),
    }
}

fn port(given: Option<i32>) -> Result<u16, Fault> {
    let given = given.ok_or_else(|| validation("A port must be specified"))?;
    let port = u16::try_from(given).ok().filter(|port| *port > 0);
    port.ok_or_else(|| validation(format!("Port '{given}' must be between 1 and 65535")))
}

/// `DescribeTargetGroups`: all, those behind a balancer, or those that are named.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeTargetGroupsInput) -> Result<DescribeTargetGroupsOutput, Fault> {
    let arns = input.target_group_arns.as_deref().unwrap_or_default();
    let names = input.names.as_deref().unwrap_or_default();
    let ways = [input.load_balancer_arn.is_some(), !arns.is_empty(), !names.is_empty()];
    if ways.into_iter().filter(|used| *used).count() > 1 {
        return Err(validation("Only one of target group ARNs, target group names and a load balancer ARN can be specified"));
    }
    let usage = Usage::here(cx, tx)?;
    let mut all = tx.specs::<TargetGroup>(Scope::Region(&cx.account, &cx.region))?;
    if let Some(text) = &input.load_balancer_arn {
        let behind = usage.groups(&load::balancer(cx, tx, text)?.0);
        all.retain(|(key, _)| behind.contains(key));
    }
    if !arns.is_empty() {
        let keys = arns.iter().map(|text| arn::group(cx, text)).collect::<Result<Vec<_>, Fault>>()?;
        if keys.iter().any(|key| !all.iter().any(|(known, _)| known == key)) {
            return Err(errors::group_not_found());
        }
        all.retain(|(key, _)| keys.contains(key));
    }
    if !names.is_empty() {
        if names.iter().any(|name| !all.iter().any(|(_, group)| group.name == *name)) {
            return Err(errors::group_not_found());
        }
        all.retain(|(_, group)| names.contains(&group.name));
    }
    let (found, next_marker) = page(all, |(key, _)| &key.id, input.marker.as_deref(), input.page_size)?;
    let views = found.iter().map(|(key, spec)| views::group(key, spec, &usage.balancers(key))).collect();
    Ok(DescribeTargetGroupsOutput { target_groups: Some(views), next_marker })
}

/// `ModifyTargetGroup`: its health check.
pub fn modify(cx: &Cx, tx: &mut Tx, input: &ModifyTargetGroupInput) -> Result<ModifyTargetGroupOutput, Fault> {
    let (key, spec) = load::group(cx, tx, &input.target_group_arn)?;
    let given = Given {
        enabled: input.health_check_enabled,
        protocol: input.health_check_protocol,
        port: input.health_check_port.as_deref(),
        path: input.health_check_path.as_deref(),
        interval: input.health_check_interval_seconds,
        timeout: input.health_check_timeout_seconds,
        healthy: input.healthy_threshold_count,
        unhealthy: input.unhealthy_threshold_count,
        matcher: input.matcher.as_ref(),
    };
    let health_check = health_check::change(&spec.health_check, given)?;
    let spec = TargetGroupSpec { health_check, ..TargetGroupSpec::clone(&spec) };
    tx.put_spec(&key, &spec)?;
    let users = Usage::here(cx, tx)?.balancers(&key);
    Ok(ModifyTargetGroupOutput { target_groups: Some(vec![views::group(&key, &spec, &users)]) })
}

/// `DeleteTargetGroup`, with its targets. It is no error if there is none.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteTargetGroupInput) -> Result<DeleteTargetGroupOutput, Fault> {
    let key = arn::group(cx, &input.target_group_arn)?;
    if Usage::here(cx, tx)?.is_used(&key) {
        return Err(errors::group_in_use(&key));
    }
    for (target, _) in tx.specs::<Target>(Scope::Prefix(&key.account, &key.region, &format!("{}/", key.id)))? {
        tx.delete(&target)?;
    }
    tx.delete(&key)?;
    Ok(DeleteTargetGroupOutput {})
}
