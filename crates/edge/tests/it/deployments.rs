//! What happens to requests while targets are replaced, as a rolling deployment does it.

use crate::support::*;
use agent_proto::edge::*;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

/// Asks again and again, each time on a connection of its own or on one that is kept, and notes what was answered.
async fn keep_asking(at: SocketAddr, stop: Arc<AtomicBool>, answers: Arc<Mutex<Vec<String>>>) {
    use tokio::io::AsyncWriteExt;
    while !stop.load(SeqCst) {
        let mut stream = connect(at).await;
        for _ in 0..10 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            let answer = read_until(&mut stream, "version").await;
            assert_eq!(status(&answer), "200", "{answer}");
            answers.lock().unwrap().push(body(&answer).to_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_deployment_loses_no_request() {
    let mut backends = vec![(0, Backend::named("version 0").await)];
    let mut table = table(vec![backends[0].1.target()]);
    table.group().health_check.enabled = true;
    let world = World::serving(&table).await;
    world.healthy(1).await;
    let (stop, answers) = (Arc::new(AtomicBool::new(false)), Arc::default());
    let clients: Vec<_> = (0..3).map(|_| tokio::spawn(keep_asking(table.at(), stop.clone(), Arc::clone(&answers)))).collect();
    for (version, name) in ["version 1", "version 2", "version 3", "version 4"].into_iter().enumerate() {
        let new = Backend::named(name).await;
        table.group().targets.push(new.target());
        backends.push((version + 1, new));
        world.apply(&table).await;
        world.healthy(2).await;
        table.group().targets[0].draining = true;
        world.apply(&table).await;
        let old = table.group().targets.remove(0);
        world.report(|report| drained(report, &old)).await;
        world.apply(&table).await;
        // Only now does the old one end.
        backends.remove(0);
    }
    stop.store(true, SeqCst);
    for client in clients {
        client.await.expect("no request failed");
    }
    let answers = answers.lock().unwrap();
    assert_eq!(answers.last().map(String::as_str), Some("version 4"));
}

fn drained(report: &Report, target: &Target) -> bool {
    let reports = report.targets.values().flatten();
    reports.filter(|seen| seen.id == target.id).all(|seen| seen.in_flight == 0)
}
