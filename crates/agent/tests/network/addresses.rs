//! Addresses: several of one interface, public ones that move, interfaces that move.

use crate::lab::*;
use agent::network::Network as _;
use agent_proto::network::{Attachment, PrivateAddress, Protocol, Vpc};
use netns::Namespace;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};

const FIRST: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
const SECOND: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 2);

fn open(id: &str) -> Vpc {
    vpc(id).group("sg-1", &[(Protocol::All, "0.0.0.0/0")]).group("sg-shut", &[])
}

/// Gives the last interface a secondary address, with 198.18.0.2 if it is public.
fn with_secondary(mut vpc: Vpc, last: u8, public: bool) -> Vpc {
    let address = PrivateAddress { address: at(last), public_address: public.then_some(SECOND) };
    vpc.interfaces.last_mut().expect("an interface").secondary.push(address);
    vpc
}

#[tokio::test(flavor = "multi_thread")]
async fn each_address_has_its_public_one() {
    let Some(lab) = Lab::new("secondary") else { return };
    let base = || open("vpc-secondary").with("client", 11, &["sg-1"]).with("web", 10, &["sg-1"]).public(1);
    let vpc = with_secondary(base(), 20, true);
    lab.ensure(&[&vpc]).await;
    let (web, client, host) = (lab.join(&vpc, "web").await, lab.join(&vpc, "client").await, lab.host());
    let listener = web.tcp_listen(any(80)).expect("a free port");
    for (public, own) in [(FIRST, at(10)), (SECOND, at(20))] {
        assert!(reaches(&host, (public, 80)) && reaches(&client, (own, 80)));
        for _ in 0..2 {
            assert_eq!(listener.accept().expect("a connection").0.local_addr().expect("an address").ip(), IpAddr::from(own));
        }
    }
    let seen = client.tcp_listen(any(81)).expect("a free port");
    let socket = web.tcp_socket_bound((at(20), 0).into()).expect("the secondary address");
    tokio::net::TcpSocket::from_std_stream(socket).connect((at(11), 81).into()).await.expect("it is its own");
    assert_eq!(seen.accept().expect("a connection").1.ip(), IpAddr::from(at(20)));

    lab.ensure(&[&base()]).await;
    assert!(is_silent(&host, (SECOND, 80)) || connect(&host, (SECOND, 80), SILENCE).is_err());
    assert!(connect(&client, (at(20), 80), SILENCE).is_err(), "it was taken away while everything ran");
    assert!(reaches(&host, (FIRST, 80)));
    lab.ensure(&[&with_secondary(base(), 21, true)]).await;
    command(&web, "ip addr add 10.0.1.21/24 dev eth0");
    assert!(reaches(&host, (SECOND, 80)) && reaches(&client, (at(21), 80)), "and another was given");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secondary_address_moves_to_another_interface() {
    let Some(lab) = Lab::new("takeover") else { return };
    let base = || open("vpc-takeover").with("client", 12, &["sg-1"]);
    let (one, two) = (
        with_secondary(base().with("b", 11, &["sg-1"]).with("a", 10, &["sg-1"]), 20, false),
        with_secondary(base().with("a", 10, &["sg-1"]).with("b", 11, &["sg-1"]), 20, false),
    );
    lab.ensure(&[&one]).await;
    let (a, b, client) = (lab.join(&one, "a").await, lab.join(&one, "b").await, lab.join(&one, "client").await);
    let (at_a, at_b) = (a.tcp_listen(any(80)).expect("a free port"), b.tcp_listen(any(80)).expect("a free port"));
    assert!(reaches(&client, (at(20), 80)));
    assert!(at_a.accept().is_ok());
    lab.ensure(&[&two]).await;
    command(&b, "ip addr add 10.0.1.20/24 dev eth0");
    assert!(reaches(&client, (at(20), 80)));
    assert!(at_b.accept().is_ok() && at_a.accept().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_elastic_address_moves_while_everything_runs() {
    let Some(lab) = Lab::new("elastic") else { return };
    let (one, two) = (
        open("vpc-elastic").with("a", 10, &["sg-1"]).public(1).with("b", 11, &["sg-1"]),
        open("vpc-elastic").with("a", 10, &["sg-1"]).with("b", 11, &["sg-1"]).public(1),
    );
    lab.ensure(&[&one]).await;
    let (a, b, host) = (lab.join(&one, "a").await, lab.join(&one, "b").await, lab.host());
    let (at_a, at_b) = (a.tcp_listen(any(80)).expect("a free port"), b.tcp_listen(any(80)).expect("a free port"));
    let mut into_a = connect(&host, (FIRST, 80), PATIENCE).expect("it leads to the first");
    let (mut seen_by_a, _) = at_a.accept().expect("a connection");
    assert!(hears(&mut into_a, &mut seen_by_a));
    lab.ensure(&[&two]).await;
    assert!(!hears(&mut into_a, &mut seen_by_a), "what was connected does not stay so");
    assert!(reaches(&host, (FIRST, 80)));
    assert!(at_b.accept().is_ok() && at_a.accept().is_err(), "it leads to the other one now");
    lab.ensure(&[&one]).await;
    assert!(reaches(&host, (FIRST, 80)) && at_a.accept().is_ok(), "and back");
}

/// Whether what is sent at one end arrives at the other.
fn hears(from: &mut TcpStream, to: &mut TcpStream) -> bool {
    from.write_all(b"!").expect("sent");
    to.set_nonblocking(false).expect("blocking");
    to.set_read_timeout(Some(SILENCE)).expect("a deadline");
    // Not `read`, which any signal ends: of a child, for example.
    to.read_exact(&mut [0; 1]).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interface_moves_with_address_and_groups() {
    let Some(lab) = Lab::new("moves") else { return };
    let of = |owner: &str| {
        let mut vpc = open("vpc-moves").with("client", 12, &["sg-1"]).with("x", 10, &["sg-1"]).public(1);
        vpc.interfaces.last_mut().expect("an interface").attachment = Attachment::Workload(owner.into());
        vpc
    };
    lab.ensure(&[&of("a")]).await;
    let (a, client) = (join_as(&lab, &of("a"), "a").await, lab.join(&of("a"), "client").await);
    let serves = |namespace: &Namespace| namespace.tcp_listen(any(80)).expect("a free port");
    let _at_a = serves(&a);
    assert!(reaches(&client, (at(10), 80)));
    lab.ensure(&[&of("b")]).await;
    let b = join_as(&lab, &of("b"), "b").await;
    let at_b = serves(&b);
    assert!(reaches(&client, (at(10), 80)) && at_b.accept().is_ok());
    assert!(reaches(&lab.host(), (FIRST, 80)) && at_b.accept().is_ok(), "with its public address");
    assert!(!command(&a, "ip -o link").contains("eth0"), "it was taken out of the other");
    lab.world.leave("a").await.expect("it leaves");
    assert!(reaches(&client, (at(10), 80)), "which may go without harm");
    let back = join_as(&lab, &of("b"), "b").await;
    assert_eq!(back.identity().ok(), b.identity().ok());
}

/// Plugs `eni-x` into a workload.
async fn join_as(lab: &Lab, vpc: &Vpc, name: &str) -> Namespace {
    let network = agent_proto::workload::Network::Interface { vpc: vpc.id.clone(), interface: "eni-x".into() };
    let join = lab.world.join(&workload(name, network, &[])).await.expect("it joins");
    namespace(&join.containers["main"])
}

#[tokio::test(flavor = "multi_thread")]
async fn name_servers_are_as_dhcp_says() {
    let Some(lab) = Lab::new("dhcp") else { return };
    let mut vpc = open("vpc-dhcp").with("a", 10, &["sg-1"]);
    vpc.dhcp.name_servers = vec![IpAddr::from([10, 0, 1, 53])];
    vpc.dhcp.domain = Some("example.com".into());
    lab.ensure(&[&vpc]).await;
    let network = agent_proto::workload::Network::Interface { vpc: vpc.id.clone(), interface: "eni-a".into() };
    let join = lab.world.join(&workload("a", network, &[])).await.expect("it joins");
    let found = &join.containers["main"];
    assert_eq!(
        (found.hostname.as_deref(), found.search.as_slice()),
        (Some("ip-10-0-1-10.example.com"), ["example.com".into()].as_slice())
    );
    assert_eq!(found.name_servers, [IpAddr::from([10, 0, 1, 53])]);
}
