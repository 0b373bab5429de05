//! Health checks, and what follows from them.

use crate::support::*;
use agent_proto::edge::*;
use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering::SeqCst},
};

/// A target that answers checks with a status code that can be changed.
async fn patient() -> (Backend, Arc<AtomicU16>) {
    let code = Arc::new(AtomicU16::new(200));
    let answers = code.clone();
    let backend = Backend::start(move |stream| {
        let code = answers.clone();
        async move {
            let answer = move |request: String| match request.starts_with("GET /health ") {
                true if request.contains("ELB-HealthChecker/2.0") => (format!("{} X", code.load(SeqCst)), String::new()),
                _ => ("200 OK".into(), "sick or not".into()),
            };
            drop(answer_all(stream, answer).await);
        }
    })
    .await;
    (backend, code)
}

fn health(report: &Report, index: usize) -> Option<TargetHealth> {
    report.targets.get(GROUP)?.get(index).map(|target| target.health.clone())
}

#[tokio::test]
async fn a_target_falls_ill_and_recovers() {
    let (backend, code) = patient().await;
    let well = Backend::named("well").await;
    let mut table = table(vec![backend.target(), well.target()]);
    table.group().health_check.enabled = true;
    let world = World::serving(&table).await;
    world.healthy(2).await;
    code.store(503, SeqCst);
    let mismatch = TargetHealth::Unhealthy {
        reason: "Target.ResponseCodeMismatch".into(),
        description: "Health checks failed with these codes: [503]".into(),
    };
    world.report(|report| health(report, 0) == Some(mismatch.clone())).await;
    for _ in 0..4 {
        assert_eq!(body(&get(table.at(), "a", "/").await), "well");
    }
    code.store(200, SeqCst);
    world.healthy(2).await;
}

#[tokio::test]
async fn when_all_are_ill_all_are_asked() {
    let (backend, code) = patient().await;
    code.store(500, SeqCst);
    let mut table = table(vec![backend.target()]);
    table.group().health_check.enabled = true;
    let world = World::serving(&table).await;
    world.report(|report| matches!(health(report, 0), Some(TargetHealth::Unhealthy { .. }))).await;
    assert_eq!(body(&get(table.at(), "a", "/").await), "sick or not");
}

#[tokio::test]
async fn reasons_tell_a_refusal_from_silence() {
    let silent = Backend::start(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let mut table = table(vec![target(address()), silent.target()]);
    table.group().health_check.enabled = true;
    table.group().health_check.timeout = std::time::Duration::from_millis(100);
    let world = World::serving(&table).await;
    let unhealthy = |reason: &str, description: &str| {
        Some(TargetHealth::Unhealthy { reason: reason.into(), description: description.into() })
    };
    world
        .report(|report| {
            health(report, 0) == unhealthy("Target.FailedHealthChecks", "Health checks failed")
                && health(report, 1) == unhealthy("Target.Timeout", "Request timed out")
        })
        .await;
}

#[tokio::test]
async fn groups_that_no_listener_uses_are_not_checked() {
    let (backend, _) = patient().await;
    let mut table = table(vec![backend.target()]);
    table.listener().rules[0].action = fixed("nobody");
    let world = World::serving(&table).await;
    assert_eq!(body(&get(table.at(), "a", "/").await), "nobody");
    assert!(world.link.report().borrow().targets.is_empty());
}
