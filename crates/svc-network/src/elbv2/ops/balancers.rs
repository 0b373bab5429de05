//! Load balancers: create, describe, change, delete.

use super::{limits, placement};
use crate::elbv2::{
    arn,
    attributes::{BALANCER, DELETION_PROTECTION, is_on},
    errors::{self, absent, validation},
    load,
    names::dns_name,
    paging::page,
    tags, views,
};
use api::elbv2::{
    CreateLoadBalancerInput, CreateLoadBalancerOutput, DeleteLoadBalancerInput, DeleteLoadBalancerOutput,
    DescribeCapacityReservationInput, DescribeCapacityReservationOutput, DescribeLoadBalancersInput, DescribeLoadBalancersOutput,
    IpAddressType, LoadBalancer as BalancerView, LoadBalancerSchemeEnum, LoadBalancerTypeEnum, SetSecurityGroupsInput,
    SetSecurityGroupsOutput, SetSubnetsInput, SetSubnetsOutput,
};
use front::{Cx, records};
use model::{
    Key,
    elbv2::{Attributes, Listener, LoadBalancer, LoadBalancerObserved, LoadBalancerSpec, LoadBalancerZone},
};
use spine::{Read, Row, Scope, Tx};
use std::collections::BTreeSet;
use wire::Fault;

/// `CreateLoadBalancer`. Asking again for the same is answered with what is there.
pub fn create(cx: &Cx, tx: &mut Tx, input: &CreateLoadBalancerInput) -> Result<CreateLoadBalancerOutput, Fault> {
    check_kind(input)?;
    check_name(&input.name)?;
    let subnets = placement::subnets(cx, tx, input.subnets.as_deref(), input.subnet_mappings.as_deref())?;
    let vpc = subnets[0].1.vpc.clone();
    let internet_facing = input.scheme != Some(LoadBalancerSchemeEnum::Internal);
    if internet_facing {
        placement::check_internet(cx, tx, &vpc)?;
    }
    let groups = placement::security_groups(cx, tx, &vpc, input.security_groups.as_deref())?;
    let all = tx.list::<LoadBalancer>(Scope::Region(&cx.account, &cx.region))?;
    if let Some((key, row)) = all.iter().find(|(_, row)| row.spec.name == input.name) {
        let same = row.spec.internet_facing == internet_facing
            && set(&row.spec.groups) == set(&groups)
            && set(row.spec.zones.iter().map(|zone| &zone.subnet)) == set(subnets.iter().map(|(id, _)| id));
        let there = same.then(|| view(tx, key, row)).ok_or_else(|| errors::duplicate_balancer(&input.name))??;
        return Ok(CreateLoadBalancerOutput { load_balancers: Some(vec![there]) });
    }
    if all.len() >= limits::BALANCERS {
        let message = "You've reached the limit on the number of load balancers for your AWS account";
        return Err(Fault::client("TooManyLoadBalancers", message));
    }
    let key = records::key::<LoadBalancer>(cx, format!("app/{}/{}", input.name, cx.env.hex(16)));
    let spec = LoadBalancerSpec {
        name: input.name.clone(),
        dns_name: dns_name(&input.name, &cx.env.digits(10), &cx.region, internet_facing),
        internet_facing,
        zones: placement::place(cx, tx, &key, &subnets, &groups, internet_facing)?,
        vpc,
        groups,
        created_at: cx.now,
        attributes: Attributes::new(),
        tags: tags::new(input.tags.as_deref())?,
    };
    tx.create(&key, &spec)?;
    let made = views::balancer(&key, &spec, &LoadBalancerObserved::default(), None);
    Ok(CreateLoadBalancerOutput { load_balancers: Some(vec![made]) })
}

fn set<'a>(ids: impl IntoIterator<Item = &'a String>) -> BTreeSet<&'a String> {
    ids.into_iter().collect()
}

fn view(tx: &Tx, key: &Key<LoadBalancer>, row: &Row<LoadBalancer>) -> Result<BalancerView, Fault> {
    let prefix = format!("{}/", key.id);
    let listeners = tx.list::<Listener>(Scope::Prefix(&key.account, &key.region, &prefix))?;
    let fault = listeners.iter().find_map(|(_, listener)| listener.observed.fault.clone());
    Ok(views::balancer(key, &row.spec, &row.observed, fault))
}

fn check_kind(input: &CreateLoadBalancerInput) -> Result<(), Fault> {
    if let Some(kind) = input.r#type.filter(|kind| *kind != LoadBalancerTypeEnum::Application) {
        return Err(Fault::not_implemented(format_args!("A load balancer of type {}", kind.as_str())));
    }
    check_addressing(input.ip_address_type)?;
    absent("CustomerOwnedIpv4Pool", &input.customer_owned_ipv4_pool)?;
    absent("EnablePrefixForIpv6SourceNat", &input.enable_prefix_for_ipv6_source_nat)?;
    absent("IpamPools", &input.ipam_pools)
}

fn check_addressing(kind: Option<IpAddressType>) -> Result<(), Fault> {
    match kind.filter(|kind| *kind != IpAddressType::Ipv4) {
        Some(kind) => Err(Fault::not_implemented(format_args!("The IP address type {}", kind.as_str()))),
        None => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), Fault> {
    let refuse = |rule: &str| Err(validation(format!("The load balancer name '{name}' {rule}")));
    if name.len() > 32 {
        return refuse("cannot be longer than '32' characters");
    }
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return refuse("can only contain characters that are alphanumeric characters and hyphens(-)");
    }
    if name.starts_with('-') || name.ends_with('-') {
        return refuse("cannot begin or end with a hyphen");
    }
    if name.starts_with("internal-") {
        return refuse("cannot begin with 'internal-'");
    }
    Ok(())
}

/// `DescribeLoadBalancers`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeLoadBalancersInput) -> Result<DescribeLoadBalancersOutput, Fault> {
    let arns = input.load_balancer_arns.as_deref().unwrap_or_default();
    let names = input.names.as_deref().unwrap_or_default();
    if !arns.is_empty() && !names.is_empty() {
        return Err(validation("Load balancer ARNs and load balancer names cannot be specified at the same time"));
    }
    let mut all = tx.list::<LoadBalancer>(Scope::Region(&cx.account, &cx.region))?;
    if !arns.is_empty() {
        let keys = arns.iter().map(|text| arn::balancer(cx, text)).collect::<Result<Vec<_>, Fault>>()?;
        if keys.iter().any(|key| !all.iter().any(|(known, _)| known == key)) {
            return Err(errors::balancer_not_found());
        }
        all.retain(|(key, _)| keys.contains(key));
    }
    if !names.is_empty() {
        if let Some(name) = names.iter().find(|name| !all.iter().any(|(_, row)| row.spec.name == **name)) {
            return Err(Fault::client("LoadBalancerNotFound", format!("Load balancers '[{name}]' not found")));
        }
        all.retain(|(_, row)| names.contains(&row.spec.name));
    }
    let (found, next_marker) = page(all, |(key, _)| &key.id, input.marker.as_deref(), input.page_size)?;
    let views = found.iter().map(|(key, row)| view(tx, key, row)).collect::<Result<_, Fault>>()?;
    Ok(DescribeLoadBalancersOutput { load_balancers: Some(views), next_marker })
}

/// `DescribeCapacityReservation`: none can be made, so a balancer has none.
pub fn capacity(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeCapacityReservationInput,
) -> Result<DescribeCapacityReservationOutput, Fault> {
    load::balancer(cx, tx, &input.load_balancer_arn)?;
    Ok(DescribeCapacityReservationOutput { capacity_reservation_state: Some(Vec::new()), ..Default::default() })
}

/// `SetSecurityGroups`.
pub fn set_security_groups(cx: &Cx, tx: &mut Tx, input: &SetSecurityGroupsInput) -> Result<SetSecurityGroupsOutput, Fault> {
    let private_link = &input.enforce_security_group_inbound_rules_on_private_link_traffic;
    absent("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", private_link)?;
    let (key, spec) = load::balancer(cx, tx, &input.load_balancer_arn)?;
    if input.security_groups.is_empty() {
        return Err(validation("At least one security group must be specified"));
    }
    let groups = placement::security_groups(cx, tx, &spec.vpc, Some(&input.security_groups))?;
    placement::regroup(cx, tx, &spec.zones, &groups)?;
    tx.update_spec(&key, |spec| spec.groups = groups.clone())?;
    Ok(SetSecurityGroupsOutput { security_group_ids: Some(groups), ..SetSecurityGroupsOutput::default() })
}

/// `SetSubnets`: interfaces in subnets that stay are kept.
pub fn set_subnets(cx: &Cx, tx: &mut Tx, input: &SetSubnetsInput) -> Result<SetSubnetsOutput, Fault> {
    check_addressing(input.ip_address_type)?;
    absent("EnablePrefixForIpv6SourceNat", &input.enable_prefix_for_ipv6_source_nat)?;
    let (key, spec) = load::balancer(cx, tx, &input.load_balancer_arn)?;
    let wanted = placement::subnets(cx, tx, input.subnets.as_deref(), input.subnet_mappings.as_deref())?;
    if wanted[0].1.vpc != spec.vpc {
        return Err(errors::invalid_configuration("The subnets must belong to the VPC of the load balancer"));
    }
    let stays = |zone: &LoadBalancerZone| wanted.iter().any(|(id, _)| *id == zone.subnet);
    let (mut zones, gone): (Vec<_>, Vec<_>) = spec.zones.iter().cloned().partition(stays);
    gone.iter().try_for_each(|zone| placement::remove(cx, tx, zone))?;
    let new: Vec<_> = wanted.iter().filter(|(id, _)| !zones.iter().any(|zone| zone.subnet == *id)).cloned().collect();
    zones.extend(placement::place(cx, tx, &key, &new, &spec.groups, spec.internet_facing)?);
    tx.update_spec(&key, |spec| spec.zones = zones.clone())?;
    Ok(SetSubnetsOutput {
        availability_zones: Some(views::zones(&zones)),
        ip_address_type: Some(IpAddressType::Ipv4),
        enable_prefix_for_ipv6_source_nat: None,
    })
}

/// `DeleteLoadBalancer`, with its listeners and rules. It is no error if there is none.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteLoadBalancerInput) -> Result<DeleteLoadBalancerOutput, Fault> {
    let key = arn::balancer(cx, &input.load_balancer_arn)?;
    let Some(spec) = tx.spec(&key)? else { return Ok(DeleteLoadBalancerOutput {}) };
    if is_on(BALANCER, &spec.attributes, DELETION_PROTECTION) {
        let message = format!("Load balancer '{}' cannot be deleted because deletion protection is enabled", key.arn());
        return Err(errors::not_permitted(message));
    }
    for (rule, _) in load::rules_of_balancer(tx, &key)? {
        tx.delete(&rule)?;
    }
    for (listener, _) in load::listeners_of(tx, &key)? {
        tx.delete(&listener)?;
    }
    spec.zones.iter().try_for_each(|zone| placement::remove(cx, tx, zone))?;
    tx.delete(&key)?;
    Ok(DeleteLoadBalancerOutput {})
}
