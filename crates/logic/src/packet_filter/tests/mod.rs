//! What the rulesets look like, and that they mean what [`super::allows`] says.

mod interpreter;

use super::*;
use interpreter::Table;
use model::Cidr;
use proptest::prelude::*;

fn rule(protocol: Protocol, peer: &str) -> Rule {
    Rule { protocol, peer: peer.parse::<Cidr>().map(Peer::Cidr).unwrap_or_else(|_| Peer::Group(peer.into())) }
}

fn group(id: &str, ingress: Vec<Rule>) -> Group {
    Group { id: id.into(), ingress, egress: vec![rule(Protocol::All, "0.0.0.0/0")] }
}

fn interface(last: u8, groups: &[&str], public: Option<u8>, link: Link) -> Interface {
    Interface {
        address: Ipv4Addr::new(10, 0, 1, last),
        public_address: public.map(|last| Ipv4Addr::new(198, 18, 0, last)),
        groups: groups.iter().map(|id| id.to_string()).collect(),
        link,
    }
}

fn port(last: u8) -> Link {
    Link::Port(format!("h{last}"))
}

/// A load balancer in front of a web server, and a database behind it.
fn three_tiers() -> Vpc {
    Vpc {
        cidr: Cidr::new(Ipv4Addr::new(10, 0, 0, 0), 16),
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
    }
}

#[test]
fn the_ruleset_of_three_tiers() {
    insta::assert_snapshot!(vpc_ruleset(&three_tiers()));
}

#[test]
fn the_ruleset_of_an_empty_vpc() {
    insta::assert_snapshot!(vpc_ruleset(&Vpc {
        cidr: Cidr::new(Ipv4Addr::new(172, 31, 0, 0), 16),
        interfaces: vec![],
        groups: vec![]
    }));
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
    assert!(text.contains("chain in-sg-web {\n\t\tudp dport 0-65535 accept\n\t}"), "{text}");
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
    insta::assert_snapshot!(instance_ruleset() + &internet_ruleset("host0", "egress0"));
}

/// Few enough addresses, groups and ports that rules meet packets often.
fn any_vpc() -> impl Strategy<Value = Vpc> {
    let groups = || prop::collection::vec(prop::sample::select(vec!["sg-a", "sg-b", "sg-c", "sg-unknown"]), 0..3);
    let interface = (1..8_u8, groups(), prop::option::of(1..20_u8), any::<bool>())
        .prop_map(|(last, groups, public, local)| interface(last, &groups, public, if local { Link::Local } else { port(last) }));
    let rules = || prop::collection::vec(any_rule(), 0..4);
    let group = |id: &'static str| (rules(), rules()).prop_map(move |(ingress, egress)| Group { id: id.into(), ingress, egress });
    (prop::collection::vec(interface, 0..8), group("sg-a"), group("sg-b"), group("sg-c")).prop_map(|(interfaces, a, b, c)| Vpc {
        cidr: Cidr::new(Ipv4Addr::new(10, 0, 0, 0), 16),
        interfaces: distinct(interfaces),
        groups: vec![a, b, c],
    })
}

/// No two interfaces share an address, inside or outside; the control plane sees to it.
fn distinct(mut interfaces: Vec<Interface>) -> Vec<Interface> {
    interfaces.sort_by_key(|it| it.public_address);
    interfaces.dedup_by(|a, b| a.public_address.is_some() && a.public_address == b.public_address);
    interfaces.sort_by_key(|it| it.address);
    interfaces.dedup_by_key(|it| it.address);
    interfaces
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let peers = vec!["0.0.0.0/0", "10.0.1.0/30", "10.0.1.4/32", "198.18.0.0/15", "sg-a", "sg-b", "sg-unknown"];
    let protocol = prop_oneof![
        Just(Protocol::All),
        (0..6_u16, 0..6_u16).prop_map(|(from, to)| Protocol::Tcp(from, to)),
        (0..6_u16, 0..6_u16).prop_map(|(from, to)| Protocol::Udp(from, to)),
        (prop::option::of(0..3_u8), prop::option::of(0..3_u8)).prop_map(|(kind, code)| Protocol::Icmp(kind, code)),
        prop::sample::select(vec![1, 6, 17, 47]).prop_map(Protocol::Number),
    ];
    (protocol, prop::sample::select(peers)).prop_map(|(protocol, peer)| rule(protocol, peer))
}

fn any_packet() -> impl Strategy<Value = Packet> {
    let address =
        || prop_oneof![4 => (1..9_u8).prop_map(|last| [10, 0, 1, last]), 1 => Just([198, 18, 3, 3]), 1 => Just([203, 0, 113, 9])];
    let detail = prop_oneof![0..6_u16, (0..3_u16, 0..3_u16).prop_map(|(kind, code)| kind << 8 | code)];
    (address(), address(), prop::sample::select(vec![1, 6, 17, 47]), detail).prop_map(
        |(source, destination, protocol, detail)| Packet {
            source: source.into(),
            destination: destination.into(),
            protocol,
            detail,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn the_text_means_what_the_judge_says(vpc in any_vpc(), packets in prop::collection::vec(any_packet(), 20)) {
        let text = vpc_ruleset(&vpc);
        let table = Table::parse(&text);
        for packet in packets.into_iter().filter(|it| it.source != it.destination) {
            prop_assert_eq!(table.passes(&vpc, packet), allows(&vpc, packet), "{:?}\n{}", packet, text);
        }
    }
}
