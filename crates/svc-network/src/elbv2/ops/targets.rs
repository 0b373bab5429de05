//! Targets: register, deregister, tell their health.

use super::limits;
use crate::elbv2::{
    errors::{absent, invalid_target, parameter_not_built},
    health, load,
    reach::Reaches,
    usage::Usage,
};
use api::elbv2::{
    DeregisterTargetsInput, DeregisterTargetsOutput, DescribeTargetHealthInput, DescribeTargetHealthOutput, RegisterTargetsInput,
    RegisterTargetsOutput, TargetDescription, TargetHealth, TargetHealthDescription,
};
use front::{Cx, records};
use model::{
    Key,
    ec2::{AttachedTo, NetworkInterface, NetworkInterfaceSpec, Subnet, Vpc},
    elbv2::{Target, TargetGroup, TargetGroupSpec, TargetSpec, TargetType},
};
use spine::{Read, Row, Scope, Tx};
use std::net::Ipv4Addr;
use wire::Fault;

/// `RegisterTargets`. A target that drains is a full member again.
pub fn register(cx: &Cx, tx: &mut Tx, input: &RegisterTargetsInput) -> Result<RegisterTargetsOutput, Fault> {
    let (group, spec) = load::group(cx, tx, &input.target_group_arn)?;
    for given in &input.targets {
        let (key, target) = parse(cx, tx, &group, &spec, given)?;
        match tx.spec(&key)? {
            None => tx.create(&key, &target)?,
            Some(there) if there.deregistered_at.is_some() => tx.put_spec(&key, &target)?,
            Some(_) => {}
        }
    }
    if members(tx, &group)?.len() > limits::TARGETS {
        return Err(Fault::client("TooManyTargets", "You've reached the limit on the number of targets"));
    }
    Ok(RegisterTargetsOutput {})
}

type Member = (Key<Target>, Row<Target>);

fn members(tx: &Tx, group: &Key<TargetGroup>) -> Result<Vec<Member>, Fault> {
    Ok(tx.list(Scope::Prefix(&group.account, &group.region, &format!("{}/", group.id)))?)
}

fn parse(
    cx: &Cx,
    tx: &Tx,
    group: &Key<TargetGroup>,
    spec: &TargetGroupSpec,
    given: &TargetDescription,
) -> Result<(Key<Target>, TargetSpec), Fault> {
    absent("Targets.QuicServerId", &given.quic_server_id)?;
    let port = port(spec, given)?;
    let (address, zone) = match spec.target_type {
        TargetType::Ip => address(cx, tx, spec, given)?,
        TargetType::Instance => instance(cx, tx, spec, given)?,
    };
    let target = TargetSpec { address, port, zone, registered_at: cx.now, deregistered_at: None };
    Ok((Key::<Target>::of(group, &given.id, port), target))
}

fn port(group: &TargetGroupSpec, given: &TargetDescription) -> Result<u16, Fault> {
    let Some(given) = given.port else { return Ok(group.port) };
    let port = u16::try_from(given).ok().filter(|port| *port > 0);
    port.ok_or_else(|| invalid_target(format!("The port '{given}' must be between 1 and 65535")))
}

type Place = (Ipv4Addr, Option<String>);

fn address(cx: &Cx, tx: &Tx, group: &TargetGroupSpec, given: &TargetDescription) -> Result<Place, Fault> {
    let malformed = |_| invalid_target(format!("The IP address '{}' is not a valid IPv4 address", given.id));
    let address: Ipv4Addr = given.id.parse().map_err(malformed)?;
    let vpc = tx.spec(&records::key::<Vpc>(cx, &group.vpc))?;
    if !vpc.is_some_and(|vpc| vpc.cidr.contains(address)) {
        let message = format!("The IP address '{address}' is not within the CIDR blocks of the VPC '{}'", group.vpc);
        return Err(invalid_target(message));
    }
    if given.availability_zone.as_deref() == Some("all") {
        return Err(parameter_not_built("Targets.AvailabilityZone with the value all"));
    }
    let subnets = records::all::<Subnet>(cx, tx)?;
    let subnet = subnets.iter().find(|(_, subnet)| subnet.vpc == group.vpc && subnet.cidr.contains(address));
    Ok((address, subnet.map(|(_, subnet)| subnet.zone.clone())))
}

fn instance(cx: &Cx, tx: &Tx, group: &TargetGroupSpec, given: &TargetDescription) -> Result<Place, Fault> {
    let invalid = || invalid_target(format!("The following targets are not valid instances: '{}'", given.id));
    let interfaces = records::all::<NetworkInterface>(cx, tx)?;
    let (_, interface) = interfaces.iter().find(|(_, interface)| is_primary(interface, &given.id)).ok_or_else(invalid)?;
    if interface.vpc != group.vpc {
        let message = format!("The following targets are not in the target group VPC '{}': '{}'", group.vpc, given.id);
        return Err(invalid_target(message));
    }
    Ok((interface.address, Some(interface.zone.clone())))
}

/// Whether it is the primary interface of the instance, be it launched or ECS's machine.
fn is_primary(interface: &NetworkInterfaceSpec, instance: &str) -> bool {
    let attached = interface.attachment.as_ref().map(|attachment| &attachment.to);
    matches!(attached, Some(AttachedTo::Instance(id) | AttachedTo::ContainerHost(id)) if id == instance)
}

/// `DeregisterTargets`: they drain. Without a port, every registration of a target is meant.
pub fn deregister(cx: &Cx, tx: &mut Tx, input: &DeregisterTargetsInput) -> Result<DeregisterTargetsOutput, Fault> {
    let (group, _) = load::group(cx, tx, &input.target_group_arn)?;
    let members = members(tx, &group)?;
    for given in &input.targets {
        let meant: Vec<_> = members.iter().filter(|(key, _)| is(key, given)).collect();
        if meant.is_empty() {
            let message =
                format!("The following targets are not registered to the target group '{}': '{}'", group.arn(), given.id);
            return Err(invalid_target(message));
        }
        for (key, _) in meant.into_iter().filter(|(_, row)| row.spec.deregistered_at.is_none()) {
            tx.update_spec(key, |spec| spec.deregistered_at = Some(cx.now))?;
        }
    }
    Ok(DeregisterTargetsOutput {})
}

/// Whether a description means a member.
fn is(key: &Key<Target>, given: &TargetDescription) -> bool {
    let same_port = |port: u16| given.port.is_none_or(|wanted| wanted == i32::from(port));
    key.parts().is_some_and(|(_, id, port)| id == given.id && same_port(port))
}

/// `DescribeTargetHealth`: of all members, or of the targets that are named.
pub fn describe_health(cx: &Cx, tx: &mut Tx, input: &DescribeTargetHealthInput) -> Result<DescribeTargetHealthOutput, Fault> {
    if input.include.as_ref().is_some_and(|include| !include.is_empty()) {
        return Err(parameter_not_built("Include"));
    }
    let (group, spec) = load::group(cx, tx, &input.target_group_arn)?;
    let (usage, reaches, members) = (Usage::here(cx, tx)?, Reaches::read(tx)?, members(tx, &group)?);
    let wanted = input.targets.as_deref().unwrap_or_default();
    let described = |(key, row): &Member| {
        let (_, id, port) = key.parts()?;
        let health = health::of(&row.spec, &row.observed, reaches.of(&group, &row.spec, &usage));
        Some(view(&spec, id, port, row.spec.zone.clone(), health))
    };
    let meant = members.iter().filter(|(key, _)| wanted.is_empty() || wanted.iter().any(|it| is(key, it)));
    let mut descriptions: Vec<_> = meant.filter_map(described).collect();
    for given in wanted.iter().filter(|given| !members.iter().any(|(key, _)| is(key, given))) {
        descriptions.push(view(&spec, &given.id, port(&spec, given)?, None, health::not_registered()));
    }
    Ok(DescribeTargetHealthOutput { target_health_descriptions: Some(descriptions) })
}

fn view(group: &TargetGroupSpec, id: &str, port: u16, zone: Option<String>, health: TargetHealth) -> TargetHealthDescription {
    let target = TargetDescription { id: id.into(), port: Some(port.into()), availability_zone: zone, quic_server_id: None };
    TargetHealthDescription {
        target: Some(target),
        health_check_port: Some(group.health_check.port.unwrap_or(port).to_string()),
        target_health: Some(health),
        anomaly_detection: None,
        administrative_override: None,
    }
}
