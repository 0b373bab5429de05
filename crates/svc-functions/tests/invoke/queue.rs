//! Asynchronous events: retries, destinations, dead letters, and what a crash leaves.

use crate::support::{Cloud, key};
use http::Method;
use model::{
    Key, Timestamp,
    delivery::{Caller, Delivery, DeliverySpec},
    lambda::{Event, EventInvoke, EventInvokeSpec},
};
use serde_json::{Value, json};
use spine::{Read, Scope, Store, StoreError};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use svc_functions::testing::{FakeHost, Handler, failed, obedient, whole};

const QUEUE: &str = "arn:aws:sqs:us-east-1:111122223333:told";

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

impl Cloud {
    fn queued(&self) -> usize {
        self.bench.store.snapshot().specs::<Event>(Scope::All).unwrap().len()
    }

    fn deliveries(&self) -> Vec<Arc<DeliverySpec>> {
        let found = self.bench.store.snapshot().specs::<Delivery>(Scope::All).unwrap();
        found.into_iter().map(|(_, spec)| spec).collect()
    }

    /// The only delivery that stands in the outbox, which it leaves.
    async fn take_delivery(&self) -> Arc<DeliverySpec> {
        let (key, spec) = self.bench.store.snapshot().specs::<Delivery>(Scope::All).unwrap().remove(0);
        self.bench.store.transact::<_, StoreError>(|tx| tx.delete(&key)).await.unwrap();
        spec
    }

    async fn treat(&self, name: &str, change: impl Fn(&mut EventInvokeSpec)) {
        let mut spec = EventInvokeSpec {
            modified: Timestamp(0),
            maximum_age: None,
            maximum_retries: None,
            on_success: None,
            on_failure: Some(QUEUE.into()),
        };
        change(&mut spec);
        let key: Key<EventInvoke> = key(name).event_invoke(None);
        self.bench.store.transact::<_, StoreError>(|tx| tx.create(&key, &spec)).await.unwrap();
    }
}

/// What a delivery to a queue says.
fn message(delivery: &DeliverySpec) -> Value {
    let input: Value = serde_json::from_str(&delivery.call.input).unwrap();
    serde_json::from_str(input["MessageBody"].as_str().unwrap()).unwrap()
}

/// Functions that count how often they are run, and fail the first so many times.
fn counting(fails: usize) -> (Handler, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let handler: Handler = Arc::new(move |_, invocation| {
        let run = counted.fetch_add(1, SeqCst) + 1;
        Box::pin(async move { if run <= fails { failed("Error", "not yet") } else { whole(invocation.payload) } })
    });
    (handler, count)
}

#[tokio::test]
async fn an_event_is_run_once_and_its_destination_told() {
    let (handler, count) = counting(0);
    let cloud = Cloud::new(handler).await;
    cloud.create("f").await;
    cloud.treat("f", |spec| spec.on_success = Some(QUEUE.into())).await;
    cloud.event("f", &json!({"a": 1})).await;
    cloud.pass(Duration::from_secs(1)).await;
    assert_eq!((count.load(SeqCst), cloud.queued()), (1, 0));
    let delivery = cloud.deliveries().remove(0);
    assert_eq!((delivery.call.service.as_str(), delivery.call.operation.as_str()), ("sqs", "SendMessage"));
    assert!(matches!(&delivery.by, Caller::Role { role, .. } if role.ends_with(":role/run")));
    let told = message(&delivery);
    assert_eq!((&told["version"], &told["requestPayload"]), (&json!("1.0"), &json!({"a": 1})));
    assert_eq!(told["requestContext"]["condition"], "Success");
    assert_eq!(told["requestContext"]["approximateInvokeCount"], 1);
    assert_eq!(told["requestContext"]["functionArn"], "arn:aws:lambda:us-east-1:111122223333:function:f:$LATEST");
    assert_eq!(told["responseContext"], json!({"statusCode": 200, "executedVersion": "$LATEST"}));
    assert_eq!(told["responsePayload"], json!({"a": 1}));
}

#[tokio::test]
async fn a_loop_of_destinations_is_found_and_ends() {
    let (handler, count) = counting(0);
    let cloud = Cloud::new(handler).await;
    cloud.create("f").await;
    let own = "arn:aws:lambda:us-east-1:111122223333:function:f";
    cloud.treat("f", |spec| (spec.on_success, spec.on_failure) = (Some(own.into()), Some(QUEUE.into()))).await;
    let mut trace = String::from("Root=1-00000000-000000000000000000000000");
    for hop in 1..=17 {
        let headers = [("x-amz-invocation-type", "Event"), ("x-amzn-trace-id", trace.as_str())];
        let reply = cloud.send(Method::POST, "/2015-03-31/functions/f/invocations", "1", &headers).await;
        assert_eq!(reply.status, 202);
        cloud.pass(Duration::from_secs(1)).await;
        let delivery = cloud.take_delivery().await;
        trace = delivery.call.trace.clone().unwrap();
        let (service, hops) = if hop <= 16 { ("lambda", hop) } else { ("sqs", 16) };
        assert_eq!((delivery.call.service.as_str(), count.load(SeqCst)), (service, hops), "{hop}");
        assert!(trace.ends_with(&format!(":{hops}")), "{trace}");
        if hop == 17 {
            assert_eq!(message(&delivery)["requestContext"]["condition"], "RecursiveInvocation");
        }
    }
}

#[tokio::test]
async fn a_failure_is_tried_again_after_a_minute_and_after_two() {
    let (handler, count) = counting(usize::MAX);
    let cloud = Cloud::new(handler).await;
    let dead = "arn:aws:sqs:us-east-1:111122223333:dead";
    cloud.create_with("f", |_| {}, |configuration| configuration.dead_letter = Some(dead.into())).await;
    cloud.treat("f", |_| {}).await;
    cloud.event("f", &json!({"a": 1})).await;
    for (time, runs) in [(Duration::from_secs(1), 1), (minutes(1), 2), (minutes(1), 2), (minutes(1), 3), (minutes(600), 3)] {
        cloud.pass(time).await;
        assert_eq!(count.load(SeqCst), runs);
    }
    assert_eq!(cloud.queued(), 0);
    let deliveries = cloud.deliveries();
    let (told, letter): (Vec<_>, Vec<_>) = deliveries.iter().partition(|delivery| delivery.call.input.contains("/told"));
    let told = message(told[0]);
    assert_eq!(told["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(told["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(told["responseContext"]["functionError"], "Unhandled");
    assert_eq!(told["responsePayload"]["errorMessage"], "not yet");
    let letter: Value = serde_json::from_str(&letter[0].call.input).unwrap();
    assert_eq!(letter["MessageBody"], r#"{"a":1}"#);
    assert_eq!(letter["MessageAttributes"]["ErrorMessage"]["StringValue"], "not yet");
    assert_eq!(letter["MessageAttributes"]["ErrorCode"], json!({"DataType": "Number", "StringValue": "200"}));
}

#[tokio::test]
async fn an_event_that_succeeds_at_last_is_a_success() {
    let (handler, count) = counting(2);
    let cloud = Cloud::new(handler).await;
    cloud.create("f").await;
    cloud.treat("f", |_| {}).await;
    cloud.event("f", &json!(1)).await;
    cloud.pass(minutes(5)).await;
    assert_eq!((count.load(SeqCst), cloud.queued(), cloud.deliveries().len()), (3, 0, 0));
}

#[tokio::test]
async fn what_its_owner_says_of_events_holds() {
    let (handler, count) = counting(usize::MAX);
    let cloud = Cloud::new(handler).await;
    cloud.create("f").await;
    cloud.treat("f", |spec| (spec.maximum_retries, spec.maximum_age) = (Some(1), Some(60))).await;
    cloud.bench.advance(Duration::from_secs(1));
    cloud.event("f", &json!(1)).await;
    cloud.bench.advance(Duration::from_secs(1));
    cloud.pass(minutes(10)).await;
    assert_eq!(count.load(SeqCst), 1, "the second attempt would have come too late");
    assert_eq!(message(&cloud.deliveries()[0])["requestContext"]["condition"], "EventAgeExceeded");
}

#[tokio::test]
async fn a_function_with_nothing_reserved_gives_its_events_up() {
    let cloud = Cloud::new(obedient()).await;
    cloud.create_with("f", |spec| spec.reserved_concurrency = Some(0), |_| {}).await;
    cloud.treat("f", |_| {}).await;
    cloud.event("f", &json!(1)).await;
    cloud.pass(Duration::from_secs(1)).await;
    let told = message(&cloud.deliveries()[0]);
    assert_eq!(told["requestContext"]["condition"], "ZeroReservedConcurrency");
    assert!(told.get("responseContext").is_none());
}

#[tokio::test]
async fn what_the_host_can_not_run_now_is_run_later() {
    use agent_proto::function::FunctionFault;
    let (handler, count) = counting(0);
    let cloud = Cloud::new(handler).await;
    cloud.create("f").await;
    cloud.host.refuse(Some(FunctionFault::Failed("no disk".into())));
    cloud.event("f", &json!(1)).await;
    cloud.pass(Duration::from_secs(20)).await;
    assert_eq!((count.load(SeqCst), cloud.queued()), (0, 1));
    cloud.host.refuse(None);
    cloud.pass(Duration::from_secs(60)).await;
    assert_eq!((count.load(SeqCst), cloud.queued()), (1, 0));
}

#[tokio::test]
async fn an_event_outlives_the_server_that_took_it() {
    let (store, (handler, count)) = (Store::ephemeral(), counting(0));
    let never: Handler = Arc::new(|_, _| Box::pin(std::future::pending()));
    let before = Cloud::on(store.clone(), FakeHost::new(1024, never), |rules| rules).await;
    before.create("f").await;
    let large = "é".repeat(400_000);
    before.event("f", &json!(large)).await;
    before.runner.shutdown().await;
    let after = Cloud::on(store, FakeHost::new(1024, handler), |rules| rules).await;
    after.pass(Duration::from_secs(1)).await;
    assert_eq!((count.load(SeqCst), after.queued()), (1, 0));
}

#[tokio::test]
async fn events_of_a_function_that_is_gone_are_gone() {
    let cloud = Cloud::new(obedient()).await;
    cloud.create("f").await;
    cloud.host.refuse(Some(agent_proto::function::FunctionFault::Failed("no disk".into())));
    cloud.event("f", &json!(1)).await;
    cloud.pass(Duration::from_secs(1)).await;
    let key = key("f");
    cloud.bench.store.transact::<_, StoreError>(|tx| tx.delete(&key)).await.unwrap();
    cloud.pass(minutes(1)).await;
    assert_eq!((cloud.queued(), cloud.deliveries().len()), (0, 0));
}
