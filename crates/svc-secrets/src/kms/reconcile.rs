//! What time does to keys: rotations, deletions, material that expires.

use super::ops::remove;
use async_trait::async_trait;
use logic::kms::{due, next_automatic};
use model::{
    Env, Key, Record, Timestamp,
    kms::{ImportWrapping, KeyMaterialSpec, KmsKey, KmsKeyPlan, KmsKeySpec, Rotation, Secret},
};
use spine::{
    Read, Scope, StoreError, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};

/// Sees to the keys. It writes their `Plan`, makes the material of rotations, and deletes what is over.
pub struct Keys;

#[async_trait]
impl Reconciler for Keys {
    fn name(&self) -> &'static str {
        "kms/keys"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[KmsKey::KIND, ImportWrapping::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let now = cx.env.now();
        let mut wake = Wake::Idle;
        let snapshot = cx.store.snapshot();
        for (key, row) in snapshot.list::<KmsKey>(Scope::All)? {
            match next(&row.spec, &row.plan, now) {
                Some(at) if at <= now => {
                    cx.store.transact(|tx| see_to(tx, &cx.env, &key, now)).await?;
                    wake = wake.min(Wake::At(now));
                }
                Some(at) => wake = wake.min(Wake::At(at)),
                None => {}
            }
        }
        for (at, wrapping) in snapshot.specs::<ImportWrapping>(Scope::All)? {
            if wrapping.valid_to <= now {
                cx.store.transact(|tx| tx.delete(&at)).await?;
            } else {
                wake = wake.min(Wake::At(wrapping.valid_to));
            }
        }
        Ok(wake)
    }
}

/// When there is something to see to next.
fn next(spec: &KmsKeySpec, plan: &KmsKeyPlan, now: Timestamp) -> Option<Timestamp> {
    if let Some(deletion) = spec.deletion {
        return Some(deletion.at);
    }
    if due(spec, plan, now).is_some() {
        return Some(now);
    }
    let expiry = spec.valid_to.filter(|end| plan.expired != Some(*end));
    // A key that can't be used is rotated when it can be again, which is a change of its record.
    let rotation = next_automatic(spec, plan).filter(|at| *at > now);
    expiry.into_iter().chain(rotation).min()
}

fn see_to(tx: &mut Tx, env: &Env, key: &Key<KmsKey>, now: Timestamp) -> Result<(), StoreError> {
    let Some(row) = tx.get(key)? else { return Ok(()) };
    let (spec, plan) = (row.spec, row.plan);
    if spec.deletion.is_some_and(|deletion| deletion.at <= now) {
        return remove(tx, key);
    }
    if spec.valid_to.is_some_and(|end| end <= now && plan.expired != Some(end)) {
        return expire(tx, key, &spec);
    }
    match due(&spec, &plan, now) {
        Some(due) => rotate(tx, env, key, Rotation { at: due.at, material: env.hex(64), on_demand: due.on_demand }),
        None => Ok(()),
    }
}

/// The material is gone then; that it is over is said by its time.
fn expire(tx: &mut Tx, key: &Key<KmsKey>, spec: &KmsKeySpec) -> Result<(), StoreError> {
    if let Some(id) = &spec.material {
        tx.delete(&key.material(id))?;
    }
    tx.update_plan(key, |plan| plan.expired = spec.valid_to)
}

fn rotate(tx: &mut Tx, env: &Env, key: &Key<KmsKey>, rotation: Rotation) -> Result<(), StoreError> {
    tx.create(&key.material(&rotation.material), &KeyMaterialSpec { bytes: Secret::new(env.bytes::<32>()) })?;
    tx.update_plan(key, |plan| plan.rotations.push(rotation))
}
