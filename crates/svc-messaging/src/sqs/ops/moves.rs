//! Moving the messages of a dead-letter queue: `StartMessageMoveTask`, `ListMessageMoveTasks`, `CancelMessageMoveTask`. The mover does it
//! (`reconcile/mover.rs`).

use super::{
    super::{
        errors, names,
        queues::{Found, Queues},
    },
    queues::sources_of,
    receive::delay,
};
use api::sqs as sdk;
use base64::{Engine, engine::general_purpose::STANDARD};
use front::{Answer, Cx};
use logic::policy::Context;
use model::{
    Arn, Key,
    sqs::{MoveState, MoveTask, MoveTaskPlan, MoveTaskSpec, Queue, move_task_id},
};
use serde_json::{Value, json};
use spine::{Read, Row, Scope, Tx};
use std::sync::Arc;

/// The most messages in a second that can be asked for, and the most tasks that are listed.
const MOST_PER_SECOND: i32 = 500;
const MOST_LISTED: i32 = 10;

/// `StartMessageMoveTask`.
pub async fn start(
    cx: Cx,
    queues: Arc<Queues>,
    input: sdk::StartMessageMoveTaskRequest,
) -> Answer<sdk::StartMessageMoveTaskResult> {
    let rate = input.max_number_of_messages_per_second;
    if let Some(rate) = rate.filter(|rate| !(1..=MOST_PER_SECOND).contains(rate)) {
        let reason = "MaxNumberOfMessagesPerSecond must be between 1 and 500.";
        return Err(errors::invalid(rate, "MaxNumberOfMessagesPerSecond", reason));
    }
    let source = source(&cx, &queues, &input.source_arn).await?;
    let destination = destination(&cx, &queues, &source, input.destination_arn.as_deref()).await?;
    let counts = source.live.counts(delay(&source), cx.now)?;
    let spec = MoveTaskSpec {
        source: source.key.id.clone(),
        destination: destination.map(|found| found.key.arn()),
        rate: rate.and_then(|rate| u32::try_from(rate).ok()),
        started: cx.now,
        to_move: counts.visible,
        cancelled: false,
    };
    let task = cx.env.uuid();
    queues
        .store
        .transact(|tx| {
            if sources_of(tx, &source.key)?.is_empty() {
                return Err(errors::refused("Source queue must be configured as a Dead Letter Queue."));
            }
            if tasks(tx, &source.key)?.iter().any(|(_, row)| row.plan.state == MoveState::Running) {
                return Err(errors::unsupported(
                    "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
                ));
            }
            tx.create(&Key::<MoveTask>::new(&source.key.account, &source.key.region, move_task_id(&spec.source, &task)), &spec)?;
            Ok(())
        })
        .await?;
    Ok(sdk::StartMessageMoveTaskResult { task_handle: Some(handle(&task, &source.key)) })
}

/// The queue whose messages are moved, by somebody who may take them.
async fn source(cx: &Cx, queues: &Queues, arn: &str) -> Answer<Found> {
    let found = named(cx, queues, arn, "SourceArn").await?;
    for action in ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"] {
        cx.authorize(action, &[found.key.arn()], &Context::default())?;
    }
    Ok(found)
}

/// The queue that they go to, if one is named, by somebody who may send there.
async fn destination(cx: &Cx, queues: &Queues, source: &Found, arn: Option<&str>) -> Answer<Option<Found>> {
    let Some(arn) = arn else { return Ok(None) };
    let found = named(cx, queues, arn, "DestinationArn").await?;
    if found.key == source.key {
        return Err(errors::refused("Source queue arn and destination queue arn must not be same."));
    }
    if found.spec.fifo.is_some() != source.spec.fifo.is_some() {
        return Err(errors::refused("Source queue and destination queue must be of the same type."));
    }
    cx.authorize("sqs:SendMessage", &[found.key.arn()], &Context::default())?;
    Ok(Some(found))
}

async fn named(cx: &Cx, queues: &Queues, arn: &str, parameter: &str) -> Answer<Found> {
    let parsed: Arn = arn.parse().map_err(|_| {
        errors::refused(format!(
            "You must use this format to specify the {parameter}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        ))
    })?;
    let missing = || errors::no_resource(format!("The resource that you specified for the {parameter} parameter doesn't exist."));
    let key = names::key_of(&parsed).filter(|key| key.account == cx.account && key.region == cx.region).ok_or_else(missing)?;
    queues.at(&key.arn()).await?.ok_or_else(missing)
}

/// `ListMessageMoveTasks`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListMessageMoveTasksRequest) -> Answer<sdk::ListMessageMoveTasksResult> {
    let max = input.max_results.unwrap_or(1);
    if !(1..=MOST_LISTED).contains(&max) {
        return Err(errors::invalid(max, "MaxResults", "MaxResults must be an integer between 1 and 10."));
    }
    let key = input.source_arn.parse().ok().and_then(|arn| names::key_of(&arn)).filter(|key| key.account == cx.account);
    let missing = || errors::no_resource("The resource that you specified for the SourceArn parameter doesn't exist.");
    let key = key.ok_or_else(missing)?;
    if !tx.exists(&key)? {
        return Err(missing());
    }
    let mut found = tasks(tx, &key)?;
    found.sort_by_key(|(_, row)| std::cmp::Reverse(row.spec.started));
    let shown = found.iter().take(usize::try_from(max).unwrap_or(1)).map(|(task, row)| entry(&key, task, &row.spec, &row.plan));
    let results: Vec<_> = shown.collect();
    Ok(sdk::ListMessageMoveTasksResult { results: Some(results).filter(|results| !results.is_empty()) })
}

/// `CancelMessageMoveTask`.
pub fn cancel(cx: &Cx, tx: &mut Tx, input: &sdk::CancelMessageMoveTaskRequest) -> Answer<sdk::CancelMessageMoveTaskResult> {
    let missing = || errors::no_resource("Task does not exist.");
    let (task, source) = read_handle(&input.task_handle)
        .ok_or_else(|| errors::invalid(&input.task_handle, "TaskHandle", "It is not a valid task handle."))?;
    let source = names::key_of(&source).filter(|key| key.account == cx.account).ok_or_else(missing)?;
    let key = Key::<MoveTask>::new(&source.account, &source.region, move_task_id(&source.id, &task));
    let row = tx.get(&key)?.ok_or_else(missing)?;
    if row.plan.state != MoveState::Running || row.spec.cancelled {
        return Err(errors::unsupported("Only active tasks can be cancelled."));
    }
    tx.update_spec(&key, |spec| spec.cancelled = true)?;
    let moved = i64::try_from(row.plan.moved).unwrap_or(i64::MAX);
    Ok(sdk::CancelMessageMoveTaskResult { approximate_number_of_messages_moved: Some(moved) })
}

/// The queue that a task's handle names, for decisions. None where the handler refuses the handle.
pub fn on_handle(handle: &str) -> Vec<Arn> {
    read_handle(handle).map(|(_, source)| source).into_iter().collect()
}

/// The tasks of a queue, with their ids.
pub fn tasks(read: &impl Read, key: &Key<Queue>) -> Answer<Vec<(String, Row<MoveTask>)>> {
    let prefix = move_task_id(&key.id, "");
    let rows = read.list::<MoveTask>(Scope::Prefix(&key.account, &key.region, &prefix))?;
    Ok(rows.into_iter().map(|(key, row)| (key.id[prefix.len()..].to_owned(), row)).collect())
}

fn entry(key: &Key<Queue>, task: &str, spec: &MoveTaskSpec, plan: &MoveTaskPlan) -> sdk::ListMessageMoveTasksResultEntry {
    let status = match plan.state {
        MoveState::Running if spec.cancelled => "CANCELLING",
        MoveState::Running => "RUNNING",
        MoveState::Completed => "COMPLETED",
        MoveState::Cancelled => "CANCELLED",
        MoveState::Failed => "FAILED",
    };
    let count = |count| i64::try_from(count).unwrap_or(i64::MAX);
    sdk::ListMessageMoveTasksResultEntry {
        task_handle: (status == "RUNNING").then(|| handle(task, key)),
        status: Some(status.to_owned()),
        source_arn: Some(key.arn().to_string()),
        destination_arn: spec.destination.as_ref().map(Arn::to_string),
        max_number_of_messages_per_second: spec.rate.and_then(|rate| i32::try_from(rate).ok()),
        approximate_number_of_messages_moved: Some(count(plan.moved)),
        approximate_number_of_messages_to_move: Some(count(spec.to_move)),
        failure_reason: plan.failure.clone(),
        started_timestamp: Some(spec.started.0),
    }
}

fn handle(task: &str, source: &Key<Queue>) -> String {
    STANDARD.encode(json!({"taskId": task, "sourceArn": source.arn()}).to_string())
}

fn read_handle(handle: &str) -> Option<(String, Arn)> {
    let json: Value = serde_json::from_slice(&STANDARD.decode(handle).ok()?).ok()?;
    Some((json["taskId"].as_str()?.to_owned(), json["sourceArn"].as_str()?.parse().ok()?))
}
