//! One attempt at an event: the function is run, and what comes of it is written down in one commit with its consequences.

use super::{
    consequences::{Outcome, Told, consequences},
    event::{delete, payload},
    run::Due,
};
use crate::lambda::{
    errors,
    invoke::{Invoker, Ran, whole},
    names::Named,
    pool::{Call, NotRun, Target},
};
use logic::function::retries::{Condition, Next, Terms, after_failure, after_refusal, is_too_old};
use model::{
    delivery::{Delivery, DeliverySpec},
    lambda::{EventInvokeSpec, EventPlan},
};
use spine::{Read, StoreError};
use std::time::Duration;
use wire::Fault;

/// Attempts an event.
///
/// # Errors
/// Of the store alone; everything else is what becomes of the event.
pub async fn attempt(invoker: &Invoker, due: &Due) -> Result<(), Fault> {
    let snapshot = invoker.store.snapshot();
    let named = Named { key: due.key.function(), qualifier: due.spec.qualifier.clone() };
    let Some(event) = payload(&snapshot, &due.key, &due.spec)? else { return drop_event(invoker, due).await };
    let settings = snapshot.spec(&named.key.event_invoke(named.qualifier.as_deref()))?;
    let terms = terms(settings.as_deref());
    let target = match invoker.target(&named) {
        Ok(target) => target,
        // With the function goes who could be told.
        Err(fault) if errors::is_not_found(&fault) => return drop_event(invoker, due).await,
        Err(_) => return settle(invoker, due, terms, None, Came::Refused).await,
    };
    let told = Told { named: &named, target: &target, settings: settings.as_deref(), event: &event, spec: &due.spec };
    let came = come(invoker, due, &told, terms).await?;
    settle(invoker, due, terms, Some(&told), came).await
}

/// What came of an attempt.
enum Came {
    /// The function has answered.
    Answered(Outcome),
    /// The function was run, and failed.
    Failed(Outcome),
    /// The function wasn't run; it may be later.
    Refused,
    /// It is not to be run.
    GivenUp(Condition),
}

async fn come(invoker: &Invoker, due: &Due, told: &Told<'_>, terms: Terms) -> Result<Came, Fault> {
    if is_too_old(due.spec.accepted, terms, invoker.env.now()) {
        return Ok(Came::GivenUp(Condition::EventAgeExceeded));
    }
    if told.target.reserved == Some(0) {
        return Ok(Came::GivenUp(Condition::ZeroReservedConcurrency));
    }
    match invoker.run_target(Target::clone(told.target), call(due, told)).await {
        Ok(Ran { version, invoked, trace }) => {
            let (payload, failed) = whole(invoked.answer).await;
            let outcome = Outcome { version: version.version().to_owned(), payload, failed, trace };
            Ok(if failed { Came::Failed(outcome) } else { Came::Answered(outcome) })
        }
        Err(NotRun::Fault(fault)) if errors::is_recursive(&fault) => Ok(Came::GivenUp(Condition::RecursiveInvocation)),
        Err(why) => {
            tracing::debug!(event = ?due.key, %why, "an event is tried again");
            Ok(Came::Refused)
        }
    }
}

fn call(due: &Due, told: &Told<'_>) -> Call {
    let event = bytes::Bytes::copy_from_slice(told.event.as_bytes());
    let call = Call::new(told.named.key.clone(), told.named.qualifier.clone(), due.spec.request_id.clone(), event);
    Call { trace: due.spec.trace.clone(), queued: true, ..call }
}

fn terms(settings: Option<&EventInvokeSpec>) -> Terms {
    let default = Terms::default();
    let oldest = settings.and_then(|settings| settings.maximum_age).map(|age| Duration::from_secs(age.into()));
    let retries = settings.and_then(|settings| settings.maximum_retries);
    Terms { oldest: oldest.unwrap_or(default.oldest), retries: retries.unwrap_or(default.retries) }
}

/// Writes down what came of an attempt.
async fn settle(invoker: &Invoker, due: &Due, terms: Terms, told: Option<&Told<'_>>, came: Came) -> Result<(), Fault> {
    let (now, accepted) = (invoker.env.now(), due.spec.accepted);
    let (failures, refusals) = (due.plan.failures, due.plan.refusals);
    let (condition, runs, outcome) = match came {
        Came::Answered(outcome) => (Condition::Success, failures + 1, Some(outcome)),
        Came::GivenUp(condition) => (condition, failures, None),
        Came::Failed(outcome) => match after_failure(accepted, failures + 1, terms, now) {
            Next::Again(at) => {
                return again(invoker, due, EventPlan { failures: failures + 1, refusals: 0, next: Some(at) }).await;
            }
            Next::GiveUp(condition) => (condition, failures + 1, Some(outcome)),
        },
        Came::Refused => match after_refusal(accepted, refusals + 1, terms, now) {
            Next::Again(at) => {
                return again(invoker, due, EventPlan { failures, refusals: refusals + 1, next: Some(at) }).await;
            }
            Next::GiveUp(condition) => (condition, failures, None),
        },
    };
    let deliveries = told.map(|told| consequences(told, condition, runs, outcome.as_ref(), now)).unwrap_or_default();
    end(invoker, due, deliveries).await
}

async fn again(invoker: &Invoker, due: &Due, plan: EventPlan) -> Result<(), Fault> {
    let write = invoker.store.transact(|tx| if tx.exists(&due.key)? { tx.put_plan(&due.key, &plan) } else { Ok(()) });
    Ok(write.await?)
}

/// The event is over; whoever is to be told will be.
async fn end(invoker: &Invoker, due: &Due, deliveries: Vec<DeliverySpec>) -> Result<(), Fault> {
    let ids: Vec<String> = deliveries.iter().map(|_| invoker.env.uuid()).collect();
    let write = invoker.store.transact(|tx| {
        if !tx.exists(&due.key)? {
            return Ok::<_, StoreError>(());
        }
        for (id, delivery) in ids.iter().zip(&deliveries) {
            tx.create(&Delivery::key(&due.key.account, &due.key.region, id.clone()), delivery)?;
        }
        delete(tx, &due.key, &due.spec)
    });
    Ok(write.await?)
}

async fn drop_event(invoker: &Invoker, due: &Due) -> Result<(), Fault> {
    end(invoker, due, Vec::new()).await
}
