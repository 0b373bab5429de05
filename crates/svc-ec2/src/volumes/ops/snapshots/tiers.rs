//! Snapshots in the archive.

use crate::{
    describe::{Field, Text, matching, page},
    errors::{dry_run, invalid_combination, invalid_value, missing_parameter},
    records::{find, key},
    tags,
    volumes::{
        errors::incorrect_state,
        load::{row, rows},
        new::positive,
    },
};
use api::ec2::{
    DescribeSnapshotTierStatusRequest, DescribeSnapshotTierStatusResult, ModifySnapshotTierRequest, ModifySnapshotTierResult,
    RestoreSnapshotTierRequest, RestoreSnapshotTierResult, SnapshotState as ShownState, SnapshotTierStatus, StorageTier, Tag,
    TieringOperationStatus,
};
use front::{Answer, Cx};
use logic::ebs::{SnapshotState, TierState, snapshot_state, tier};
use model::ec2::{Snapshot, Tiering};
use spine::{Row, Tx};
use wire::Time;

/// `ModifySnapshotTier`: to the archive, the only tier to which there is a way.
pub fn archive(cx: &Cx, tx: &mut Tx, input: &ModifySnapshotTierRequest) -> Answer<ModifySnapshotTierResult> {
    dry_run(input.dry_run)?;
    let id = &input.snapshot_id;
    let found = row::<Snapshot>(cx, tx, id)?;
    if snapshot_state(&found.plan) != SnapshotState::Completed {
        return Err(incorrect_state(format!("Snapshot {id} is in invalid state - {}", snapshot_state(&found.plan).name())));
    }
    let state = tier(&found.spec.tiering, cx.now);
    if state.archived || is_moving(&state) {
        return Err(incorrect_state(format!("The snapshot '{id}' is archived already, or is being moved.")));
    }
    tx.update_spec(&key::<Snapshot>(cx, id), |spec| {
        spec.tiering = Tiering { archived_at: Some(cx.now), ..Tiering::default() };
    })?;
    Ok(ModifySnapshotTierResult { snapshot_id: Some(id.clone()), tiering_start_time: Some(Time(cx.now.0)) })
}

fn is_moving(state: &TierState) -> bool {
    state.last.is_some_and(|last| last.name.ends_with("in-progress"))
}

/// `RestoreSnapshotTier`: from the archive; or another period, of one that is restored for some days.
pub fn restore(cx: &Cx, tx: &mut Tx, input: &RestoreSnapshotTierRequest) -> Answer<RestoreSnapshotTierResult> {
    dry_run(input.dry_run)?;
    let id = &input.snapshot_id;
    let spec = find::<Snapshot>(cx, tx, id)?;
    let permanent = input.permanent_restore == Some(true);
    let days = match (positive("temporaryRestoreDays", input.temporary_restore_days)?, permanent) {
        (Some(_), true) => return Err(invalid_combination("TemporaryRestoreDays and PermanentRestore exclude each other.")),
        (None, false) => return Err(missing_parameter("TemporaryRestoreDays or PermanentRestore")),
        (Some(days), _) if !(1..=180).contains(&days) => {
            return Err(invalid_value(format!(
                "Value ({days}) for parameter temporaryRestoreDays is invalid. Valid range: 1 - 180"
            )));
        }
        (days, _) => days,
    };
    let state = tier(&spec.tiering, cx.now);
    let again = state.expires_at.is_some() && !state.archived;
    if !state.archived && !again || is_moving(&state) {
        return Err(incorrect_state(format!("The snapshot '{id}' is not archived, or is being moved.")));
    }
    let restored_at = if again { spec.tiering.restored_at } else { Some(cx.now) };
    tx.update_spec(&key::<Snapshot>(cx, id), |spec| {
        spec.tiering.restored_at = restored_at;
        spec.tiering.restored_days = days;
    })?;
    Ok(RestoreSnapshotTierResult {
        snapshot_id: Some(id.clone()),
        restore_start_time: restored_at.map(|at| Time(at.0)),
        restore_duration: days.and_then(|days| i32::try_from(days).ok()),
        is_permanent_restore: Some(permanent),
    })
}

const FIELDS: &[Field<SnapshotTierStatus>] = &[
    ("snapshot-id", |it| it.snapshot_id.texts()),
    ("volume-id", |it| it.volume_id.texts()),
    ("last-tiering-operation", |it| it.last_tiering_operation_status.iter().map(|status| status.as_str().into()).collect()),
];

fn tags_of(it: &SnapshotTierStatus) -> &[Tag] {
    it.tags.as_deref().unwrap_or_default()
}

/// `DescribeSnapshotTierStatus`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeSnapshotTierStatusRequest) -> Answer<DescribeSnapshotTierStatusResult> {
    dry_run(input.dry_run)?;
    let all = rows::<Snapshot>(cx, tx, None)?;
    let views = all.iter().map(|(id, row)| view(cx, id, row)).collect();
    let found = matching(views, input.filters.as_deref().unwrap_or_default(), FIELDS, Some(tags_of))?;
    let (statuses, next_token) =
        page(found, |it| it.snapshot_id.clone().unwrap_or_default(), input.max_results, input.next_token.as_deref())?;
    Ok(DescribeSnapshotTierStatusResult { snapshot_tier_statuses: Some(statuses), next_token })
}

fn view(cx: &Cx, id: &str, row: &Row<Snapshot>) -> SnapshotTierStatus {
    let state = tier(&row.spec.tiering, cx.now);
    SnapshotTierStatus {
        snapshot_id: Some(id.into()),
        volume_id: Some(row.spec.volume.clone()),
        status: ShownState::parse(snapshot_state(&row.plan).name()),
        owner_id: Some(cx.account.to_string()),
        tags: Some(tags::view(&row.spec.tags)),
        storage_tier: Some(if state.archived { StorageTier::Archive } else { StorageTier::Standard }),
        last_tiering_start_time: state.last.map(|last| Time(last.started_at.0)),
        last_tiering_progress: state.last.map(|last| last.percent),
        last_tiering_operation_status: state.last.and_then(|last| TieringOperationStatus::parse(last.name)),
        last_tiering_operation_status_detail: None,
        archival_complete_time: state.last.and_then(|last| last.archived_at).map(|at| Time(at.0)),
        restore_expiry_time: state.expires_at.map(|at| Time(at.0)),
    }
}
