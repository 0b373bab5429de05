//! Where a balancer stands: its subnets, one for each Availability Zone, its security groups, and an interface in each subnet.

use crate::elbv2::errors::{absent, invalid_configuration, validation};
use api::elbv2::SubnetMapping;
use front::{Cx, records};
use logic::vpc::{NewInterface, WantedAddresses, new_interface};
use model::{
    Key,
    ec2::{AttachedTo, Attachment, InterfaceKind, InternetGateway, NetworkInterface, SecurityGroup, Subnet, SubnetSpec},
    elbv2::{LoadBalancer, LoadBalancerZone},
};
use spine::{Read, Scope, Tx};
use std::sync::Arc;
use wire::Fault;

/// A subnet with its id.
pub type Placed = (String, Arc<SubnetSpec>);

/// The subnets that a request names: at least two, each in an Availability Zone of its own, all in one VPC.
pub fn subnets(cx: &Cx, tx: &Tx, plain: Option<&[String]>, mappings: Option<&[SubnetMapping]>) -> Result<Vec<Placed>, Fault> {
    let (plain, mappings) = (plain.unwrap_or_default(), mappings.unwrap_or_default());
    if !plain.is_empty() && !mappings.is_empty() {
        return Err(validation("You can specify subnets or subnet mappings, but not both"));
    }
    let mapped = mappings.iter().map(mapped).collect::<Result<Vec<_>, Fault>>()?;
    let found = plain.iter().map(String::as_str).chain(mapped).map(|id| subnet(cx, tx, id));
    let found = found.collect::<Result<Vec<_>, Fault>>()?;
    check(&found)?;
    Ok(found)
}

fn mapped(mapping: &SubnetMapping) -> Result<&str, Fault> {
    absent("SubnetMappings.AllocationId", &mapping.allocation_id)?;
    absent("SubnetMappings.PrivateIPv4Address", &mapping.private_ipv4_address)?;
    absent("SubnetMappings.IPv6Address", &mapping.ipv6_address)?;
    absent("SubnetMappings.SourceNatIpv6Prefix", &mapping.source_nat_ipv6_prefix)?;
    mapping.subnet_id.as_deref().ok_or_else(|| validation("A subnet ID must be specified"))
}

fn subnet(cx: &Cx, tx: &Tx, id: &str) -> Result<Placed, Fault> {
    let spec = tx.spec(&records::key::<Subnet>(cx, id))?;
    let missing = || Fault::client("SubnetNotFound", format!("The subnet ID '{id}' does not exist"));
    Ok((id.into(), spec.ok_or_else(missing)?))
}

fn check(subnets: &[Placed]) -> Result<(), Fault> {
    let shares_zone = |(place, (_, it)): (usize, &Placed)| subnets[..place].iter().any(|(_, other)| other.zone == it.zone);
    if subnets.iter().enumerate().any(shares_zone) {
        return Err(invalid_configuration(
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        ));
    }
    if subnets.len() < 2 {
        return Err(validation("At least two subnets in two different Availability Zones must be specified"));
    }
    if subnets.iter().any(|(_, it)| it.vpc != subnets[0].1.vpc) {
        return Err(invalid_configuration("All subnets must belong to the same VPC"));
    }
    Ok(())
}

/// Refuses a VPC without a way to the internet for a balancer that is to be reached from there.
pub fn check_internet(cx: &Cx, tx: &Tx, vpc: &str) -> Result<(), Fault> {
    let has_way = records::all::<InternetGateway>(cx, tx)?.iter().any(|(_, gateway)| gateway.vpc.as_deref() == Some(vpc));
    let missing = || Fault::client("InvalidSubnet", format!("VPC {vpc} has no internet gateway"));
    has_way.then_some(()).ok_or_else(missing)
}

/// The security groups that a request names, all in the VPC; the VPC's default one if it names none.
pub fn security_groups(cx: &Cx, tx: &Tx, vpc: &str, named: Option<&[String]>) -> Result<Vec<String>, Fault> {
    let all = records::all::<SecurityGroup>(cx, tx)?;
    let named = named.unwrap_or_default();
    if named.is_empty() {
        let default = all.into_iter().find(|(_, group)| group.vpc == vpc && group.name == "default");
        return Ok(default.map(|(id, _)| id).into_iter().collect());
    }
    match named.iter().find(|id| !all.iter().any(|(known, group)| known == *id && group.vpc == vpc)) {
        Some(id) => Err(Fault::client("InvalidSecurityGroup", format!("One or more security groups are invalid: '{id}'"))),
        None => Ok(named.to_vec()),
    }
}

/// Makes an interface of a balancer in each subnet.
pub fn place(
    cx: &Cx,
    tx: &mut Tx,
    balancer: &Key<LoadBalancer>,
    subnets: &[Placed],
    groups: &[String],
    public: bool,
) -> Result<Vec<LoadBalancerZone>, Fault> {
    let place_one = |(id, subnet): &Placed| {
        let new = NewInterface {
            id: &format!("eni-{}", cx.env.hex(17)),
            subnet_id: id,
            subnet,
            kind: InterfaceKind::Interface,
            addresses: WantedAddresses::default(),
            ipv6: Vec::new(),
            groups: groups.to_vec(),
            description: format!("ELB {}", balancer.id),
            requester_managed: true,
            requester: "amazon-elb".into(),
            attachment: Some(Attachment {
                id: format!("ela-attach-{}", cx.env.hex(17)),
                owner: "amazon-elb".into(),
                to: AttachedTo::Edge,
                device_index: 1,
                delete_on_termination: false,
                at: cx.now,
            }),
            public,
            now: cx.now,
        };
        let zone = LoadBalancerZone { zone: subnet.zone.clone(), subnet: id.clone(), interface: new.id.into() };
        plug(cx, tx, new)?;
        Ok(zone)
    };
    subnets.iter().map(place_one).collect()
}

fn plug(cx: &Cx, tx: &mut Tx, new: NewInterface<'_>) -> Result<(), Fault> {
    let (key, subnet) = (records::key::<NetworkInterface>(cx, new.id), new.subnet_id.to_owned());
    let existing = tx.specs::<NetworkInterface>(Scope::All)?;
    let interface = new_interface(new, existing.iter().map(|(_, spec)| &**spec));
    let interface =
        interface.map_err(|_| Fault::client("InvalidSubnet", format!("Not enough IP space available in {subnet}")))?;
    Ok(tx.create(&key, &interface)?)
}

/// Removes the interface at a balancer's place.
pub fn remove(cx: &Cx, tx: &mut Tx, zone: &LoadBalancerZone) -> Result<(), Fault> {
    Ok(tx.delete(&records::key::<NetworkInterface>(cx, &zone.interface))?)
}

/// Puts a balancer's interfaces into other security groups.
pub fn regroup(cx: &Cx, tx: &mut Tx, zones: &[LoadBalancerZone], groups: &[String]) -> Result<(), Fault> {
    for zone in zones {
        tx.update_spec(&records::key::<NetworkInterface>(cx, &zone.interface), |it| it.groups = groups.to_vec())?;
    }
    Ok(())
}
