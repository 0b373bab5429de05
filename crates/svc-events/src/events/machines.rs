//! Events of EC2: "EC2 Instance State-change Notification" (EC2 user guide, "State change events for your instances").

use async_trait::async_trait;
use front::AwsEvent;
use logic::instance::{state, state_name};
use model::{Arn, Env, Key, Record, ec2::Instance, events::ToldState};
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
            let told = snapshot.get(&key.told_state())?.map(|told| told.plan);
            let reached = state_name(state(&row.spec, &row.plan));
            if told.as_deref().map(String::as_str) != Some(reached) {
                cx.store.transact::<_, StoreError>(|tx| tell(tx, &cx.env, &key, reached)).await?;
            }
        }
        for (key, _) in snapshot.specs::<ToldState>(Scope::All)? {
            if key.of_what::<Instance>().is_some_and(|instance| !snapshot.exists(&instance).unwrap_or(true)) {
                cx.store.transact::<_, StoreError>(|tx| tx.delete(&key)).await?;
            }
        }
        Ok(Wake::Idle)
    }
}

fn tell(tx: &mut Tx, env: &Env, key: &Key<Instance>, state: &str) -> Result<(), StoreError> {
    let told = key.told_state();
    if !tx.exists(&told)? {
        tx.create(&told, &())?;
    }
    tx.put_plan(&told, &state.to_owned())?;
    let event = AwsEvent {
        service: "ec2",
        about: Arn::new("ec2", &key.region, &key.account, format!("instance/{}", key.id)),
        detail_type: "EC2 Instance State-change Notification",
        detail: json!({"instance-id": key.id, "state": state}),
    };
    event.tell(tx, env, (&key.account, &key.region))
}
