//! What the rulesets look like, and that they mean what [`super::allows`] says.

mod interpreter;
mod ipv6;
mod properties;
mod ways;

use super::*;
use model::{Cidr, IpCidr};
use std::net::IpAddr;

fn rule(protocol: Protocol, peer: &str) -> Rule {
    Rule { id: None, protocol, peer: peer.parse().map(Peer::Cidr).unwrap_or_else(|_| Peer::Group(peer.into())) }
}

fn group(id: &str, ingress: Vec<Rule>) -> Group {
    Group { id: id.into(), ingress, egress: vec![rule(Protocol::All, "0.0.0.0/0")] }
}

fn interface(last: u8, groups: &[&str], public: Option<u8>, link: Link) -> Interface {
    Interface {
        subnet: "subnet-1".into(),
        addresses: vec![([10, 0, 1, last].into(), public.map(|last| [198, 18, 0, last].into()))],
        groups: Some(groups.iter().map(|id| id.to_string()).collect()),
        checked: true,
        link,
    }
}

fn cidr(text: &str) -> IpCidr {
    text.parse().expect("a network")
}

fn route(destination: &str, way: Way) -> Route {
    Route { destination: cidr(destination), way }
}

fn to_internet() -> Route {
    route("0.0.0.0/0", Way::Link(INTERNET_LINK.into()))
}

/// Lets everything pass, and has one route: to the internet.
fn public_subnet(id: &str, addresses: &str) -> Subnet {
    Subnet { id: id.into(), cidrs: vec![cidr(addresses)], routes: vec![to_internet()], acl: None }
}

fn empty() -> Vpc {
    Vpc {
        cidrs: vec![cidr("10.0.0.0/16")],
        subnets: vec![],
        interfaces: vec![],
        groups: vec![],
        neighbours: vec![],
        gateways: vec![],
        logged: vec![],
    }
}

fn port(last: u8) -> Link {
    Link::Port(format!("h{last}"))
}

/// A load balancer in front of a web server, and a database behind it.
fn three_tiers() -> Vpc {
    Vpc {
        subnets: vec![public_subnet("subnet-1", "10.0.1.0/24")],
        interfaces: vec![
            interface(10, &["sg-lb"], Some(1), Link::Local),
            interface(20, &["sg-web", "sg-ping"], None, port(20)),
            interface(21, &["sg-ping", "sg-web"], None, port(21)),
            interface(30, &["sg-db"], None, port(30)),
        ],
        groups: vec![
            group("sg-web", vec![rule(Protocol::Tcp(80, 80), "sg-lb"), rule(Protocol::Tcp(8000, 8999), "sg-lb")]),
            group(
                "sg-db",
                vec![rule(Protocol::Tcp(5432, 5432), "sg-web"), rule(Protocol::All, "sg-db"), rule(Protocol::All, "sg-gone")],
            ),
            group("sg-lb", vec![rule(Protocol::Tcp(80, 80), "0.0.0.0/0"), rule(Protocol::Tcp(443, 443), "198.18.0.0/15")]),
            Group {
                egress: vec![],
                ..group(
                    "sg-ping",
                    vec![rule(Protocol::Icmp(Some(8), None), "10.0.0.0/16"), rule(Protocol::Number(47), "10.0.1.0/24")],
                )
            },
        ],
        ..empty()
    }
}

#[test]
fn the_ruleset_of_three_tiers() {
    insta::assert_snapshot!(vpc_ruleset(&three_tiers()));
}

#[test]
fn the_ruleset_of_an_empty_vpc() {
    insta::assert_snapshot!(vpc_ruleset(&Vpc { cidrs: vec![cidr("172.31.0.0/16")], ..empty() }));
}

#[test]
fn order_does_not_matter() {
    let (vpc, mut shuffled) = (three_tiers(), three_tiers());
    shuffled.interfaces.reverse();
    shuffled.groups.reverse();
    assert_eq!(vpc_ruleset(&vpc), vpc_ruleset(&shuffled));
}

#[test]
fn no_id_can_add_to_the_text() {
    let mut vpc = three_tiers();
    vpc.groups[0].id = "sg\" } ; flush ruleset".into();
    vpc.interfaces[1].link = Link::Port("h\" . 1.2.3.4, \"x".into());
    let text = vpc_ruleset(&vpc);
    assert!(text.contains("chain in-sg______flush_ruleset {"), "{text}");
    assert!(!text.contains(" flush"), "{text}");
    assert!(text.contains("\"h____1_2_3_4___x\" . 10.0.1.20"), "{text}");
}

#[test]
fn rules_that_match_nothing_are_left_out() {
    let mut vpc = three_tiers();
    vpc.groups =
        vec![group("sg-web", vec![rule(Protocol::Tcp(90, 80), "0.0.0.0/0"), rule(Protocol::Udp(0, 65535), "0.0.0.0/0")])];
    let text = vpc_ruleset(&vpc);
    assert!(text.contains("chain in-sg-web {\n\t\tmeta nfproto ipv4 udp dport 0-65535 accept\n\t}"), "{text}");
}

#[test]
fn the_meaning_of_three_tiers() {
    let vpc = three_tiers();
    let tcp = |from: [u8; 4], to: [u8; 4], port| {
        allows(&vpc, Packet { source: from.into(), destination: to.into(), protocol: 6, detail: port })
    };
    let (lb, web, db, out) = ([10, 0, 1, 10], [10, 0, 1, 20], [10, 0, 1, 30], [203, 0, 113, 9]);
    assert!(tcp(lb, web, 80) && tcp(lb, web, 8999) && tcp(web, db, 5432));
    assert!(!tcp(web, lb, 443), "443 is for the public pool alone");
    assert!(!tcp(lb, db, 5432) && !tcp(db, web, 80) && !tcp(lb, web, 81));
    assert!(tcp(out, lb, 80) && !tcp(out, web, 80), "only what has a public address is reached from outside");
    assert!(tcp(lb, out, 25) && !tcp(web, out, 443), "and reaches the outside");
    let ping = Packet { source: lb.into(), destination: web.into(), protocol: 1, detail: 0x0800 };
    assert!(allows(&vpc, ping) && !allows(&vpc, Packet { detail: 0, ..ping }));
}

#[test]
fn the_fixed_rulesets() {
    let nat = nat_ruleset(&[[10, 0, 1, 9].into()]) + &nat_ruleset(&[[10, 0, 1, 9].into(), [10, 0, 1, 10].into()]);
    insta::assert_snapshot!(instance_ruleset() + &internet_ruleset("host0", "egress0") + &nat);
}
