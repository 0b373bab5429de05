//! Network ACLs, tried with real sockets.

use crate::lab::*;
use agent_proto::network::{AclRule, NetworkAcl, Protocol, Vpc};

fn rule(number: u16, allow: bool, protocol: Protocol, peer: &str) -> AclRule {
    AclRule { number, allow, protocol, cidr: cidr(peer).into() }
}

/// Linux's own choice of ports.
const EPHEMERAL: Protocol = Protocol::Tcp(1024, 65535);

/// A watched subnet with a server and somebody near it, and another subnet with a client; the groups let everything pass.
fn watched(id: &str, ingress: Vec<AclRule>, egress: Vec<AclRule>) -> Vpc {
    let mut vpc = vpc(id)
        .subnet("subnet-2", "10.0.2.0/24", &[])
        .group("sg-1", &[(Protocol::All, "0.0.0.0/0")])
        .with("server", 10, &["sg-1"])
        .public(1)
        .with("near", 11, &["sg-1"])
        .with("client", 12, &["sg-1"])
        .placed("subnet-2", [10, 0, 2, 12])
        .with_edge("lb", 13, &["sg-1"]);
    vpc.subnets[0].acl = Some("acl-1".into());
    vpc.acls = vec![NetworkAcl { id: "acl-1".into(), ingress, egress }];
    vpc
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_need_a_rule_of_their_own() {
    let Some(lab) = Lab::new("stateless") else { return };
    let web = || vec![rule(100, true, tcp(80), "10.0.2.0/24")];
    let closed = watched("vpc-stateless", vec![], vec![]);
    lab.ensure(&[&closed]).await;
    let (server, near, client) =
        (lab.join(&closed, "server").await, lab.join(&closed, "near").await, lab.join(&closed, "client").await);
    let _listeners = [80, 81].map(|port| server.tcp_listen(any(port)).expect("a free port"));
    assert!(reaches(&near, (at(10), 81)), "nothing is judged within a subnet");
    assert!(is_silent(&client, (at(10), 80)), "an ACL without rules lets nothing pass");

    lab.ensure(&[&watched("vpc-stateless", web(), vec![])]).await;
    assert!(is_silent(&client, (at(10), 80)), "the question arrives, the answer does not");
    lab.ensure(&[&watched("vpc-stateless", web(), vec![rule(100, true, EPHEMERAL, "0.0.0.0/0")])]).await;
    assert!(reaches(&client, (at(10), 80)));
    assert!(is_silent(&client, (at(10), 81)));
    assert!(is_silent(&lab.host(), ([198, 18, 0, 1], 80)), "the host is another side than the rule's");

    let refused = [rule(99, false, tcp(80), "10.0.2.12/32"), rule(100, true, Protocol::All, "0.0.0.0/0")];
    lab.ensure(&[&watched("vpc-stateless", refused.to_vec(), vec![rule(1, true, Protocol::All, "0.0.0.0/0")])]).await;
    assert!(is_silent(&client, (at(10), 80)), "the lowest number that matches counts");
    assert!(reaches(&client, (at(10), 81)) && reaches(&lab.host(), ([198, 18, 0, 1], 80)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_taken_away_ends_what_goes_on() {
    let Some(lab) = Lab::new("ends") else { return };
    let all = || vec![rule(100, true, Protocol::All, "0.0.0.0/0")];
    let open = watched("vpc-ends", all(), all());
    lab.ensure(&[&open]).await;
    let (server, client) = (lab.join(&open, "server").await, lab.join(&open, "client").await);
    let (question, answer) = (client.udp_bind(any(5000)).expect("a port"), server.udp_bind(any(53)).expect("a port"));
    let exchange = || {
        question.send_to(b"?", (at(10), 53)).expect("sent");
        let mut space = [0; 8];
        let heard = answer.recv_from(&mut space).is_ok();
        answer.send_to(b"!", ("10.0.2.12", 5000)).expect("sent");
        (heard, question.recv_from(&mut space).is_ok())
    };
    assert_eq!(exchange(), (true, true));
    lab.ensure(&[&watched("vpc-ends", vec![], all())]).await;
    assert_eq!(exchange(), (false, true), "connections are not known to an ACL");
    lab.ensure(&[&watched("vpc-ends", all(), vec![rule(1, false, Protocol::Udp(5000, 5000), "0.0.0.0/0")])]).await;
    assert_eq!(exchange(), (true, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn balancers_are_in_their_subnets_and_services_in_none() {
    let Some(lab) = Lab::new("balancer") else { return };
    let vpc = watched("vpc-balancer", vec![rule(1, true, tcp(80), "10.0.2.0/24")], vec![rule(1, true, EPHEMERAL, "10.0.2.0/24")]);
    lab.ensure(&[&vpc]).await;
    let (server, client, router) = (lab.join(&vpc, "server").await, lab.join(&vpc, "client").await, lab.router("vpc-balancer"));
    let _listeners = [80, 81].map(|port| router.tcp_listen((at(13), port).into()).expect("the balancer's address"));
    assert!(reaches(&client, (at(13), 80)) && is_silent(&client, (at(13), 81)));
    assert!(reaches(&server, (at(13), 81)), "they are neighbours");
    let _names = router.tcp_listen(([10, 0, 0, 2], 53).into()).expect("the router's own address");
    let _metadata = router.tcp_listen(([169, 254, 169, 254], 80).into()).expect("the router's own address");
    assert!(reaches(&server, ([10, 0, 0, 2], 53)) && reaches(&server, ([169, 254, 169, 254], 80)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acl_that_is_not_there_lets_nothing_pass() {
    let Some(lab) = Lab::new("absent") else { return };
    let mut vpc = watched("vpc-absent", vec![], vec![]);
    vpc.acls.clear();
    lab.ensure(&[&vpc]).await;
    let (server, client) = (lab.join(&vpc, "server").await, lab.join(&vpc, "client").await);
    let _listener = server.tcp_listen(any(80)).expect("a free port");
    assert!(is_silent(&client, (at(10), 80)));
}
