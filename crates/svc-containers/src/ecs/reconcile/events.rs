//! Events of ECS: "ECS Task State Change" (ECS developer guide, "Amazon ECS task state change events").

use crate::ecs::{
    load::{self, LoadedTask},
    views,
};
use async_trait::async_trait;
use front::AwsEvent;
use model::{
    Env, Key, Record, Timestamp,
    ecs::{Task, TaskStop},
    events::ToldState,
};
use serde_json::{Value as Json, json};
use spine::{
    Read, Scope, StoreError, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use wire::{IntoValue, Value};

/// Tells the default bus of each state that a task reaches. It writes the `Plan` of what was told, in one transaction with the event.
///
/// It looks at records as they are: of a state that was over before anybody looked, nothing is told.
pub struct TaskEvents;

#[async_trait]
impl Reconciler for TaskEvents {
    fn name(&self) -> &'static str {
        "ecs/task-events"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Task::KIND, TaskStop::KIND, agent_proto::record::Hosted::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let snapshot = cx.store.snapshot();
        for (key, _) in snapshot.specs::<Task>(Scope::All)? {
            let Some(task) = load::task(&snapshot, &key)? else { continue };
            let told = snapshot.get(&key.told_state())?.map(|told| told.plan);
            if told.as_deref().map(String::as_str) != Some(reached(&task).as_str()) {
                cx.store.transact::<_, StoreError>(|tx| tell(tx, &cx.env, &key)).await?;
            }
        }
        for (key, _) in snapshot.specs::<ToldState>(Scope::All)? {
            if key.of_what::<Task>().is_some_and(|task| !snapshot.exists(&task).unwrap_or(true)) {
                cx.store.transact::<_, StoreError>(|tx| tx.delete(&key)).await?;
            }
        }
        Ok(Wake::Idle)
    }
}

/// What changes of this are told.
fn reached(task: &LoadedTask) -> String {
    let shown = views::task(task, false);
    format!("{}/{}", shown.last_status.unwrap_or_default(), shown.desired_status.unwrap_or_default())
}

fn tell(tx: &mut Tx, env: &Env, key: &Key<Task>) -> Result<(), StoreError> {
    let Some(task) = load::task(tx, key)? else { return Ok(()) };
    let told = key.told_state();
    if !tx.exists(&told)? {
        tx.create(&told, &())?;
    }
    tx.put_plan(&told, &reached(&task))?;
    let mut detail = json(&views::task(&task, false).into_value());
    detail["updatedAt"] = json!(moment(env.now()));
    let event = AwsEvent { service: "ecs", about: key.arn(), detail_type: "ECS Task State Change", detail };
    event.tell(tx, env, (&key.account, &key.region))
}

/// What the API shows, with moments as events have them.
fn json(value: &Value) -> Json {
    match value {
        Value::Null | Value::Blob(_) => Json::Null,
        Value::Bool(it) => json!(it),
        Value::Int(it) => json!(it),
        Value::Float(it) => json!(it),
        Value::Str(it) => json!(it),
        Value::Time(it) => json!(moment(Timestamp(it.0))),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(members) => members.iter().map(|(name, value)| (name.clone(), json(value))).collect(),
        Value::Struct(members) => members.iter().map(|(name, value)| ((*name).to_owned(), json(value))).collect(),
    }
}

/// `2026-01-01T00:00:00.000Z`.
fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()).unwrap_or_default()
}
