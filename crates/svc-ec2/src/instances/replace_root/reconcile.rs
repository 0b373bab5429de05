//! Notes how far replacements are. The work is done by the reconciler of instances, in the interlude.

use super::create::is_over;
use crate::instances::load::beside;
use agent_proto::record::HostedMachine;
use async_trait::async_trait;
use logic::instance::{Replacing, replacement};
use model::{
    Key, Record, Timestamp,
    ec2::{Instance, RootReplacement, RootReplacementPlan, RootReplacementState, Volume},
};
use spine::{
    Read, Scope, StoreError, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};

/// The reconciler of replacements.
pub struct RootReplacements;

#[async_trait]
impl Reconciler for RootReplacements {
    fn name(&self) -> &'static str {
        "ec2/root-replacements"
    }

    fn watches(&self) -> &'static [&'static str] {
        const KINDS: &[&str] = &[RootReplacement::KIND, Instance::KIND, HostedMachine::KIND];
        KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let snapshot = cx.store.snapshot();
        for (key, row) in snapshot.list::<RootReplacement>(Scope::All)? {
            if !is_over(row.plan.state) && state(&snapshot, &key)? != Some(row.plan.state) {
                cx.store.transact(|tx| note(tx, &key, cx.env.now())).await?;
            }
        }
        Ok(Wake::Idle)
    }
}

/// How far a replacement is; `None` if it is gone.
fn state(read: &impl Read, key: &Key<RootReplacement>) -> Result<Option<RootReplacementState>, StoreError> {
    let Some(row) = read.get(key)? else { return Ok(None) };
    let at = Key::<Instance>::new(&key.account, &key.region, &row.spec.instance);
    let (instance, machine) = (read.get(&at)?, read.get(&beside::<HostedMachine>(&at, &at.id))?);
    let volume = read.spec(&beside::<Volume>(&at, &row.spec.volume))?;
    let seen = Replacing {
        id: &key.id,
        instance: instance.as_ref().map(|row| (&*row.spec, &*row.plan)),
        machine: machine.as_ref().map(|row| &*row.observed),
        swapped: volume.is_some_and(|volume| !volume.attachments.is_empty()),
    };
    Ok(Some(replacement(row.plan.state, seen)))
}

fn note(tx: &mut Tx, key: &Key<RootReplacement>, now: Timestamp) -> Result<(), StoreError> {
    let Some(state) = state(tx, key)? else { return Ok(()) };
    if state == RootReplacementState::Failed {
        discard(tx, key, now)?;
    }
    let completed_at = is_over(state).then_some(now);
    tx.put_plan(key, &RootReplacementPlan { state, completed_at })
}

/// The new volume of a replacement that came to nothing goes, unless the instance has it.
fn discard(tx: &mut Tx, key: &Key<RootReplacement>, now: Timestamp) -> Result<(), StoreError> {
    let Some(spec) = tx.spec(key)? else { return Ok(()) };
    let volume = Key::<Volume>::new(&key.account, &key.region, &spec.volume);
    match tx.spec(&volume)? {
        Some(found) if found.attachments.is_empty() => tx.update_spec(&volume, |volume| volume.deleted_at = Some(now)),
        _ => Ok(()),
    }
}
