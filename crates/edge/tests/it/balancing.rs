//! Which target gets a request.

use crate::support::*;
use agent_proto::edge::*;
use std::{collections::BTreeSet, time::Duration};

async fn asked(table: &Table, times: usize) -> Vec<String> {
    let mut answers = Vec::new();
    for _ in 0..times {
        answers.push(body(&get(table.at(), "a", "/").await).to_owned());
    }
    answers
}

#[tokio::test]
async fn targets_take_turns_and_a_draining_one_gets_nothing() {
    let (one, two, three) = (Backend::named("1").await, Backend::named("2").await, Backend::named("3").await);
    let mut table = table(vec![one.target(), two.target(), three.target()]);
    let world = World::serving(&table).await;
    assert_eq!(asked(&table, 6).await, ["1", "2", "3", "1", "2", "3"]);
    table.group().targets[1].draining = true;
    world.apply(&table).await;
    let answers: BTreeSet<_> = asked(&table, 6).await.into_iter().collect();
    assert_eq!(answers, BTreeSet::from(["1".into(), "3".into()]));
}

#[tokio::test]
async fn a_target_that_refuses_is_passed_over() {
    let alive = Backend::named("alive").await;
    let table = table(vec![target(address()), alive.target(), target(address())]);
    let _world = World::serving(&table).await;
    assert_eq!(asked(&table, 6).await, ["alive"; 6]);
}

#[tokio::test]
async fn weights_of_zero_get_nothing() {
    let (one, two) = (Backend::named("1").await, Backend::named("2").await);
    let mut table = table(vec![one.target()]);
    let mut other = table.group().clone();
    other.targets = vec![two.target()];
    table.target_groups.insert("arn:other".into(), other);
    table.listener().rules[0].action =
        Action::Forward { groups: vec![(GROUP.into(), 0), ("arn:other".into(), 5)], stickiness: None };
    let _world = World::serving(&table).await;
    assert_eq!(asked(&table, 5).await, ["2"; 5]);
}

#[tokio::test]
async fn sticky_clients_come_back_to_their_target_and_group() {
    let backends = [Backend::named("1").await, Backend::named("2").await, Backend::named("3").await, Backend::named("4").await];
    let mut table = table(backends[..2].iter().map(Backend::target).collect());
    table.group().stickiness = Some(Duration::from_secs(60));
    let mut other = table.group().clone();
    other.targets = backends[2..].iter().map(Backend::target).collect();
    table.target_groups.insert("arn:other".into(), other);
    let groups = vec![(GROUP.into(), 1), ("arn:other".into(), 1)];
    table.listener().rules[0].action = Action::Forward { groups, stickiness: Some(Duration::from_secs(60)) };
    let _world = World::serving(&table).await;

    let first = get(table.at(), "a", "/").await;
    let cookies: Vec<_> = first.lines().filter_map(|line| line.strip_prefix("set-cookie: ")).collect();
    let names: Vec<_> = cookies.iter().map(|cookie| cookie.split('=').next().unwrap()).collect();
    assert_eq!(names, ["AWSALB", "AWSALBCORS", "AWSALBTG", "AWSALBTGCORS"]);
    let cookie = cookies.iter().map(|cookie| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ");
    for _ in 0..12 {
        let again = send(table.at(), format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n")).await;
        assert_eq!(body(&again), body(&first));
    }
    let forged = format!("AWSALB={}; AWSALBTG=zz", "00".repeat(40));
    let others: BTreeSet<String> = {
        let mut seen = BTreeSet::new();
        for _ in 0..60 {
            seen.insert(
                body(
                    &send(table.at(), format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: {forged}\r\nConnection: close\r\n\r\n"))
                        .await,
                )
                .to_owned(),
            );
        }
        seen
    };
    assert!(others.len() > 1, "a made-up cookie sticks to nothing: {others:?}");
}

#[tokio::test]
async fn the_least_busy_target_gets_the_next_request() {
    use tokio::io::AsyncWriteExt;
    let slow = Backend::start(|mut stream| async move {
        read_until(&mut stream, "\r\n\r\n").await;
        std::future::pending::<()>().await;
    })
    .await;
    let quick = Backend::named("quick").await;
    let mut table = table(vec![slow.target(), quick.target()]);
    table.group().algorithm = Algorithm::LeastOutstandingRequests;
    let world = World::serving(&table).await;
    let mut waiting = connect(table.at()).await;
    waiting.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    // The first request is under way when the report says so, which it does for a draining target.
    table.group().targets[0].draining = true;
    world.apply(&table).await;
    world.report(|report| report.targets[GROUP][0].in_flight == 1).await;
    table.group().targets[0].draining = false;
    world.apply(&table).await;
    assert_eq!(asked(&table, 4).await, ["quick"; 4]);
    drop(waiting);
    table.group().targets[0].draining = true;
    world.apply(&table).await;
    world.report(|report| report.targets[GROUP][0].in_flight == 0).await;
}
