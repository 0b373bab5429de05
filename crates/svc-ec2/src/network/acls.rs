//! Network ACLs as hosts have them.

use agent_proto::network;
use model::{
    IpCidr, Ipv6Cidr,
    ec2::{AclEntry, AclPeer, NetworkAclSpec},
};

/// The ACL.
pub fn acl(id: &str, spec: &NetworkAclSpec) -> network::NetworkAcl {
    let rules = |egress| spec.entries.iter().filter(|entry| entry.egress == egress).filter_map(rule).collect();
    network::NetworkAcl { id: id.into(), ingress: rules(false), egress: rules(true) }
}

fn rule(entry: &AclEntry) -> Option<network::AclRule> {
    let cidr: IpCidr = match &entry.peer {
        AclPeer::Ipv4(cidr) => (*cidr).into(),
        AclPeer::Ipv6(text) => text.parse::<Ipv6Cidr>().ok()?.into(),
    };
    let (from, to) = entry.ports.unwrap_or((0, u16::MAX));
    let icmp = |number: i32| u8::try_from(number).ok();
    let (kind, code) = entry.icmp.unwrap_or((-1, -1));
    let protocol = match entry.protocol {
        None => network::Protocol::All,
        Some(1) => network::Protocol::Icmp(icmp(kind), icmp(code)),
        Some(6) => network::Protocol::Tcp(from, to),
        Some(17) => network::Protocol::Udp(from, to),
        Some(58) => network::Protocol::Icmpv6(icmp(kind), icmp(code)),
        Some(number) => network::Protocol::Number(number),
    };
    Some(network::AclRule { number: u16::try_from(entry.number).ok()?, allow: entry.allow, protocol, cidr })
}
