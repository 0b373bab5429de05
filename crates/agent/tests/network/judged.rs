//! VPCs by chance: what the kernel does with a packet is what the rules mean ([`logic::packet_filter::allows`]).

use crate::lab::*;
use agent_proto::network::{Peer, Protocol, Rule, SecurityGroup, Vpc};
use logic::packet_filter::{self as filter, Packet, allows};
use std::collections::BTreeSet;
use std::net::UdpSocket;

/// Where the interfaces are: 10.0.1.2 and so on.
const PLACES: std::ops::RangeInclusive<u8> = 2..=6;
const PORTS: std::ops::Range<u16> = 1000..1004;

/// Numbers that look like chance and are the same every time (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn rule(&mut self) -> Rule {
        let port = |it: u64| PORTS.start + it as u16;
        let protocol = match self.below(5) {
            0 => Protocol::All,
            1 => Protocol::Tcp(0, 65535),
            2 => Protocol::Number(17),
            _ => Protocol::Udp(port(self.below(4)), port(self.below(4))),
        };
        let peer = match self.below(4) {
            0 => Peer::Cidr(cidr("0.0.0.0/0").into()),
            1 => Peer::Cidr(cidr("10.0.1.4/31").into()),
            other => Peer::Group(format!("sg-{}", (other + self.below(2)) % 3)),
        };
        Rule { id: None, protocol, peer }
    }

    fn vpc(&mut self) -> Vpc {
        let mut vpc = vpc("vpc-judged");
        for number in 0..3 {
            let mut rules = || (0..self.below(3)).map(|_| self.rule()).collect();
            vpc.groups.push(SecurityGroup { id: format!("sg-{number}"), ingress: rules(), egress: rules() });
        }
        for last in PLACES {
            let groups: Vec<_> = (0..1 + self.below(2)).map(|_| format!("sg-{}", self.below(3))).collect();
            vpc = vpc.with(&format!("w{last}"), last, &groups.iter().map(String::as_str).collect::<Vec<_>>());
        }
        vpc
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kernel_does_what_the_rules_mean() {
    let Some(lab) = Lab::new("judged") else { return };
    let mut dice = Dice(7);
    let first = dice.vpc();
    lab.ensure(&[&first]).await;
    let mut sockets = vec![];
    for last in PLACES {
        let inside = lab.join(&first, &format!("w{last}")).await;
        sockets.push((last, PORTS.map(|port| inside.udp_bind(any(port)).expect("a free port")).collect::<Vec<_>>(), inside));
    }
    let mut allowed = 0;
    for round in 0..30_u16 {
        let vpc = dice.vpc();
        lab.ensure(&[&vpc]).await;
        let meant = meaning(&vpc);
        allowed += meant.len();
        for (from, _, inside) in &sockets {
            // A flow that was allowed before would still be known, so each round comes from another port.
            let sender = inside.udp_bind(any(2000 + round)).expect("a free port");
            for to in PLACES.filter(|to| to != from) {
                PORTS.for_each(|port| drop(sender.send_to(&[*from], (at(to), port))));
            }
        }
        let seen = sockets
            .iter()
            .flat_map(|(to, ports, _)| ports.iter().zip(PORTS).flat_map(|(socket, port)| heard(socket, *to, port)))
            .collect();
        assert_eq!(meant, seen, "{vpc:#?}");
    }
    assert!(allowed > 100, "the dice allow something: {allowed}");
}

/// Who reaches whom at which port.
fn meaning(vpc: &Vpc) -> BTreeSet<(u8, u8, u16)> {
    let described = described(vpc);
    let pairs = PLACES.flat_map(|from| PLACES.filter(move |to| *to != from).map(move |to| (from, to)));
    let all = pairs.flat_map(|(from, to)| PORTS.map(move |port| (from, to, port)));
    all.filter(|(from, to, port)| {
        allows(&described, Packet { source: at(*from).into(), destination: at(*to).into(), protocol: 17, detail: *port })
    })
    .collect()
}

/// What has come to the socket. Packets between namespaces of one machine have come when they have been sent.
fn heard(socket: &UdpSocket, to: u8, port: u16) -> Vec<(u8, u8, u16)> {
    let mut space = [0; 8];
    std::iter::from_fn(|| socket.recv_from(&mut space).ok().map(|_| (space[0], to, port))).collect()
}

fn described(vpc: &Vpc) -> filter::Vpc {
    let rule = |rule: &Rule| filter::Rule {
        id: None,
        protocol: match rule.protocol {
            Protocol::All => filter::Protocol::All,
            Protocol::Tcp(from, to) => filter::Protocol::Tcp(from, to),
            Protocol::Udp(from, to) => filter::Protocol::Udp(from, to),
            Protocol::Icmp(kind, code) => filter::Protocol::Icmp(kind, code),
            Protocol::Icmpv6(kind, code) => filter::Protocol::Icmpv6(kind, code),
            Protocol::Number(number) => filter::Protocol::Number(number),
        },
        peer: match &rule.peer {
            Peer::Cidr(cidr) => filter::Peer::Cidr(*cidr),
            Peer::Group(id) => filter::Peer::Group(id.clone()),
        },
    };
    let group = |it: &SecurityGroup| filter::Group {
        id: it.id.clone(),
        ingress: it.ingress.iter().map(rule).collect(),
        egress: it.egress.iter().map(rule).collect(),
    };
    let interface = |it: &agent_proto::network::Interface| filter::Interface {
        subnet: it.subnet.clone(),
        addresses: vec![(it.address.into(), None)],
        groups: Some(it.groups.clone()),
        checked: true,
        link: filter::Link::Port(it.id.clone()),
    };
    filter::Vpc {
        cidrs: vec![vpc.cidr.into()],
        subnets: vpc
            .subnets
            .iter()
            .map(|it| filter::Subnet { id: it.id.clone(), cidrs: vec![it.cidr.into()], routes: vec![], acl: None })
            .collect(),
        neighbours: vec![],
        gateways: vec![],
        logged: vec![],
        interfaces: vpc.interfaces.iter().map(interface).collect(),
        groups: vpc.groups.iter().map(group).collect(),
    }
}
