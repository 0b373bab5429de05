//! Routes and network ACLs by example.

use super::*;

const SMTP: u16 = 25;

/// A public subnet with a NAT gateway and a router of people's own, a private subnet behind each, and a neighbour.
fn routed() -> Vpc {
    let in_subnet = |subnet: &str, address: [u8; 4], it: Interface| Interface {
        subnet: subnet.into(),
        addresses: vec![(address.into(), it.addresses[0].1)],
        ..it
    };
    let subnet = |id: &str, addresses: &str, routes| Subnet { routes, ..public_subnet(id, addresses) };
    let https = |peer: &str| AclRule { allow: true, protocol: Protocol::Tcp(443, 443), peer: cidr(peer) };
    let answers = AclRule { allow: true, protocol: Protocol::Tcp(1024, 65535), peer: Cidr::ANY.into() };
    let acl = Acl {
        ingress: vec![AclRule { allow: false, ..https("203.0.113.66/32") }, https("0.0.0.0/0"), answers.clone()],
        egress: vec![https("10.0.0.0/8"), answers],
    };
    let way = |link: &str| Way::Link(link.into());
    Vpc {
        cidrs: vec![cidr("10.0.0.0/16"), cidr("100.64.0.0/16")],
        subnets: vec![
            public_subnet("subnet-public", "10.0.1.0/24"),
            subnet("subnet-nat", "10.0.2.0/24", vec![route("0.0.0.0/0", way("hnat")), route("10.9.0.0/16", way("p1"))]),
            subnet(
                "subnet-routed",
                "100.64.1.0/24",
                vec![
                    route("0.0.0.0/0", way("hrouter")),
                    route("10.0.2.0/24", way("hrouter")),
                    route("192.0.2.0/24", Way::Nowhere),
                ],
            ),
            Subnet { acl: Some(acl), ..public_subnet("subnet-watched", "10.0.4.0/24") },
        ],
        interfaces: vec![
            in_subnet(
                "subnet-public",
                [10, 0, 1, 9],
                Interface { groups: None, checked: false, ..interface(9, &[], Some(9), Link::Port("hnat".into())) },
            ),
            in_subnet(
                "subnet-public",
                [10, 0, 1, 8],
                Interface { checked: false, ..interface(8, &["sg-1"], None, Link::Port("hrouter".into())) },
            ),
            in_subnet("subnet-nat", [10, 0, 2, 5], interface(5, &["sg-1"], None, Link::Port("hinner".into()))),
            in_subnet("subnet-routed", [100, 64, 1, 6], interface(6, &["sg-1"], None, Link::Port("hrouted".into()))),
            in_subnet("subnet-watched", [10, 0, 4, 7], interface(7, &["sg-1"], Some(7), Link::Port("hwatched".into()))),
            in_subnet("subnet-watched", [10, 0, 4, 8], interface(8, &["sg-1"], None, Link::Local)),
        ],
        groups: vec![group("sg-1", vec![rule(Protocol::All, "0.0.0.0/0")])],
        gateways: vec![],
        logged: vec![],
        neighbours: vec![Neighbour {
            link: "p1".into(),
            cidrs: vec![cidr("10.9.0.0/16")],
            members: vec![("sg-1".into(), vec![[10, 9, 0, 1].into()])],
        }],
    }
}

#[test]
fn the_ruleset_of_a_routed_vpc() {
    insta::assert_snapshot!(vpc_ruleset(&routed()));
}

/// The link by which a TCP packet leaves.
fn led(vpc: &Vpc, from: [u8; 4], to: [u8; 4], port: u16) -> Option<String> {
    let packet = Packet { source: from.into(), destination: to.into(), protocol: 6, detail: port };
    exit(vpc, sender(vpc, packet.source)?, packet).map(|place| match place {
        Place::Interface(it) => interpreter::link(&it.link),
        Place::Internet => INTERNET_LINK.into(),
        Place::Neighbour(link) => link.to_owned(),
        Place::Gateway => "gateway".into(),
    })
}

#[test]
fn the_longest_prefix_leads() {
    let vpc = routed();
    let (inner, routed) = ([10, 0, 2, 5], [100, 64, 1, 6]);
    assert_eq!(led(&vpc, inner, [203, 0, 113, 1], SMTP).as_deref(), Some("hnat"));
    assert_eq!(led(&vpc, inner, [10, 9, 1, 1], SMTP).as_deref(), Some("p1"));
    assert_eq!(led(&vpc, inner, routed, SMTP).as_deref(), Some("hrouted"), "a VPC's further block is its own too");
    assert_eq!(led(&vpc, routed, inner, SMTP).as_deref(), Some("hrouter"), "a route may be more specific than the VPC");
    assert_eq!(led(&vpc, routed, [192, 0, 2, 1], SMTP), None, "a black hole");
    assert_eq!(led(&vpc, [10, 0, 1, 8], [203, 0, 113, 1], SMTP), None, "no public address");
    assert_eq!(led(&vpc, [10, 0, 1, 9], [203, 0, 113, 1], SMTP).as_deref(), Some(INTERNET_LINK));
    assert_eq!(led(&vpc, [10, 9, 0, 1], inner, SMTP).as_deref(), Some("hinner"));
    assert_eq!(led(&vpc, [10, 9, 0, 1], [203, 0, 113, 1], SMTP), None, "a neighbour does not get through");
}

#[test]
fn a_gateway_is_reached_by_its_route_or_by_the_internet() {
    let mut vpc = routed();
    let to = [192, 0, 2, 3];
    vpc.gateways = vec![to.into()];
    let (inner, routed, public) = ([10, 0, 2, 5], [100, 64, 1, 6], [10, 0, 1, 9]);
    assert_eq!(led(&vpc, inner, to, 80), None, "its route leads to a NAT gateway");
    assert_eq!(led(&vpc, public, to, 80).as_deref(), Some("gateway"), "it has a public address");
    assert_eq!(led(&vpc, [10, 0, 1, 8], to, 80), None, "it has none");
    assert_eq!(led(&vpc, [10, 9, 0, 1], to, 80), None, "a neighbour does not get through");
    for subnet in &mut vpc.subnets {
        subnet.routes.push(route("192.0.2.3/32", Way::Local));
    }
    assert_eq!(led(&vpc, inner, to, 80).as_deref(), Some("gateway"));
    assert_eq!(led(&vpc, routed, to, 80).as_deref(), Some("gateway"));
    vpc.groups[0].egress.clear();
    assert_eq!(led(&vpc, inner, to, 80), None, "its group lets nothing out");
    insta::assert_snapshot!(vpc_ruleset(&vpc));
}

#[test]
fn a_router_passes_on_what_is_not_its_own() {
    let mut vpc = routed();
    let packet = Packet { source: [100, 64, 1, 6].into(), destination: [10, 0, 2, 5].into(), protocol: 6, detail: SMTP };
    let at_router = |vpc: &Vpc| exit(vpc, Place::Interface(&vpc.interfaces[1]), packet).is_some();
    assert!(at_router(&vpc));
    vpc.interfaces[1].checked = true;
    assert!(!at_router(&vpc), "not while it is checked");
    assert_eq!(led(&vpc, [100, 64, 1, 6], [10, 0, 2, 5], SMTP), None, "nor is anything led there");
}

#[test]
fn acls_watch_the_border_in_order() {
    let vpc = routed();
    let (watched, balancer, inner) = ([10, 0, 4, 7], [10, 0, 4, 8], [10, 0, 2, 5]);
    assert!(led(&vpc, [203, 0, 113, 1], watched, 443).is_some() && led(&vpc, inner, balancer, 443).is_some());
    assert_eq!(led(&vpc, [203, 0, 113, 66], watched, 443), None, "the first rule that matches counts");
    assert_eq!(led(&vpc, inner, watched, 80), None);
    assert!(led(&vpc, watched, inner, 443).is_some() && led(&vpc, watched, [203, 0, 113, 1], 443).is_none());
    assert!(led(&vpc, watched, balancer, 80).is_some(), "nothing is watched within the subnet");
}

#[test]
fn the_ruleset_of_a_watched_interface() {
    insta::assert_snapshot!(vpc_ruleset(&Vpc { logged: vec!["hwatched".into()], ..routed() }));
}
