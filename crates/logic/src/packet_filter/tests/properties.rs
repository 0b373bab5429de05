//! VPCs by chance: the ruleset means what [`super::super::exit`] says.

use super::interpreter::{Table, link};
use super::*;
use proptest::prelude::*;

/// Few enough addresses, groups and ports that rules meet packets often.
fn any_vpc() -> impl Strategy<Value = Vpc> {
    let rules = || prop::collection::vec(any_rule(), 0..4);
    let group = |id: &'static str| (rules(), rules()).prop_map(move |(ingress, egress)| Group { id: id.into(), ingress, egress });
    let subnets =
        (any_subnet("subnet-a", "10.0.1.0/28", "2001:db8::/124"), any_subnet("subnet-b", "10.0.1.16/28", "2001:db8::10/124"));
    let beside = prop::collection::vec(prop::sample::select(vec![3, 4]), 0..2);
    let logged = prop::collection::vec(prop::sample::select(vec!["h1", "h2", "h3", "h18"]), 0..3);
    let members = (beside, logged, any::<bool>());
    (prop::collection::vec(any_interface(), 0..8), (group("sg-a"), group("sg-b"), group("sg-c")), subnets, members).prop_map(
        |(interfaces, groups, subnets, (members, logged, gateway))| Vpc {
            subnets: vec![subnets.0, subnets.1],
            interfaces: distinct(interfaces),
            groups: vec![groups.0, groups.1, groups.2],
            neighbours: vec![Neighbour {
                link: "p1".into(),
                cidrs: vec![cidr("10.9.0.0/24"), cidr("10.9.1.0/24"), cidr("2001:db8:9::/64")],
                members: vec![(
                    "sg-beside".into(),
                    members.into_iter().flat_map(|last| [[10, 9, 0, last].into(), v6(9, last)]).collect(),
                )],
            }],
            gateways: gateway.then_some([203, 0, 113, 9].into()).into_iter().collect(),
            logged: logged.into_iter().map(str::to_owned).collect(),
            cidrs: vec![cidr("10.0.0.0/16"), cidr("2001:db8::/120")],
        },
    )
}

fn any_interface() -> impl Strategy<Value = Interface> {
    let groups = prop::collection::vec(prop::sample::select(vec!["sg-a", "sg-b", "sg-c", "sg-unknown"]), 0..3);
    let kind =
        (any::<bool>(), prop::bool::weighted(0.3), prop::bool::weighted(0.1), any::<bool>(), prop::option::of(any::<bool>()));
    (1..6_u8, 0..2_u8, groups, prop::option::of(1..20_u8), kind).prop_map(
        |(last, place, groups, public, (local, unchecked, unjudged, two, ipv6))| {
            let last = last + 16 * place;
            let plain = interface(last, &groups, public, if local { Link::Local } else { port(last) });
            let second = two.then(|| ([10, 0, 1, last + 8].into(), None));
            let third = ipv6.filter(|_| !local).map(|reachable| (v6(0, last), reachable.then_some(v6(0, last))));
            Interface {
                subnet: ["subnet-a", "subnet-b"][usize::from(place)].into(),
                addresses: plain.addresses.iter().copied().chain(second).chain(third).collect(),
                groups: plain.groups.clone().filter(|_| !unjudged),
                checked: local || !unchecked,
                ..plain
            }
        },
    )
}

fn any_subnet(id: &'static str, addresses: &'static str, addresses6: &'static str) -> impl Strategy<Value = Subnet> {
    let ways = vec![
        Way::Link(INTERNET_LINK.into()),
        Way::Link("p1".into()),
        Way::Link("h3".into()),
        Way::Link("h18".into()),
        Way::Local,
        Way::Nowhere,
    ];
    let places = vec![
        "0.0.0.0/0",
        "203.0.113.0/24",
        "10.9.0.0/16",
        "10.0.0.0/16",
        "10.0.1.0/27",
        "10.0.1.16/28",
        "10.0.1.18/32",
        "::/0",
        "2001:db8:9::/64",
        "2001:db8::10/124",
        "2001:db8::12/128",
    ];
    let route = (prop::sample::select(places), prop::sample::select(ways)).prop_map(|(to, way)| route(to, way));
    let rules = || prop::collection::vec(any_acl_rule(), 0..5);
    let acl = (rules(), rules()).prop_map(|(ingress, egress)| Acl { ingress, egress });
    (prop::collection::vec(route, 0..4), prop::option::of(acl)).prop_map(move |(routes, acl)| Subnet {
        id: id.into(),
        cidrs: vec![cidr(addresses), cidr(addresses6)],
        routes,
        acl,
    })
}

/// No two interfaces share an address, inside or outside; the control plane sees to it.
fn distinct(mut interfaces: Vec<Interface>) -> Vec<Interface> {
    interfaces.sort_by_key(|it| it.addresses[0].1);
    interfaces.dedup_by(|a, b| a.addresses[0].1.is_some() && a.addresses[0].1 == b.addresses[0].1);
    interfaces.sort_by_key(|it| it.addresses[0].0);
    interfaces.dedup_by_key(|it| it.addresses[0].0);
    interfaces
}

fn any_protocol() -> impl Strategy<Value = Protocol> {
    prop_oneof![
        Just(Protocol::All),
        (0..6_u16, 0..6_u16).prop_map(|(from, to)| Protocol::Tcp(from, to)),
        (0..6_u16, 0..6_u16).prop_map(|(from, to)| Protocol::Udp(from, to)),
        (prop::option::of(0..3_u8), prop::option::of(0..3_u8)).prop_map(|(kind, code)| Protocol::Icmp(kind, code)),
        (prop::option::of(0..3_u8), prop::option::of(0..3_u8)).prop_map(|(kind, code)| Protocol::Icmpv6(kind, code)),
        prop::sample::select(vec![1, 6, 17, 47, 58]).prop_map(Protocol::Number),
    ]
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let peers = vec![
        "0.0.0.0/0",
        "10.0.1.0/30",
        "10.0.1.16/28",
        "198.18.0.0/15",
        "sg-a",
        "sg-b",
        "sg-unknown",
        "sg-beside",
        "10.9.0.0/24",
        "::/0",
        "2001:db8::/126",
        "2001:db8:9::/64",
    ];
    (any_protocol(), prop::sample::select(peers)).prop_map(|(protocol, peer)| rule(protocol, peer))
}

fn any_acl_rule() -> impl Strategy<Value = AclRule> {
    let peers = vec![
        "0.0.0.0/0",
        "0.0.0.0/0",
        "10.0.1.0/28",
        "10.0.1.16/30",
        "203.0.113.0/24",
        "10.9.0.0/16",
        "::/0",
        "::/0",
        "2001:db8::/124",
    ];
    (prop::bool::weighted(0.7), any_protocol(), prop::sample::select(peers)).prop_map(|(allow, protocol, peer)| AclRule {
        allow,
        protocol,
        peer: cidr(peer),
    })
}

fn any_packet() -> impl Strategy<Value = Packet> {
    let address = || {
        prop_oneof![
            4 => (1..6_u8, 0..4_u8).prop_map(|(last, place)| [10, 0, 1, last + 8 * place]),
            1 => Just([198, 18, 3, 3]),
            1 => Just([203, 0, 113, 9]),
            1 => prop::sample::select(vec![3, 4, 5]).prop_map(|last| [10, 9, 0, last]),
        ]
    };
    let address6 = || {
        prop_oneof![
            4 => (1..6_u8, 0..2_u8).prop_map(|(last, place)| v6(0, last + 16 * place)),
            1 => Just(v6(0x1f, 1)),
            1 => prop::sample::select(vec![3, 4, 5]).prop_map(|last| v6(9, last)),
        ]
    };
    let pair = prop_oneof![
        2 => (address(), address()).prop_map(|(from, to)| (IpAddr::from(from), IpAddr::from(to))),
        1 => (address6(), address6()),
    ];
    let detail = prop_oneof![0..6_u16, (0..3_u16, 0..3_u16).prop_map(|(kind, code)| kind << 8 | code)];
    (pair, prop::sample::select(vec![1, 6, 17, 47, 58]), detail).prop_map(|((source, destination), protocol, detail)| Packet {
        source,
        destination,
        protocol,
        detail,
    })
}

/// 2001:db8:`net`::`last`.
fn v6(net: u16, last: u8) -> IpAddr {
    [0x2001, 0xdb8, net, 0, 0, 0, 0, last.into()].into()
}

/// Where a packet that bears another's address may come from: a network interface of somebody else, or from outside.
fn elsewhere(vpc: &Vpc, chosen: usize) -> Place<'_> {
    let ports: Vec<_> = vpc.interfaces.iter().filter(|it| it.link != Link::Local).collect();
    match ports.get(chosen % (ports.len() + 2)) {
        Some(interface) => Place::Interface(interface),
        None if chosen.is_multiple_of(2) => Place::Internet,
        None => Place::Neighbour("p1"),
    }
}

fn name(place: Place<'_>) -> String {
    match place {
        Place::Interface(it) => link(&it.link),
        Place::Internet => INTERNET_LINK.into(),
        Place::Neighbour(link) => link.to_owned(),
        Place::Gateway => "lo".into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn the_text_means_what_the_judge_says(
        vpc in any_vpc(),
        packets in prop::collection::vec((any_packet(), prop::option::of(0..8_usize)), 20),
    ) {
        let text = vpc_ruleset(&vpc);
        let table = Table::parse(&text);
        for (packet, forged) in packets.into_iter().filter(|(it, _)| it.source != it.destination) {
            let from = match forged {
                Some(chosen) => Some(elsewhere(&vpc, chosen)),
                None => sender(&vpc, packet.source),
            };
            let Some(from) = from else { continue };
            let meant = exit(&vpc, from, packet).map(name);
            prop_assert_eq!(table.exit(&vpc, from, packet), meant, "{:?} from {:?}\n{}", packet, from, text);
        }
    }

    #[test]
    fn ways_keep_their_numbers(names in prop::collection::btree_set("h[0-9a-f]{12}", 1..40)) {
        let unchecked = |name: &String| Interface { checked: false, ..interface(9, &[], None, Link::Port(name.clone())) };
        let led = |names: &[String]| Vpc {
            subnets: vec![Subnet {
                routes: names.iter().enumerate().map(|(place, name)| route(&format!("10.{place}.0.0/16"), Way::Link(name.clone()))).collect(),
                ..public_subnet("subnet-1", "10.0.1.0/24")
            }],
            interfaces: names.iter().map(unchecked).collect(),
            ..empty()
        };
        let names: Vec<_> = names.into_iter().collect();
        let all = exits(&led(&names));
        let numbers: std::collections::BTreeSet<_> = all.values().collect();
        prop_assert_eq!(numbers.len(), names.len(), "each has its own");
        let without_last = exits(&led(&names[..names.len() - 1]));
        prop_assert!(without_last.iter().all(|(name, number)| all[name] == *number), "what comes after it changes none");
    }
}
