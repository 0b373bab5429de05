//! Deleting keys, which takes a week at the least.

use super::super::{errors, views};
use super::{own, own_alive};
use api::kms as sdk;
use front::{Answer, Cx};
use model::kms::Deletion;
use spine::Tx;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
const DEFAULT_DAYS: i32 = 30;

/// `ScheduleKeyDeletion`. The reconciler deletes the key when its time has come.
pub fn schedule(cx: &Cx, tx: &mut Tx, input: &sdk::ScheduleKeyDeletionRequest) -> Answer<sdk::ScheduleKeyDeletionResponse> {
    let found = own_alive(cx, tx, &input.key_id)?;
    let days = input.pending_window_in_days.unwrap_or(DEFAULT_DAYS);
    let window = u32::try_from(days).ok().filter(|days| (7..=30).contains(days));
    let window_days = window
        .ok_or_else(|| errors::validation(format!("PendingWindowInDays must be between 7 and 30 (inclusive), but is {days}.")))?;
    let at = cx.now + DAY * window_days;
    tx.update_spec(&found.key, |spec| {
        spec.enabled = false;
        spec.deletion = Some(Deletion { at, window_days });
    })?;
    Ok(sdk::ScheduleKeyDeletionResponse {
        key_id: Some(found.key.arn().to_string()),
        deletion_date: Some(views::time(at)),
        key_state: Some(sdk::KeyState::PendingDeletion),
        pending_window_in_days: Some(days),
    })
}

/// `CancelKeyDeletion`. The key is disabled then.
pub fn cancel(cx: &Cx, tx: &mut Tx, input: &sdk::CancelKeyDeletionRequest) -> Answer<sdk::CancelKeyDeletionResponse> {
    let found = own(cx, tx, &input.key_id)?;
    if found.spec.deletion.is_none() {
        return Err(errors::invalid_state(&found.key.arn(), "not pending deletion"));
    }
    tx.update_spec(&found.key, |spec| spec.deletion = None)?;
    Ok(sdk::CancelKeyDeletionResponse { key_id: Some(found.key.arn().to_string()) })
}
