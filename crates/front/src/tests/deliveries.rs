//! Calls that services make of each other, and the outbox.

use crate::{
    Access, Facts, Service,
    calls::Calls,
    courier::{Courier, queue_url},
    testing::{Bench, START},
};
use api::sqs as sdk;
use logic::policy::Kind;
use model::{
    AccountId, Arn, Key, Region,
    delivery::{Caller, DeadLetter, Delivery, DeliverySpec, Request, Retry},
    iam::{Permissions, Role, RoleSpec},
};
use serde_json::json;
use spine::{
    Read, Scope, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use wire::{Fault, Value};

/// What was sent: the queue, and the message.
type Sent = Arc<Mutex<Vec<(String, String)>>>;

fn account() -> AccountId {
    AccountId::parse("444455556666").unwrap()
}

fn region() -> Region {
    Region::parse("eu-west-1").unwrap()
}

fn queue(name: &str) -> Arn {
    Arn::new("sqs", &region(), &account(), name)
}

/// Queues that take messages of S3 for the bucket `photos`; `broken` can't, `busy` is asked too often.
fn queues(sent: &Sent) -> Service {
    let sent = sent.clone();
    Service::new(&sdk::SERVICE)
        .op::<sdk::SendMessage>(
            Access::on(|cx, i: &sdk::SendMessageRequest| vec![cx.arn("sqs", name(&i.queue_url))]),
            move |cx, _, i| {
                match name(&i.queue_url) {
                    "broken" => return Err(Fault::server("InternalError", "it is broken")),
                    "busy" => return Err(Fault::client("RequestThrottled", "too often")),
                    _ => {}
                }
                let attributes = i.message_attributes.iter().flatten();
                let text = |(name, value): (&String, &sdk::MessageAttributeValue)| {
                    format!("{name}={}", value.string_value.as_deref().unwrap_or_default())
                };
                let said = attributes.map(text).fold(i.message_body.clone(), |said, next| format!("{said} {next}"));
                let said = cx.trace.iter().fold(said, |said, trace| format!("{said} on the way of {trace}"));
                sent.lock().unwrap().push((name(&i.queue_url).to_owned(), said));
                Ok(sdk::SendMessageResult::default())
            },
        )
        .resources(|_, _, arn| {
            let policy = json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn.to_string(),
                "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::photos"}, "StringEquals": {"aws:SourceAccount": account().as_str()}},
            }]});
            Ok(Facts::default().with_policy("the queue's policy", &policy.to_string(), Kind::Resource))
        })
}

fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

fn bucket(name: &str) -> Caller {
    Caller::Service {
        name: "s3.amazonaws.com".into(),
        source: format!("arn:aws:s3:::{name}").parse().unwrap(),
        account: account(),
    }
}

fn bench() -> (Bench, Calls, Sent) {
    let (calls, sent) = (Calls::default(), Sent::default());
    let bench = Bench::new(|front| front.service(queues(&sent)));
    calls.connect(&bench.front);
    (bench, calls, sent)
}

async fn send(calls: &Calls, by: &Caller) -> Result<Value, Fault> {
    let input =
        Value::structure([("QueueUrl", Value::Str(queue_url(&queue("jobs")))), ("MessageBody", Value::Str("hello".into()))]);
    calls.call(by, (&account(), &region()), ("sqs", "SendMessage"), input).await
}

#[tokio::test]
async fn a_service_may_do_what_the_resource_lets_it() {
    let (_bench, calls, sent) = bench();
    send(&calls, &bucket("photos")).await.unwrap();
    assert_eq!(*sent.lock().unwrap(), [("jobs".to_owned(), "hello".to_owned())]);
    let denied = send(&calls, &bucket("films")).await.unwrap_err();
    assert!(denied.code.contains("AccessDenied"), "{denied}");
    assert_eq!(sent.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_service_acts_as_a_role_that_trusts_it_and_may() {
    let (bench, calls, sent) = bench();
    let allow =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]});
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole",
    }]});
    let role = RoleSpec {
        name: "sender".into(),
        path: "/".into(),
        id: "AROASENDER".into(),
        created_at: START,
        description: None,
        trust: trust.to_string(),
        max_session_s: 3600,
        tags: Default::default(),
        boundary: None,
        permissions: Permissions { inline: [("send".to_owned(), allow.to_string())].into(), ..Permissions::default() },
    };
    let key = Key::<Role>::named(&account(), "sender");
    bench.store.transact::<_, StoreError>(|tx| tx.create(&key, &role)).await.unwrap();
    let by = |service: &str| Caller::Role {
        role: "arn:aws:iam::444455556666:role/sender".into(),
        session: "nightly".into(),
        service: service.into(),
        source: "arn:aws:scheduler:eu-west-1:444455556666:schedule/default/nightly".parse().unwrap(),
    };
    send(&calls, &by("scheduler.amazonaws.com")).await.unwrap();
    assert_eq!(sent.lock().unwrap().len(), 1);
    assert_eq!(send(&calls, &by("events.amazonaws.com")).await.unwrap_err().code, "AccessDenied");
}

/// A message to a queue, wanted by a bucket.
fn wanted(to: &str, retry: Retry) -> DeliverySpec {
    let input = json!({"QueueUrl": queue_url(&queue(to)), "MessageBody": "hello"});
    let dead = DeadLetter {
        queue: queue("dead"),
        body: "it was: hello".into(),
        attributes: [("RULE_ARN".to_owned(), "arn:of:rule".to_owned())].into(),
        by: bucket("photos"),
    };
    DeliverySpec {
        call: Request::new("sqs", "SendMessage", &input),
        by: bucket("photos"),
        wanted: START,
        not_before: START,
        retry,
        dead_letter: Some(dead),
    }
}

async fn post(bench: &Bench, spec: &DeliverySpec) {
    let key = Delivery::key(&account(), &region(), bench.env.uuid());
    bench.store.transact::<_, StoreError>(|tx| tx.create(&key, spec)).await.unwrap();
}

async fn go_round(bench: &Bench, calls: &Calls) -> Wake {
    let cx = ReconcileCx::new(bench.store.clone(), bench.env.clone());
    Courier::new(calls.clone()).reconcile(&cx).await.unwrap()
}

fn waiting(bench: &Bench) -> usize {
    bench.store.snapshot().list::<Delivery>(Scope::All).unwrap().len()
}

#[tokio::test]
async fn a_delivery_is_on_the_way_of_the_event_that_brought_it_about() {
    let (bench, calls, sent) = bench();
    let spec = wanted("jobs", Retry::DAY);
    post(&bench, &DeliverySpec { call: spec.call.clone().traced(Some("Root=1-2-3".into())), ..spec }).await;
    go_round(&bench, &calls).await;
    assert_eq!(*sent.lock().unwrap(), [("jobs".to_owned(), "hello on the way of Root=1-2-3".to_owned())]);
}

#[tokio::test]
async fn what_stands_in_the_outbox_is_delivered_once_it_is_due() {
    let (bench, calls, sent) = bench();
    post(&bench, &wanted("jobs", Retry::DAY)).await;
    let later = START + Duration::from_secs(60);
    post(&bench, &DeliverySpec { not_before: later, ..wanted("later", Retry::DAY) }).await;
    assert_eq!(go_round(&bench, &calls).await, Wake::At(later));
    assert_eq!((sent.lock().unwrap().len(), waiting(&bench)), (1, 1));
    bench.advance(Duration::from_secs(60));
    assert_eq!(go_round(&bench, &calls).await, Wake::Idle);
    assert_eq!((sent.lock().unwrap().len(), waiting(&bench)), (2, 0));
}

#[tokio::test]
async fn what_fails_is_tried_again_and_at_last_becomes_a_dead_letter() {
    for to in ["broken", "busy"] {
        let (bench, calls, sent) = bench();
        post(&bench, &wanted(to, Retry { max_age: 3600, max_retries: 2 })).await;
        for pause in [1, 2] {
            go_round(&bench, &calls).await;
            assert_eq!(waiting(&bench), 1);
            bench.advance(Duration::from_secs(pause));
        }
        go_round(&bench, &calls).await;
        go_round(&bench, &calls).await;
        let sent = sent.lock().unwrap();
        let (queue, said) = sent.first().expect("a dead letter");
        assert_eq!((queue.as_str(), waiting(&bench)), ("dead", 0));
        for part in
            ["it was: hello", "RULE_ARN=arn:of:rule", "RETRY_ATTEMPTS=2", "EXHAUSTED_RETRY_CONDITION=MaximumRetryAttempts"]
        {
            assert!(said.contains(part), "{said}");
        }
    }
}

#[tokio::test]
async fn what_can_never_succeed_is_given_up_at_once() {
    let (bench, calls, sent) = bench();
    let films = DeliverySpec { by: bucket("films"), ..wanted("jobs", Retry::DAY) };
    post(&bench, &films).await;
    post(&bench, &DeliverySpec { call: Request::new("sqs", "SendMessage", &json!({})), ..wanted("jobs", Retry::DAY) }).await;
    post(&bench, &DeliverySpec { call: Request::new("sqs", "Nonsense", &json!({})), ..wanted("jobs", Retry::DAY) }).await;
    go_round(&bench, &calls).await;
    go_round(&bench, &calls).await;
    let sent = sent.lock().unwrap();
    assert_eq!((sent.len(), waiting(&bench)), (3, 0));
    assert!(sent.iter().all(|(queue, said)| queue == "dead" && said.contains("RETRY_ATTEMPTS=0")), "{sent:?}");
    assert!(sent.iter().all(|(_, said)| !said.contains("EXHAUSTED")), "{sent:?}");
}

#[tokio::test]
async fn the_parts_of_a_batch_are_delivered_one_after_another() {
    let (bench, calls, sent) = bench();
    for (number, to) in [(2, "second"), (1, "first"), (3, "third")] {
        let key = Delivery::key(&account(), &region(), format!("batch/{number}"));
        let spec = wanted(to, Retry::DAY);
        bench.store.transact::<_, StoreError>(|tx| tx.create(&key, &spec)).await.unwrap();
    }
    for left in [2, 1, 0] {
        go_round(&bench, &calls).await;
        assert_eq!(waiting(&bench), left);
    }
    let order: Vec<_> = sent.lock().unwrap().iter().map(|(queue, _)| queue.clone()).collect();
    assert_eq!(order, ["first", "second", "third"]);
}
