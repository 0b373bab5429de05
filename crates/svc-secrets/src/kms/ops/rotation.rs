//! Rotation. The reconciler makes the new material.

use super::super::{errors, page, views};
use super::{
    keys::{refuse_rotation, rotatable},
    own,
};
use api::kms as sdk;
use front::{Answer, Cx};
use logic::kms::{State, next_automatic, state};
use model::kms::{AutomaticRotation, KmsKeyPlan, KmsKeySpec};
use page::{Asked, page};
use spine::Tx;

const DEFAULT_DAYS: u32 = 365;

/// How often a key can be rotated on demand in its life.
const MOST_ON_DEMAND: usize = 25;

/// `EnableKeyRotation`. The period of a key that is rotated already can be changed by it.
pub fn enable(cx: &Cx, tx: &mut Tx, input: &sdk::EnableKeyRotationRequest) -> Answer<()> {
    let found = rotatable(cx, tx, &input.key_id, "EnableKeyRotation")?;
    let asked = input.rotation_period_in_days.and_then(|days| u32::try_from(days).ok());
    let (since, before) = found.spec.rotation.map_or((cx.now, DEFAULT_DAYS), |it| (it.since, it.period_days));
    let rotation = AutomaticRotation { since, period_days: asked.unwrap_or(before) };
    Ok(tx.update_spec(&found.key, |spec| spec.rotation = Some(rotation))?)
}

/// `DisableKeyRotation`.
pub fn disable(cx: &Cx, tx: &mut Tx, input: &sdk::DisableKeyRotationRequest) -> Answer<()> {
    let found = rotatable(cx, tx, &input.key_id, "DisableKeyRotation")?;
    Ok(tx.update_spec(&found.key, |spec| spec.rotation = None)?)
}

/// `GetKeyRotationStatus`: of keys that are never rotated too, which say no.
pub fn status(cx: &Cx, tx: &mut Tx, input: &sdk::GetKeyRotationStatusRequest) -> Answer<sdk::GetKeyRotationStatusResponse> {
    let found = own(cx, tx, &input.key_id)?;
    let lives = state(&found.spec, cx.now) != State::PendingDeletion;
    let rotation = found.spec.rotation.filter(|_| lives);
    let period = rotation.and_then(|rotation| i32::try_from(rotation.period_days).ok());
    Ok(sdk::GetKeyRotationStatusResponse {
        key_rotation_enabled: Some(rotation.is_some()),
        key_id: Some(found.key.id.clone()),
        rotation_period_in_days: period,
        next_rotation_date: next_automatic(&found.spec, &found.plan).filter(|_| lives).map(views::time),
        on_demand_rotation_start_date: under_way(&found.spec, &found.plan).map(views::time),
    })
}

/// The rotation on demand that was asked for, and isn't done.
fn under_way(spec: &KmsKeySpec, plan: &KmsKeyPlan) -> Option<model::Timestamp> {
    let done = plan.rotations.iter().filter(|rotation| rotation.on_demand).count();
    spec.on_demand.get(done).copied()
}

/// `RotateKeyOnDemand`.
pub fn rotate(cx: &Cx, tx: &mut Tx, input: &sdk::RotateKeyOnDemandRequest) -> Answer<sdk::RotateKeyOnDemandResponse> {
    let found = rotatable(cx, tx, &input.key_id, "RotateKeyOnDemand")?;
    if under_way(&found.spec, &found.plan).is_some() {
        return Err(wire::Fault::client("ConflictException", "An on-demand rotation of the KMS key is in progress."));
    }
    if found.spec.on_demand.len() >= MOST_ON_DEMAND {
        return Err(errors::limit(format_args!("a KMS key can be rotated on demand {MOST_ON_DEMAND} times")));
    }
    tx.update_spec(&found.key, |spec| spec.on_demand.push(cx.now))?;
    Ok(sdk::RotateKeyOnDemandResponse { key_id: Some(found.key.id) })
}

/// `ListKeyRotations`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListKeyRotationsRequest) -> Answer<sdk::ListKeyRotationsResponse> {
    let found = own(cx, tx, &input.key_id)?;
    refuse_rotation(&found, "ListKeyRotations")?;
    let mut shown = found.plan.rotations.iter().map(|it| views::rotation(&found, it)).collect::<Vec<_>>();
    if input.include_key_material == Some(sdk::IncludeKeyMaterial::AllKeyMaterial) {
        shown.splice(0..0, views::first_material(&found));
    }
    let numbered = shown.into_iter().enumerate().map(|(number, it)| (format!("{number:06}"), it)).collect();
    let asked = Asked { limit: input.limit, marker: input.marker.as_deref(), default: 100 };
    let page = page(numbered, |(number, _)| number, &asked)?;
    Ok(sdk::ListKeyRotationsResponse {
        rotations: Some(page.things.into_iter().map(|(_, shown)| shown).collect()),
        next_marker: page.next_marker,
        truncated: page.truncated,
    })
}
