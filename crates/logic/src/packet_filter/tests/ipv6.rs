//! IPv6 by example.

use super::*;

const V6: &str = "2001:db8:0:100::/56";

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// A public subnet with somebody in it, and one that only reaches out.
fn dual() -> Vpc {
    let both = |subnet: &str, last: u8, address6: &str, reachable: bool| Interface {
        subnet: subnet.into(),
        addresses: vec![([10, 0, last, 5].into(), None), (address(address6), reachable.then(|| address(address6)))],
        ..interface(5, &["sg-1"], None, port(last))
    };
    let subnet = |id: &str, v4: &str, v6: &str| Subnet {
        cidrs: vec![cidr(v4), cidr(v6)],
        routes: vec![route("::/0", Way::Link(INTERNET_LINK.into()))],
        ..public_subnet(id, v4)
    };
    let ssh = |peer: &str| Rule { id: Some("sgr-ssh".into()), ..rule(Protocol::Tcp(22, 22), peer) };
    Vpc {
        cidrs: vec![cidr("10.0.0.0/16"), cidr(V6)],
        subnets: vec![
            subnet("subnet-public", "10.0.1.0/24", "2001:db8:0:101::/64"),
            subnet("subnet-out", "10.0.2.0/24", "2001:db8:0:102::/64"),
        ],
        interfaces: vec![both("subnet-public", 1, "2001:db8:0:101::5", true), both("subnet-out", 2, "2001:db8:0:102::5", false)],
        groups: vec![Group {
            id: "sg-1".into(),
            ingress: vec![ssh("::/0"), rule(Protocol::Icmpv6(Some(128), None), "sg-1"), rule(Protocol::Icmp(None, None), "::/0")],
            egress: vec![rule(Protocol::All, "::/0")],
        }],
        ..empty()
    }
}

#[test]
fn the_ruleset_of_a_vpc_with_ipv6() {
    insta::assert_snapshot!(vpc_ruleset(&dual()));
}

#[test]
fn the_meaning_of_a_vpc_with_ipv6() {
    let vpc = dual();
    let tcp = |from: &str, to: &str, port| {
        allows(&vpc, Packet { source: address(from), destination: address(to), protocol: 6, detail: port })
    };
    let (public, private, out) = ("2001:db8:0:101::5", "2001:db8:0:102::5", "2001:db8:ffff::1");
    assert!(tcp(public, private, 22) && tcp(private, public, 22) && !tcp(public, private, 80));
    assert!(tcp(out, public, 22) && !tcp(out, public, 80));
    assert!(!tcp(out, private, 22), "nothing comes in where only an egress-only gateway leads out");
    assert!(tcp(private, out, 80) && tcp(public, out, 80), "but both get out");
    assert!(!tcp("10.0.1.5", "10.0.2.5", 22), "rules for one family say nothing of the other");
    let ping = Packet { source: address(public), destination: address(private), protocol: 58, detail: 0x8000 };
    assert!(allows(&vpc, ping) && !allows(&vpc, Packet { detail: 0x8100, ..ping }));
}
