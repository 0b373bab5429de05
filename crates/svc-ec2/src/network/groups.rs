//! Security groups as hosts have them.

use crate::vpc::Lists;
use agent_proto::network;
use model::{
    Ipv6Cidr,
    ec2::{Peer, Permission, SecurityGroupRule, SecurityGroupSpec},
};

/// The group.
pub fn group(id: &str, spec: &SecurityGroupSpec, lists: Lists<'_>) -> network::SecurityGroup {
    let rules = |egress| {
        let chosen = spec.rules.iter().filter(move |rule: &&SecurityGroupRule| rule.egress == egress);
        chosen.flat_map(|rule| allowed(rule, lists)).collect()
    };
    network::SecurityGroup { id: id.into(), ingress: rules(false), egress: rules(true) }
}

/// What the rule allows, once for each of its peers.
fn allowed(rule: &SecurityGroupRule, lists: Lists<'_>) -> Vec<network::Rule> {
    let Some(protocol) = protocol(&rule.permission) else { return Vec::new() };
    let one = |peer| network::Rule { id: Some(rule.id.clone()), protocol, peer };
    peers(&rule.permission.peer, lists).into_iter().map(one).collect()
}

fn peers(peer: &Peer, lists: Lists<'_>) -> Vec<network::Peer> {
    match peer {
        Peer::Ipv4(cidr) => vec![network::Peer::Cidr((*cidr).into())],
        Peer::Group(group) => vec![network::Peer::Group(group.clone())],
        Peer::Ipv6(text) => text.parse::<Ipv6Cidr>().map(|cidr| network::Peer::Cidr(cidr.into())).into_iter().collect(),
        Peer::PrefixList(id) => lists.blocks(id).into_iter().map(|block| network::Peer::Cidr(block.into())).collect(),
    }
}

fn protocol(permission: &Permission) -> Option<network::Protocol> {
    let port = |port: Option<i32>, open: u16| port.and_then(|port| u16::try_from(port).ok()).unwrap_or(open);
    let (from, to) = (port(permission.from_port, 0), port(permission.to_port, u16::MAX));
    let icmp = |number: Option<i32>| number.and_then(|number| u8::try_from(number).ok());
    Some(match permission.protocol.as_str() {
        "-1" => network::Protocol::All,
        "tcp" => network::Protocol::Tcp(from, to),
        "udp" => network::Protocol::Udp(from, to),
        "icmp" => network::Protocol::Icmp(icmp(permission.from_port), icmp(permission.to_port)),
        "icmpv6" => network::Protocol::Icmpv6(icmp(permission.from_port), icmp(permission.to_port)),
        number => network::Protocol::Number(number.parse().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Cidr, Region};

    fn permission(protocol: &str, from_port: Option<i32>, to_port: Option<i32>, peer: Peer) -> Permission {
        Permission { protocol: protocol.into(), from_port, to_port, peer }
    }

    fn protocol(name: &str, from: Option<i32>, to: Option<i32>) -> Option<network::Protocol> {
        super::protocol(&permission(name, from, to, Peer::Ipv4(Cidr::ANY)))
    }

    #[test]
    fn protocols_become_the_hosts() {
        use network::Protocol::{All, Icmp, Icmpv6, Number, Tcp, Udp};
        assert_eq!(protocol("-1", None, None), Some(All));
        assert_eq!(protocol("tcp", Some(80), Some(81)), Some(Tcp(80, 81)));
        assert_eq!(protocol("udp", Some(0), Some(65535)), Some(Udp(0, 65535)));
        assert_eq!(protocol("icmp", Some(-1), Some(-1)), Some(Icmp(None, None)));
        assert_eq!(protocol("icmp", Some(8), Some(0)), Some(Icmp(Some(8), Some(0))));
        assert_eq!(protocol("50", None, None), Some(Number(50)));
        assert_eq!(protocol("icmpv6", Some(128), Some(-1)), Some(Icmpv6(Some(128), None)));
    }

    #[test]
    fn a_rule_for_ipv6_allows_nothing_of_ipv4() {
        let region = Region::parse("us-east-1").unwrap();
        let found = peers(&Peer::Ipv6("::/0".into()), Lists { region: &region, own: &Vec::new() });
        assert!(matches!(found.as_slice(), [network::Peer::Cidr(cidr)] if cidr.is_ipv6()));
    }
}
