//! Makes the calls that stand in the outbox ([`model::delivery`]), until each has succeeded or is given up.

use crate::{attempt, calls::Calls};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use logic::delivery::{Next, after_failure, due};
use model::{
    AccountId, Arn, Env, Key, Record, Region, Timestamp,
    delivery::{DeadLetter, Delivery, DeliveryPlan, DeliverySpec, Request, Retry},
};
use serde_json::json;
use spine::{
    Read, Row, Scope, Store,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use wire::Fault;

/// How many calls are made at a time.
const AT_A_TIME: usize = 64;

/// Sees to the outbox. It writes the `Plan` of deliveries, and deletes those that are done.
pub struct Courier {
    calls: Calls,
}

impl Courier {
    /// One that makes its calls that way.
    pub fn new(calls: Calls) -> Self {
        Self { calls }
    }

    async fn deliver(&self, cx: &ReconcileCx, key: Key<Delivery>, row: Row<Delivery>) -> anyhow::Result<()> {
        let spec = &row.spec;
        let call = attempt::numbered(&spec.call, &spec.by, row.plan.attempts + 1);
        let made = self.calls.make(&spec.by, (&key.account, &key.region), &call).await;
        match made {
            Ok(_) => Ok(cx.store.transact(|tx| tx.delete(&key)).await?),
            Err(fault) => failed(&cx.store, &cx.env, &key, &row, &fault).await,
        }
    }
}

#[async_trait]
impl Reconciler for Courier {
    fn name(&self) -> &'static str {
        "delivery/courier"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Delivery::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let (now, snapshot) = (cx.env.now(), cx.store.snapshot());
        let (mut ready, mut later) = (Vec::new(), Vec::new());
        for (key, row) in snapshot.list::<Delivery>(Scope::All)? {
            let at = due(&row.spec, &row.plan);
            match Delivery::before(&key) {
                // The end of the one before it is a change, which wakes whoever sees to the next.
                Some(before) if snapshot.exists(&before)? => {}
                _ if at <= now => ready.push((key, row)),
                _ => later.push(Wake::At(at)),
            }
        }
        let mut made = stream::iter(ready).map(|(key, row)| self.deliver(cx, key, row)).buffer_unordered(AT_A_TIME);
        while let Some(done) = made.next().await {
            done?;
        }
        Ok(later.into_iter().fold(Wake::Idle, Wake::min))
    }
}

/// It is tried again, or given up: then its dead letter takes its place in the same transaction.
async fn failed(store: &Store, env: &Env, key: &Key<Delivery>, row: &Row<Delivery>, fault: &Fault) -> anyhow::Result<()> {
    let (now, attempts) = (env.now(), row.plan.attempts + 1);
    let next = after_failure(&row.spec, attempts, is_lasting(fault), now);
    if let Next::Again(at) = next {
        let error = Some((fault.code.to_string(), fault.message.clone()));
        let plan = DeliveryPlan { attempts, next: Some(at), error };
        return Ok(store.transact(|tx| tx.put_plan(key, &plan)).await?);
    }
    tracing::info!(?key, call = row.spec.call.operation, %fault, attempts, "a delivery is given up");
    let letter = row.spec.dead_letter.as_ref().and_then(|letter| posted(letter, (next, attempts), fault, now));
    let id = env.uuid();
    store
        .transact(|tx| {
            if let Some((account, region, spec)) = &letter {
                tx.create(&Delivery::key(account, region, id.clone()), spec)?;
            }
            tx.delete(key)
        })
        .await?;
    Ok(())
}

/// Whether it would fail again whenever it is tried: whoever is called says that the caller is to blame, and not for asking too often; or
/// it isn't built.
fn is_lasting(fault: &Fault) -> bool {
    let throttled = fault.status == 429 || fault.code.contains("Throttl") || fault.code.contains("TooManyRequests");
    fault.status == 501 || fault.status < 500 && !throttled
}

/// The dead letter as a delivery to its queue; none if the queue's ARN names no place.
fn posted(
    letter: &DeadLetter,
    (next, attempts): (Next, u32),
    fault: &Fault,
    now: Timestamp,
) -> Option<(AccountId, Region, DeliverySpec)> {
    let (account, region) = (AccountId::parse(&letter.queue.account).ok()?, Region::parse(&letter.queue.region).ok()?);
    let mut attributes = letter.attributes.clone();
    attributes.insert("ERROR_CODE".into(), fault.code.to_string());
    attributes.insert("ERROR_MESSAGE".into(), fault.message.clone());
    if let Some(condition) = next.condition() {
        attributes.insert("EXHAUSTED_RETRY_CONDITION".into(), condition.into());
    }
    attributes.insert("RETRY_ATTEMPTS".into(), attempts.saturating_sub(1).to_string());
    let texts = attributes.iter().filter(|(_, value)| !value.is_empty());
    let attributes: serde_json::Map<_, _> =
        texts.map(|(name, value)| (name.clone(), json!({"DataType": "String", "StringValue": value}))).collect();
    let body = attempt::filled(&letter.body, &letter.by, attempts);
    let input = json!({"QueueUrl": queue_url(&letter.queue), "MessageBody": body, "MessageAttributes": attributes});
    let call = Request::new("sqs", "SendMessage", &input);
    let spec = DeliverySpec { call, by: letter.by.clone(), wanted: now, not_before: now, retry: Retry::DAY, dead_letter: None };
    Some((account, region, spec))
}

/// What SQS takes for the URL of a queue: of its path alone it reads whose it is, and its name.
pub fn queue_url(queue: &Arn) -> String {
    format!("http://sqs.{}.localhost/{}/{}", queue.region, queue.account, queue.resource)
}
