//! Listeners come and go while requests are under way; several balancers share the host's ports.

use crate::support::*;
use agent_proto::edge::*;
use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

/// Asks over one connection for as long as it stays, again and again, and counts what was answered. A request on a connection
/// that the balancer has announced to close is not made, as every client does it.
async fn keep_asking(at: std::net::SocketAddr, stop: Arc<AtomicBool>, answered: Arc<AtomicUsize>) {
    while !stop.load(SeqCst) {
        let mut stream = connect(at).await;
        for _ in 0..20 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            let answer = read_until(&mut stream, "\r\n\r\nok").await;
            assert_eq!(status(&answer), "200");
            answered.fetch_add(1, SeqCst);
            if field(&answer, "connection") == Some("close") {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_listeners_come_and_go_under_load() {
    let backend = Backend::named("ok").await;
    let mut table = table(vec![backend.target()]);
    let world = World::serving(&table).await;
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..4).map(|_| tokio::spawn(keep_asking(table.at(), stop.clone(), answered.clone()))).collect();
    for round in 0..30u16 {
        let mut extra = table.listener().clone();
        extra.port = 9000 + round % 3;
        table.balancer().listeners.insert("arn:extra".into(), extra);
        table.listener().rules[0].arn = format!("arn:rule-{round}");
        world.apply(&table).await;
        table.balancer().listeners.remove("arn:extra");
        world.apply(&table).await;
    }
    stop.store(true, SeqCst);
    for client in clients {
        client.await.expect("no request failed");
    }
    assert!(answered.load(SeqCst) > 0);
}

#[tokio::test]
async fn a_removed_listener_finishes_what_is_under_way_and_takes_no_more() {
    let (go, gone) = tokio::sync::mpsc::channel::<()>(1);
    let gone = Arc::new(tokio::sync::Mutex::new(gone));
    let backend = Backend::start(move |mut stream| {
        let gone = gone.clone();
        async move {
            read_until(&mut stream, "\r\n\r\n").await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst").await.unwrap();
            gone.lock().await.recv().await;
            stream.write_all(b"later").await.unwrap();
        }
    })
    .await;
    let mut table = table(vec![backend.target()]);
    let world = World::serving(&table).await;
    let mut idle = connect(table.at()).await;
    let mut busy = connect(table.at()).await;
    busy.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    read_until(&mut busy, "first").await;
    let at = table.at();
    table.balancer().listeners.clear();
    world.link.apply(table.clone()).await.unwrap();
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0, "an idle connection is closed");
    let refused = async {
        while tokio::net::TcpStream::connect(at).await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("new connections are refused");
    go.send(()).await.unwrap();
    read_until(&mut busy, "later").await;
    assert_eq!(busy.read(&mut [0]).await.unwrap(), 0, "and then the connection is closed");
}

#[tokio::test]
async fn a_changed_rule_applies_to_the_next_request_of_a_connection() {
    let mut table = table(vec![]);
    table.listener().rules[0].action = fixed("before");
    let world = World::serving(&table).await;
    let mut stream = connect(table.at()).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    read_until(&mut stream, "before").await;
    table.listener().rules[0].action = fixed("after");
    world.apply(&table).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    read_until(&mut stream, "after").await;
}

/// Two internet-facing balancers at one port of the host.
fn two_balancers(port: u16) -> Table {
    let listener = |body: &str| {
        let host = vec![format!("*.{body}.test")];
        Listener {
            port,
            certificates: vec![],
            rules: vec![rule(vec![Condition::HostHeader(host)], fixed(body)), rule(vec![], fixed(body))],
        }
    };
    let mut table = Table::default();
    for name in ["one", "two"] {
        let listener_arn = format!("arn:{name}");
        let balancer = Balancer { internet_facing: true, ..balancer(name, [(listener_arn.as_str(), listener(name))]) };
        table.balancers.insert(format!("arn:balancer-{name}"), balancer);
    }
    table
}

#[tokio::test]
async fn the_host_tells_which_balancer_is_meant() {
    let port = free_port();
    let mut table = two_balancers(port);
    let world = World::serving(&table).await;
    let at = (Ipv4Addr::LOCALHOST, port);
    let [one, two] = ["one", "two"].map(|name| format!("{name}-1234567890.us-east-1.elb.localhost"));
    assert_eq!(body(&get(at, &one, "/").await), "one");
    assert_eq!(body(&get(at, &format!("{}:{port}", two.to_uppercase()), "/").await), "two");
    assert_eq!(body(&get(at, "www.two.test", "/").await), "two");
    let unknown = get(at, "127.0.0.1", "/").await;
    assert_eq!(status(&unknown), "404");
    assert!(unknown.contains(&format!("{one}:{port}")) && unknown.contains(&two), "{unknown}");
    table.balancers.remove("arn:balancer-one");
    world.apply(&table).await;
    assert_eq!(body(&get(at, "127.0.0.1", "/").await), "two", "the only one takes every host");
}

/// Connects as the front does, as soon as the socket is there.
async fn front(world: &World) -> UnixStream {
    let path = world.folder.path().join("run/edge-http.sock");
    let trying = async {
        loop {
            match UnixStream::connect(&path).await {
                Ok(stream) => return stream,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, trying).await.expect("the front's door is open")
}

#[tokio::test]
async fn the_front_hands_requests_over() {
    let port = free_port();
    let world = World::serving(&two_balancers(port)).await;
    let ask = async |extra: &str| {
        let mut stream = front(&world).await;
        let request =
            format!("GET / HTTP/1.1\r\nHost: two-1234567890.us-east-1.elb.localhost:4566\r\n{extra}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    assert_eq!(body(&ask("").await), "two");
    assert_eq!(body(&ask(&format!("X-Hillfog-Listener-Port: {port}\r\n")).await), "two");
    assert_eq!(status(&ask("X-Hillfog-Listener-Port: 1\r\n").await), "404");
}

#[tokio::test]
async fn a_port_in_use_is_reported_and_taken_when_it_becomes_free() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let world = World::serving(&two_balancers(port)).await;
    let report = world.report(|report| report.listener_faults.len() == 2).await;
    let fault = &report.listener_faults["arn:one"];
    assert!(fault.contains(&format!("127.0.0.1:{port}")) && fault.contains("in use"), "{fault}");
    drop(taken);
    world.report(|report| report.listener_faults.is_empty()).await;
    assert_eq!(body(&get((Ipv4Addr::LOCALHOST, port), "a.one.test", "/").await), "one");
}
