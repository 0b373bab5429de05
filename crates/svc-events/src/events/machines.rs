//! Events of EC2: "EC2 Instance State-change Notification" (EC2 user guide, "State change events for your instances").

use async_trait::async_trait;
use logic::instance::{state, state_name};
use model::{
    Arn, Env, Key, Record, Timestamp,
    delivery::{Caller, Delivery, DeliverySpec, Request, Retry},
    ec2::Instance,
    events::ToldState,
};
use serde_json::json;
use spine::{
    Read, Scope, StoreError, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};

/// Tells the default bus of each state that an instance reaches. It writes the `Plan` of what was told, in one transaction with the event.
///
/// It looks at records as they are: of a state that was over before anybody looked, nothing is told.
pub struct MachineStates;

#[async_trait]
impl Reconciler for MachineStates {
    fn name(&self) -> &'static str {
        "events/machine-states"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Instance::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let snapshot = cx.store.snapshot();
        for (key, row) in snapshot.list::<Instance>(Scope::All)? {
            let told = snapshot.get(&told_of(&key))?.map(|told| told.plan);
            let reached = state_name(state(&row.spec, &row.plan));
            if told.as_deref() != Some(reached) {
                cx.store.transact::<_, StoreError>(|tx| tell(tx, &cx.env, &key, reached)).await?;
            }
        }
        for (key, _) in snapshot.specs::<ToldState>(Scope::All)? {
            if !snapshot.exists(&Key::<Instance>::new(&key.account, &key.region, key.id.clone()))? {
                cx.store.transact::<_, StoreError>(|tx| tx.delete(&key)).await?;
            }
        }
        Ok(Wake::Idle)
    }
}

fn told_of(key: &Key<Instance>) -> Key<ToldState> {
    Key::new(&key.account, &key.region, key.id.clone())
}

fn tell(tx: &mut Tx, env: &Env, key: &Key<Instance>, state: &str) -> Result<(), StoreError> {
    let told = told_of(key);
    if !tx.exists(&told)? {
        tx.create(&told, &())?;
    }
    tx.put_plan(&told, &state.to_owned())?;
    tx.create(&Delivery::key(&key.account, &key.region, env.uuid()), &delivery(key, state, env.now()))
}

fn delivery(key: &Key<Instance>, state: &str, now: Timestamp) -> DeliverySpec {
    let instance = Arn::new("ec2", &key.region, &key.account, format!("instance/{}", key.id));
    let entry = json!({
        "Source": "aws.ec2", "DetailType": "EC2 Instance State-change Notification", "Resources": [instance.to_string()],
        "Time": now.as_secs_f64(), "Detail": json!({"instance-id": key.id, "state": state}).to_string(),
    });
    DeliverySpec {
        call: Request::new("events", "PutEvents", &json!({"Entries": [entry]})),
        by: Caller::Service { name: "ec2.amazonaws.com".to_owned(), source: instance, account: key.account.clone() },
        wanted: now,
        not_before: now,
        retry: Retry::DAY,
        dead_letter: None,
    }
}
