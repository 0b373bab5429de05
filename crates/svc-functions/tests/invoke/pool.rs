//! Pools: environments that come with demand, and go.

use crate::support::{Cloud, key};
use agent_proto::function::{FunctionError, FunctionFault};
use logic::function::fleet::Rules;
use model::{
    Key,
    lambda::{LATEST, Provisioned, ProvisionedSpec},
    logs::{LogSource, LogSourcePlan},
};
use spine::{Read, Scope, Store, StoreError};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use svc_functions::testing::{FakeHost, Handler, echo, whole};
use tokio::sync::Semaphore;

/// Functions that wait until they are let go.
fn held(gate: &Arc<Semaphore>) -> Handler {
    let gate = gate.clone();
    Arc::new(move |_, invocation| {
        let gate = gate.clone();
        Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            whole(invocation.payload)
        })
    })
}

/// Polls for something that tasks bring about.
async fn until(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..20_000 {
        if so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came to this: {what}");
}

#[tokio::test]
async fn an_environment_is_used_again() {
    let cloud = Cloud::new(echo()).await;
    cloud.create("f").await;
    for event in ["1", "{\"a\": 2}"] {
        let reply = cloud.invoke("f", event, &[]).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, event));
        assert_eq!(reply.headers["x-amz-executed-version"], "$LATEST");
        assert!(!reply.headers.contains_key("x-amz-function-error"));
    }
    assert_eq!(cloud.host.counts(), (1, 1, 1));
    let environment = cloud.host.environments().remove(0);
    assert_eq!((environment.name.as_str(), environment.version.as_str()), ("f", "$LATEST"));
    assert!(environment.credentials.access_key_id.starts_with("ASIA"));
    assert_eq!(environment.log.stream, format!("2026/01/01/[$LATEST]{}", environment.id));
}

#[tokio::test]
async fn a_thousand_invocations_from_nothing_share_a_hundred_environments() {
    let host = FakeHost::new(
        64 << 10,
        Arc::new(|_, invocation| {
            Box::pin(async move {
                tokio::task::yield_now().await;
                whole(invocation.payload)
            })
        }),
    );
    let cloud = Arc::new(Cloud::on(Store::ephemeral(), host, |rules| Rules { environments: 100, starts: 100, ..rules }).await);
    cloud.create("f").await;
    let invocations: Vec<_> = (0..1000)
        .map(|number: usize| {
            let cloud = cloud.clone();
            tokio::spawn(async move { cloud.invoke("f", number.to_string(), &[]).await })
        })
        .collect();
    for (number, invocation) in invocations.into_iter().enumerate() {
        let reply = invocation.await.unwrap();
        assert_eq!((reply.status, reply.text()), (200, number.to_string()));
    }
    let (_, _, most) = cloud.host.counts();
    assert!(most <= 100 && !cloud.host.was_misused(), "{most}");
}

#[tokio::test]
async fn what_is_reserved_is_the_most_at_a_time() {
    let gate = Arc::new(Semaphore::new(0));
    let cloud = Arc::new(Cloud::new(held(&gate)).await);
    cloud.create_with("f", |spec| spec.reserved_concurrency = Some(1), |_| {}).await;
    let first = tokio::spawn({
        let cloud = cloud.clone();
        async move { cloud.invoke("f", "1", &[]).await }
    });
    until("the first is under way", || cloud.host.counts().1 == 1).await;
    let reply = cloud.invoke("f", "2", &[]).await;
    assert_eq!((reply.status, reply.headers["x-amzn-errortype"].to_str().unwrap()), (429, "TooManyRequestsException"));
    let said = reply.json();
    assert_eq!((&said["message"], &said["Type"]), (&"Rate Exceeded.".into(), &"User".into()));
    assert_eq!(said["Reason"], "ReservedFunctionConcurrentInvocationLimitExceeded");
    assert_eq!(reply.headers["retry-after"], "1");
    gate.add_permits(1);
    assert_eq!(first.await.unwrap().status, 200);
}

#[tokio::test]
async fn ten_requests_in_a_second_for_each_that_is_reserved() {
    let cloud = Cloud::new(echo()).await;
    cloud.create_with("f", |spec| spec.reserved_concurrency = Some(1), |_| {}).await;
    for _ in 0..10 {
        assert_eq!(cloud.invoke("f", "1", &[]).await.status, 200);
    }
    let reply = cloud.invoke("f", "1", &[]).await;
    assert_eq!((reply.status, &reply.json()["Reason"]), (429, &"ReservedFunctionInvocationRateLimitExceeded".into()));
    assert_eq!(reply.headers["retry-after"], "1");
    cloud.event("f", &1.into()).await;
    cloud.pass(Duration::from_secs(1)).await;
    assert_eq!(cloud.invoke("f", "1", &[]).await.status, 200);
}

#[tokio::test]
async fn environments_end_when_nobody_needs_them() {
    let cloud = Cloud::new(echo()).await;
    cloud.create("f").await;
    cloud.invoke("f", "1", &[]).await;
    cloud.pass(Duration::from_secs(240)).await;
    assert_eq!(cloud.host.counts().1, 1);
    cloud.pass(Duration::from_secs(90)).await;
    until("it is gone", || cloud.host.counts().1 == 0).await;
    assert_eq!(cloud.invoke("f", "1", &[]).await.status, 200);
}

#[tokio::test]
async fn another_release_takes_environments_of_its_own() {
    let cloud = Cloud::new(echo()).await;
    cloud.create("f").await;
    cloud.invoke("f", "1", &[]).await;
    cloud.release("f", LATEST, |configuration| configuration.memory = 256).await;
    cloud.invoke("f", "1", &[]).await;
    until("the old one is gone", || cloud.host.counts().1 == 1).await;
    assert_eq!(cloud.host.environments()[0].memory_mib, 256);
}

#[tokio::test]
async fn provisioned_environments_are_there_before_anybody_asks() {
    let cloud = Cloud::new(echo()).await;
    cloud.create("f").await;
    cloud.release("f", "1", |_| {}).await;
    let key: Key<Provisioned> = key("f").provisioned("1");
    let spec = ProvisionedSpec { requested: 2, modified: cloud.bench.env.now() };
    cloud.bench.store.transact::<_, StoreError>(|tx| tx.create(&key, &spec)).await.unwrap();
    cloud.pass(Duration::from_secs(2)).await;
    until("both are there", || cloud.host.counts().1 == 2).await;
    cloud.pass(Duration::from_secs(2)).await;
    let seen = cloud.bench.store.snapshot().get(&key).unwrap().unwrap().observed;
    assert_eq!((seen.allocated, seen.available), (2, 2));
    assert!(cloud.host.environments().iter().all(|environment| environment.provisioned));
    assert_eq!(cloud.invoke("f:1", "1", &[]).await.status, 200);
    cloud.pass(Duration::from_secs(3600)).await;
    assert_eq!(cloud.host.counts().0, 2, "they stay");
}

#[tokio::test]
async fn what_can_not_be_provisioned_says_why() {
    let cloud = Cloud::new(echo()).await;
    let error = FunctionError { kind: "Runtime.ImportModuleError".into(), payload: "{}".into() };
    cloud.host.refuse(Some(FunctionFault::Function(error)));
    cloud.create("f").await;
    cloud.release("f", "1", |_| {}).await;
    let key: Key<Provisioned> = key("f").provisioned("1");
    let spec = ProvisionedSpec { requested: 1, modified: cloud.bench.env.now() };
    cloud.bench.store.transact::<_, StoreError>(|tx| tx.create(&key, &spec)).await.unwrap();
    cloud.pass(Duration::from_secs(10)).await;
    let seen = cloud.bench.store.snapshot().get(&key).unwrap().unwrap().observed;
    assert_eq!((seen.allocated, seen.failure.is_some()), (0, true));
}

#[tokio::test]
async fn a_role_that_is_gone_stops_the_function() {
    let cloud = Cloud::new(echo()).await;
    cloud.create_with("f", |_| {}, |configuration| configuration.role = "arn:aws:iam::111122223333:role/gone".into()).await;
    let reply = cloud.invoke("f", "1", &[]).await;
    assert_eq!((reply.status, reply.message().as_str()), (403, "The role defined for the function cannot be assumed by Lambda."));
}

#[tokio::test]
async fn a_host_without_room_says_so() {
    let cloud = Cloud::new(echo()).await;
    cloud.create("f").await;
    cloud.host.refuse(Some(FunctionFault::NoRoom("no memory".into())));
    assert_eq!(cloud.invoke("f", "1", &[]).await.status, 429);
    cloud.host.refuse(Some(FunctionFault::Failed("the disk is gone".into())));
    let reply = cloud.invoke("f", "1", &[]).await;
    assert_eq!(reply.status, 500);
    assert!(reply.text().contains("the disk is gone"), "{}", reply.text());
    cloud.host.refuse(None);
    assert_eq!(cloud.invoke("f", "1", &[]).await.status, 200);
}

#[tokio::test]
async fn a_server_that_comes_back_goes_on_with_what_is_there() {
    let store = Store::ephemeral();
    let host = FakeHost::new(1024, echo());
    let before = Cloud::on(store.clone(), host.clone(), |rules| rules).await;
    before.create("f").await;
    before.invoke("f", "1", &[]).await;
    before.runner.shutdown().await;
    let after = Cloud::on(store, host.clone(), |rules| Rules { life: Duration::from_secs(1 << 40), ..rules }).await;
    after.pass(Duration::from_secs(1)).await;
    assert_eq!(after.invoke("f", "2", &[]).await.text(), "2");
    assert_eq!(host.counts(), (1, 1, 1));
}

#[tokio::test]
async fn whoever_goes_away_takes_no_environment_with_him() {
    let gate = Arc::new(Semaphore::new(0));
    let cloud = Arc::new(Cloud::new(held(&gate)).await);
    cloud.create_with("f", |spec| spec.reserved_concurrency = Some(1), |_| {}).await;
    let asked = tokio::spawn({
        let cloud = cloud.clone();
        async move { cloud.invoke("f", "1", &[]).await }
    });
    until("it is under way", || cloud.host.busy() == 1).await;
    asked.abort();
    let _ = asked.await;
    assert_eq!(cloud.invoke("f", "2", &[]).await.status, 429, "the function goes on");
    gate.add_permits(2);
    let done = Mutex::new(0);
    until("the environment is free", || {
        *done.lock().unwrap() = cloud.invoker.pool().idle();
        *done.lock().unwrap() == 1
    })
    .await;
    assert_eq!(cloud.invoke("f", "3", &[]).await.status, 200);
    assert_eq!(cloud.host.counts().0, 1);
}

#[tokio::test]
async fn the_output_is_read_to_its_end_before_it_is_forgotten() {
    let cloud = Cloud::new(echo()).await;
    cloud.create("f").await;
    cloud.invoke("f", "1", &[]).await;
    let sources = || cloud.bench.store.snapshot().specs::<LogSource>(Scope::All).unwrap();
    until("it is read", || sources().len() == 1).await;
    let (key, source) = sources().remove(0);
    assert_eq!((source.group.as_str(), source.workload.as_str()), ("/aws/lambda/f", cloud.host.environments()[0].id.as_str()));
    cloud.pass(Duration::from_secs(400)).await;
    until("it is gone", || cloud.host.counts().1 == 0).await;
    assert_eq!(sources().len(), 1);
    let drained = LogSourcePlan { drained: true };
    cloud.bench.store.transact::<_, StoreError>(|tx| tx.put_plan(&key, &drained)).await.unwrap();
    cloud.pass(Duration::from_secs(1)).await;
    assert_eq!(sources().len(), 0);
}
