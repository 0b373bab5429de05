//! Containers in `host`, `bridge` and `none` mode.

use crate::lab::*;
use agent::network::Network as _;
use agent_proto::network::{Protocol, Vpc};
use agent_proto::workload::{Network, PortMapping};
use std::net::{IpAddr, Ipv4Addr};

fn with_instance(id: &str) -> Vpc {
    vpc(id)
        .group("sg-1", &[(Protocol::All, "10.0.1.0/24")])
        .group("sg-2", &[(tcp(8080), "10.0.1.0/24")])
        .with_instance("i-1", 10, &["sg-2"])
        .with("client", 11, &["sg-1"])
}

fn bridge(vpc: &Vpc) -> Network {
    Network::Bridge { vpc: vpc.id.clone(), instance: "i-1".into() }
}

fn port(container_port: u16, host_port: u16) -> PortMapping {
    PortMapping { container_port, host_port, udp: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapped_port_leads_to_the_container() {
    let Some(lab) = Lab::new("mapped") else { return };
    let vpc = with_instance("vpc-mapped");
    lab.ensure(&[&vpc]).await;
    let client = lab.join(&vpc, "client").await;
    let mut wish = workload("task", bridge(&vpc), &[port(80, 8080), port(81, 9090)]);
    wish.containers.push(container("side", &[port(80, 0)]));
    let join = lab.world.join(&wish).await.expect("it joins");
    assert_eq!(lab.world.join(&wish).await.as_ref(), Ok(&join), "again, the same");
    let (main, side) = (&join.containers["main"], &join.containers["side"]);
    assert_eq!((main.address, side.address), (Some([172, 17, 0, 2].into()), Some([172, 17, 0, 3].into())));
    assert_eq!(
        (main.ports.as_slice(), side.ports.as_slice()),
        ([port(80, 8080), port(81, 9090)].as_slice(), [port(80, 32768)].as_slice())
    );
    assert_eq!(main.name_servers, [IpAddr::from([10, 0, 0, 2])]);

    let (inside, beside) = (namespace(main), namespace(side));
    let listener = inside.tcp_listen(any(80)).expect("a free port");
    let _others = [inside.tcp_listen(any(81)), beside.tcp_listen(any(80))];
    assert!(reaches(&client, (at(10), 8080)));
    assert_eq!(listener.accept().expect("a connection").1.ip(), at(11), "the client's own address is seen");
    assert!(is_silent(&client, (at(10), 9090)), "the instance's security group counts");
    assert!(connect(&client, (Ipv4Addr::new(172, 17, 0, 2), 80), SILENCE).is_err(), "nothing leads to a container but its ports");
    assert!(reaches(&beside, (Ipv4Addr::new(172, 17, 0, 2), 80)), "containers of an instance reach each other");
    assert!(
        reaches(&beside, (at(10), 8080)) && reaches(&inside, (at(10), 8080)),
        "at the instance's address too, and themselves"
    );

    let target = client.tcp_listen(any(99)).expect("a free port");
    assert!(reaches(&inside, (at(11), 99)));
    assert_eq!(target.accept().expect("a connection").1.ip(), at(10), "they hide behind the instance");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_refused_until_it_is_free() {
    let mut lab = match Lab::new("in-use") {
        Some(lab) => lab,
        None => return,
    };
    let vpc = with_instance("vpc-inuse");
    lab.ensure(&[&vpc]).await;
    let (first, second) =
        (workload("first", bridge(&vpc), &[port(80, 8080), port(81, 0)]), workload("second", bridge(&vpc), &[port(80, 8080)]));
    let joined = lab.world.join(&first).await.expect("it joins");
    let refused = Err("Bind for 0.0.0.0:8080 failed: port is already allocated".to_owned());
    assert_eq!(lab.world.join(&second).await, refused);
    lab.restart();
    lab.ensure(&[&vpc]).await;
    assert_eq!(lab.world.join(&second).await, refused, "a restarted server knows it too");
    assert_eq!(lab.world.join(&first).await, Ok(joined), "and gives the same answer");
    lab.world.leave("second").await.expect("it leaves");
    lab.world.leave("first").await.expect("it leaves");
    assert_eq!(lab.world.join(&second).await.map(|it| it.containers["main"].ports.clone()), Ok(vec![port(80, 8080)]));

    let host = Network::Host { vpc: vpc.id.clone(), instance: "i-1".into() };
    let host = lab.world.join(&workload("on-host", host, &[])).await.expect("it joins");
    let _process = namespace(&host.containers["main"]).tcp_listen(any(7000)).expect("a free port");
    let refused = lab.world.join(&workload("third", bridge(&vpc), &[port(80, 7000)])).await;
    assert_eq!(
        refused,
        Err("Bind for 0.0.0.0:7000 failed: port is already allocated".to_owned()),
        "a process of the instance has it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn host_mode_is_the_instance_itself() {
    let Some(lab) = Lab::new("hostmode") else { return };
    let vpc = with_instance("vpc-hostmode");
    lab.ensure(&[&vpc]).await;
    let client = lab.join(&vpc, "client").await;
    let wish = workload("task", Network::Host { vpc: vpc.id.clone(), instance: "i-1".into() }, &[port(8080, 8080)]);
    let join = lab.world.join(&wish).await.expect("it joins");
    let main = &join.containers["main"];
    assert_eq!((main.address, main.hostname.as_deref()), (Some(at(10)), Some("ip-10-0-1-10.ec2.internal")));
    let _listener = namespace(main).tcp_listen(any(8080)).expect("a free port");
    assert!(reaches(&client, (at(10), 8080)));

    let bridged = workload("bridged", bridge(&vpc), &[port(80, 9000)]);
    let bridged = lab.world.join(&bridged).await.expect("it joins");
    let _inside = namespace(&bridged.containers["main"]).tcp_listen(any(80)).expect("a free port");
    assert!(reaches(&namespace(main), (Ipv4Addr::LOCALHOST, 9000)), "a mapped port is at the instance's loopback address too");

    lab.ensure(&[]).await;
    assert!(reaches(&client, (at(10), 8080)), "an instance in use stays, and so does its VPC");
    lab.world.leave("task").await.expect("it leaves");
    lab.world.leave("bridged").await.expect("it leaves");
    lab.world.leave("client").await.expect("it leaves");
    lab.ensure(&[]).await;
    assert!(!lab.world.router_path("vpc-hostmode").exists(), "then both go");
}

#[tokio::test(flavor = "multi_thread")]
async fn none_is_loopback_alone() {
    let Some(lab) = Lab::new("none") else { return };
    let join = lab.world.join(&workload("task", Network::None, &[])).await.expect("it joins");
    let inside = namespace(&join.containers["main"]);
    assert_eq!(command(&inside, "ip -o link").lines().count(), 1);
    let _listener = inside.tcp_listen((Ipv4Addr::LOCALHOST, 80).into()).expect("loopback is up");
    assert!(reaches(&inside, (Ipv4Addr::LOCALHOST, 80)));
    lab.world.leave("task").await.expect("it leaves");
    assert!(!join.containers["main"].netns.exists());
}
