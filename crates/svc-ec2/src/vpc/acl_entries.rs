//! Entries of network ACLs: create, replace, delete.

use super::blocks::block;
use crate::{
    access,
    errors::{dry_run, invalid_combination, invalid_value, missing_parameter},
    permission::ipv6_block,
    records::{find, key},
    resource::Resource,
};
use api::ec2::{
    self, CreateNetworkAclEntryRequest, DeleteNetworkAclEntryRequest, IcmpTypeCode, PortRange, ReplaceNetworkAclEntryRequest,
    RuleAction,
};
use front::{Cx, Service};
use model::ec2::{AclEntry, AclPeer, NetworkAcl, NetworkAclSpec};
use spine::Tx;
use wire::Fault;

/// How many entries an ACL can have in one direction, the last one included (VPC user guide, "Amazon VPC quotas").
const MOST: usize = 20;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateNetworkAclEntry>(
            access::on(|cx, i| vec![access::one(cx, Resource::NETWORK_ACL, &i.network_acl_id)]),
            create,
        )
        .op::<ec2::ReplaceNetworkAclEntry>(
            access::on(|cx, i| vec![access::one(cx, Resource::NETWORK_ACL, &i.network_acl_id)]),
            replace,
        )
        .op::<ec2::DeleteNetworkAclEntry>(
            access::on(|cx, i| vec![access::one(cx, Resource::NETWORK_ACL, &i.network_acl_id)]),
            delete,
        )
}

/// An entry as a request gives it.
struct Given<'a> {
    egress: bool,
    number: i32,
    action: RuleAction,
    protocol: &'a str,
    ipv4: Option<&'a str>,
    ipv6: Option<&'a str>,
    ports: Option<&'a PortRange>,
    icmp: Option<&'a IcmpTypeCode>,
}

macro_rules! given {
    ($input:ident) => {
        Given {
            egress: $input.egress,
            number: $input.rule_number,
            action: $input.rule_action,
            protocol: &$input.protocol,
            ipv4: $input.cidr_block.as_deref(),
            ipv6: $input.ipv6_cidr_block.as_deref(),
            ports: $input.port_range.as_ref(),
            icmp: $input.icmp_type_code.as_ref(),
        }
    };
}

/// `CreateNetworkAclEntry`.
fn create(cx: &Cx, tx: &mut Tx, input: &CreateNetworkAclEntryRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let entry = parse(given!(input))?;
    let id = &input.network_acl_id;
    let mut acl = NetworkAclSpec::clone(&*find::<NetworkAcl>(cx, tx, id)?);
    if acl.entries.iter().any(|it| (it.egress, it.number) == (entry.egress, entry.number)) {
        let message = format!("The network acl entry identified by {} already exists.", entry.number);
        return Err(Fault::client("NetworkAclEntryAlreadyExists", message));
    }
    if acl.entries.iter().filter(|it| it.egress == entry.egress).count() + 1 >= MOST {
        let message = "The maximum number of network acl entries has been reached.";
        return Err(Fault::client("NetworkAclEntryLimitExceeded", message));
    }
    acl.entries.push(entry);
    Ok(tx.put_spec(&key::<NetworkAcl>(cx, id), &acl)?)
}

/// `ReplaceNetworkAclEntry`.
fn replace(cx: &Cx, tx: &mut Tx, input: &ReplaceNetworkAclEntryRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let entry = parse(given!(input))?;
    let id = &input.network_acl_id;
    let mut acl = NetworkAclSpec::clone(&*find::<NetworkAcl>(cx, tx, id)?);
    let (egress, number) = (entry.egress, entry.number);
    let found = acl.entries.iter_mut().find(|it| (it.egress, it.number) == (egress, number));
    *found.ok_or_else(|| absent(id, egress, number))? = entry;
    Ok(tx.put_spec(&key::<NetworkAcl>(cx, id), &acl)?)
}

/// `DeleteNetworkAclEntry`.
fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteNetworkAclEntryRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let id = &input.network_acl_id;
    let mut acl = NetworkAclSpec::clone(&*find::<NetworkAcl>(cx, tx, id)?);
    let before = acl.entries.len();
    acl.entries.retain(|it| (it.egress, it.number) != (input.egress, input.rule_number));
    if acl.entries.len() == before {
        return Err(absent(id, input.egress, input.rule_number));
    }
    Ok(tx.put_spec(&key::<NetworkAcl>(cx, id), &acl)?)
}

fn absent(id: &str, egress: bool, number: i32) -> Fault {
    let side = if egress { "egress" } else { "ingress" };
    let message = format!("The {side} network acl entry with rule number '{number}' does not exist in '{id}'");
    Fault::client("InvalidNetworkAclEntry.NotFound", message)
}

fn parse(given: Given<'_>) -> Result<AclEntry, Fault> {
    if !(1..=32766).contains(&given.number) {
        let message = format!("Value ({}) for parameter ruleNumber is invalid. Rule numbers are from 1 to 32766.", given.number);
        return Err(invalid_value(message));
    }
    let peer = match (given.ipv4, given.ipv6) {
        (Some(_), Some(_)) => return Err(invalid_combination("Only one of cidrBlock and ipv6CidrBlock can be given")),
        (ipv4 @ Some(_), None) => AclPeer::Ipv4(block(ipv4, "cidrBlock")?),
        (None, Some(ipv6)) => AclPeer::Ipv6(ipv6_block(ipv6)?),
        (None, None) => return Err(missing_parameter("cidrBlock")),
    };
    let protocol = protocol(given.protocol)?;
    Ok(AclEntry {
        egress: given.egress,
        number: given.number,
        allow: given.action == RuleAction::Allow,
        peer,
        protocol,
        ports: if matches!(protocol, Some(6 | 17)) { Some(ports(given.ports)?) } else { None },
        icmp: if matches!(protocol, Some(1 | 58)) { Some(icmp(given.icmp)?) } else { None },
    })
}

/// The protocol's number; -1 is all of them. The well-known ones have names besides.
fn protocol(text: &str) -> Result<Option<u8>, Fault> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "-1" | "all" => None,
        "tcp" => Some(6),
        "udp" => Some(17),
        "icmp" => Some(1),
        "icmpv6" => Some(58),
        number => match number.parse() {
            Ok(number) => Some(number),
            Err(_) => return Err(invalid_value(format!("Invalid value '{text}' for IP protocol. Unknown protocol."))),
        },
    })
}

fn ports(range: Option<&PortRange>) -> Result<(u16, u16), Fault> {
    let range = range.ok_or_else(|| missing_parameter("portRange"))?;
    let port = |port: Option<i32>| {
        let port = port.ok_or_else(|| missing_parameter("portRange"))?;
        u16::try_from(port).map_err(|_| invalid_value(format!("Port ({port}) out of range")))
    };
    let (from, to) = (port(range.from)?, port(range.to)?);
    if from > to {
        return Err(invalid_value(format!("Invalid TCP/UDP port range ({from}:{to})")));
    }
    Ok((from, to))
}

fn icmp(given: Option<&IcmpTypeCode>) -> Result<(i32, i32), Fault> {
    let given = given.ok_or_else(|| missing_parameter("icmpTypeCode.type"))?;
    let number = |number: Option<i32>, name: &str| {
        let number = number.ok_or_else(|| missing_parameter(name))?;
        let valid = (-1..=255).contains(&number);
        valid.then_some(number).ok_or_else(|| invalid_value(format!("Value ({number}) for parameter {name} is invalid.")))
    };
    Ok((number(given.r#type, "icmpTypeCode.type")?, number(given.code, "icmpTypeCode.code")?))
}
