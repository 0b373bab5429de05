//! Subnets: create, delete, change.

use super::{
    blocks::{block, no_such_range},
    ipv6,
};
use crate::{
    access::{self, TAG},
    errors::{dry_run, has_dependencies, invalid_combination, invalid_value, refuse},
    quotas,
    records::{all, find, key, place},
    resource::Resource,
    tags, views,
};
use api::ec2::{
    self, AttributeBooleanValue, CreateSubnetRequest, CreateSubnetResult, DeleteSubnetRequest, HostnameType,
    ModifySubnetAttributeRequest,
};
use front::{Cx, Service};
use logic::vpc::{ZONE_LETTERS, has_size, zone_id, zone_name};
use model::ec2::{NetworkAcl, NetworkInterface, PrivateDnsOptions, RouteTable, Subnet, SubnetSpec, Vpc};
use spine::Tx;
use wire::Fault;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateSubnet>(
            access::on(|cx, i: &CreateSubnetRequest| {
                vec![access::one(cx, Resource::SUBNET, "*"), access::one(cx, Resource::VPC, &i.vpc_id)]
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::SUBNET, i.tag_specifications.as_deref())),
            create,
        )
        .op::<ec2::DeleteSubnet>(access::on(|cx, i| vec![access::one(cx, Resource::SUBNET, &i.subnet_id)]), delete)
        .op::<ec2::ModifySubnetAttribute>(access::on(|cx, i| vec![access::one(cx, Resource::SUBNET, &i.subnet_id)]), modify)
}

/// `CreateSubnet`.
fn create(cx: &Cx, tx: &mut Tx, input: &CreateSubnetRequest) -> Result<CreateSubnetResult, Fault> {
    dry_run(input.dry_run)?;
    refuse(&[
        ("OutpostArn", input.outpost_arn.is_some()),
        ("Ipv6Native", input.ipv6_native == Some(true)),
        ("Ipv4IpamPoolId", input.ipv4_ipam_pool_id.is_some()),
        ("Ipv4NetmaskLength", input.ipv4_netmask_length.is_some()),
        ("Ipv6IpamPoolId", input.ipv6_ipam_pool_id.is_some()),
        ("Ipv6NetmaskLength", input.ipv6_netmask_length.is_some()),
    ])?;
    let cidr = block(input.cidr_block.as_deref(), "cidrBlock")?;
    let (zone, zone_id) = zone(cx, input.availability_zone.as_deref(), input.availability_zone_id.as_deref())?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::SUBNET)?;
    let vpc = find::<Vpc>(cx, tx, &input.vpc_id)?;
    if !has_size(cidr) || !vpc.cidrs().any(|whole| whole.covers(cidr)) {
        return Err(Fault::client("InvalidSubnet.Range", no_such_range(cidr)));
    }
    if all::<Subnet>(cx, tx)?.iter().any(|(_, it)| it.vpc == input.vpc_id && it.cidr.overlaps(cidr)) {
        return Err(Fault::client("InvalidSubnet.Conflict", format!("The CIDR '{cidr}' conflicts with another subnet")));
    }
    let ipv6 = match &input.ipv6_cidr_block {
        Some(text) => Some(ipv6::block_for_subnet(cx, tx, &vpc, &input.vpc_id, text)?),
        None => None,
    };
    quotas::SUBNETS.check_one::<Subnet>(cx, |subnet| subnet.vpc == input.vpc_id)?;
    let spec = SubnetSpec {
        vpc: input.vpc_id.clone(),
        cidr,
        ipv6,
        assign_ipv6: false,
        zone,
        zone_id,
        default_for_zone: false,
        map_public_ip: false,
        private_dns: PrivateDnsOptions::default(),
        reservations: Vec::new(),
        tags,
    };
    let id = make(cx, tx, &spec)?;
    Ok(CreateSubnetResult { subnet: Some(views::subnet(place(cx), &id, &spec, 0)) })
}

/// Writes a new subnet, which gets the VPC's default network ACL: its id.
pub fn make(cx: &Cx, tx: &mut Tx, spec: &SubnetSpec) -> Result<String, Fault> {
    let id = format!("subnet-{}", cx.env.hex(17));
    tx.create(&key::<Subnet>(cx, &id), spec)?;
    let acl = all::<NetworkAcl>(cx, tx)?.into_iter().find(|(_, acl)| acl.vpc == spec.vpc && acl.is_default);
    if let Some((acl, _)) = acl {
        let association = format!("aclassoc-{}", cx.env.hex(17));
        tx.update_spec(&key::<NetworkAcl>(cx, acl), |acl| acl.associations.push((id.clone(), association)))?;
    }
    Ok(id)
}

/// Name and id of the Availability Zone that is named, or of the first one.
pub fn zone(cx: &Cx, name: Option<&str>, id: Option<&str>) -> Result<(String, String), Fault> {
    let zones: Vec<_> = (0..ZONE_LETTERS.len()).map(|n| (zone_name(&cx.region, n), zone_id(&cx.region, n))).collect();
    if name.is_some() && id.is_some() {
        return Err(invalid_combination("Only one of AvailabilityZone and AvailabilityZoneId can be specified"));
    }
    let meant = |(its_name, its_id): &&(String, String)| match (name, id) {
        (Some(name), _) => its_name == name,
        (None, Some(id)) => its_id == id,
        (None, None) => true,
    };
    zones.iter().find(meant).cloned().ok_or_else(|| {
        let (parameter, value) = name.map_or(("availabilityZoneId", id), |name| ("availabilityZone", Some(name)));
        let names: Vec<_> = zones.iter().map(|(name, id)| if parameter == "availabilityZone" { &**name } else { &**id }).collect();
        invalid_value(format!(
            "Value ({}) for parameter {parameter} is invalid. Subnets can currently only be created in the following availability \
             zones: {}.",
            value.unwrap_or_default(),
            names.join(", ")
        ))
    })
}

/// `DeleteSubnet`. Nothing may have an address in it; its associations go with it.
fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteSubnetRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let id = &input.subnet_id;
    find::<Subnet>(cx, tx, id)?;
    if all::<NetworkInterface>(cx, tx)?.iter().any(|(_, it)| it.subnet == *id) {
        return Err(has_dependencies("subnet", id));
    }
    let holds = |associations: &[(String, String)]| associations.iter().any(|(subnet, _)| subnet == id);
    for (table, _) in all::<RouteTable>(cx, tx)?.iter().filter(|(_, it)| holds(&it.associations)) {
        tx.update_spec(&key::<RouteTable>(cx, table), |it| it.associations.retain(|(subnet, _)| subnet != id))?;
    }
    for (acl, _) in all::<NetworkAcl>(cx, tx)?.iter().filter(|(_, it)| holds(&it.associations)) {
        tx.update_spec(&key::<NetworkAcl>(cx, acl), |it| it.associations.retain(|(subnet, _)| subnet != id))?;
    }
    Ok(tx.delete(&key::<Subnet>(cx, id))?)
}

/// `ModifySubnetAttribute`. What isn't built is refused when it is to be switched on; off it is already.
fn modify(cx: &Cx, tx: &mut Tx, input: &ModifySubnetAttributeRequest) -> Result<(), Fault> {
    let on = |it: &Option<AttributeBooleanValue>| it.as_ref().is_some_and(|it| it.value == Some(true));
    refuse(&[
        ("MapCustomerOwnedIpOnLaunch", on(&input.map_customer_owned_ip_on_launch)),
        ("CustomerOwnedIpv4Pool", input.customer_owned_ipv4_pool.is_some()),
        ("EnableDns64", on(&input.enable_dns64)),
        ("EnableLniAtDeviceIndex", input.enable_lni_at_device_index.is_some()),
        ("DisableLniAtDeviceIndex", on(&input.disable_lni_at_device_index)),
    ])?;
    let given = |it: &Option<AttributeBooleanValue>| it.as_ref().and_then(|it| it.value);
    let mut spec = SubnetSpec::clone(&*find::<Subnet>(cx, tx, &input.subnet_id)?);
    if let Some(value) = given(&input.map_public_ip_on_launch) {
        spec.map_public_ip = value;
    }
    if let Some(kind) = input.private_dns_hostname_type_on_launch {
        spec.private_dns.resource_name = kind == HostnameType::ResourceName;
    }
    if let Some(value) = given(&input.enable_resource_name_dns_a_record_on_launch) {
        spec.private_dns.a_record = value;
    }
    if let Some(value) = given(&input.enable_resource_name_dns_aaaa_record_on_launch) {
        spec.private_dns.aaaa_record = value;
    }
    if let Some(value) = given(&input.assign_ipv6_address_on_creation) {
        if value && spec.ipv6.is_none() {
            let message = format!("The subnet '{}' does not have an IPv6 CIDR block associated with it", input.subnet_id);
            return Err(invalid_combination(message));
        }
        spec.assign_ipv6 = value;
    }
    Ok(tx.put_spec(&key::<Subnet>(cx, &input.subnet_id), &spec)?)
}
