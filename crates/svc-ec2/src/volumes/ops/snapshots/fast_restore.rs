//! Fast restore of snapshots, zone by zone. Volumes here are always made at once and fetch their blocks when they are touched; what is kept is
//! where it was enabled, and how that stands.

use crate::{
    describe::{Field, Text, matching, page},
    errors::{dry_run, invalid_combination, missing_parameter},
    volumes::{
        errors::zone_not_found,
        load::{may_restore, visible_snapshot},
        ops::volumes::zone_named,
    },
};
use api::ec2::{
    DescribeFastSnapshotRestoreSuccessItem as Item, DescribeFastSnapshotRestoresRequest, DescribeFastSnapshotRestoresResult,
    DisableFastSnapshotRestoreErrorItem, DisableFastSnapshotRestoreStateError, DisableFastSnapshotRestoreStateErrorItem,
    DisableFastSnapshotRestoreSuccessItem, DisableFastSnapshotRestoresRequest, DisableFastSnapshotRestoresResult,
    EnableFastSnapshotRestoreErrorItem, EnableFastSnapshotRestoreStateError, EnableFastSnapshotRestoreStateErrorItem,
    EnableFastSnapshotRestoreSuccessItem, EnableFastSnapshotRestoresRequest, EnableFastSnapshotRestoresResult,
    FastSnapshotRestoreStateCode,
};
use front::{Answer, Cx};
use logic::{
    ebs::{FastRestoreTimes, SnapshotState, fast_restore, snapshot_state},
    vpc::{ZONE_LETTERS, zone_id, zone_name},
};
use model::{
    Key, Timestamp,
    ec2::{FastRestore, Snapshot},
};
use spine::{Read, Scope, Tx};
use wire::{Fault, Time};

/// So many snapshots may have fast restore in a region (EBS quotas, "Fast snapshot restore").
const MOST: usize = 5;

/// The names of the zones that a request names.
fn zones(cx: &Cx, names: Option<&[String]>, ids: Option<&[String]>) -> Answer<Vec<String>> {
    let known: Vec<String> = (0..ZONE_LETTERS.len()).map(|index| zone_name(&cx.region, index)).collect();
    match (names.unwrap_or_default(), ids.unwrap_or_default()) {
        ([], []) => Err(missing_parameter("AvailabilityZone")),
        ([_, ..], [_, ..]) => Err(invalid_combination("AvailabilityZones and AvailabilityZoneIds exclude each other.")),
        ([], ids) => ids.iter().map(|id| zone_named(&cx.region, id).ok_or_else(|| zone_not_found(id))).collect(),
        (names, _) => match names.iter().find(|name| !known.contains(name)) {
            Some(unknown) => Err(zone_not_found(unknown)),
            None => Ok(names.to_vec()),
        },
    }
}

/// `EnableFastSnapshotRestores`.
pub fn enable(cx: &Cx, tx: &mut Tx, input: &EnableFastSnapshotRestoresRequest) -> Answer<EnableFastSnapshotRestoresResult> {
    dry_run(input.dry_run)?;
    let zones = zones(cx, input.availability_zones.as_deref(), input.availability_zone_ids.as_deref())?;
    let (mut successful, mut unsuccessful) = (Vec::new(), Vec::new());
    for id in &input.source_snapshot_ids {
        match enable_one(cx, tx, id, &zones) {
            Ok(items) => successful.extend(items.into_iter().map(enabled)),
            Err(fault) if fault.internal.is_some() => return Err(fault),
            Err(fault) => unsuccessful.push(not_enabled(id, &zones, &fault)),
        }
    }
    Ok(EnableFastSnapshotRestoresResult { successful: Some(successful), unsuccessful: Some(unsuccessful) })
}

fn enable_one(cx: &Cx, tx: &mut Tx, id: &str, zones: &[String]) -> Answer<Vec<Item>> {
    let (key, row) = visible_snapshot(cx, tx, id, false)?;
    if snapshot_state(&row.plan) == SnapshotState::Error {
        return Err(Fault::client("InvalidSnapshot.InvalidState", format!("The snapshot '{id}' is in the 'error' state.")));
    }
    if in_use(cx, tx, &key)? >= MOST {
        let message = format!("You have reached the limit of {MOST} snapshots with fast restore in this region.");
        return Err(Fault::client("FastSnapshotRestoreLimitExceeded", message));
    }
    let is_on = |it: &FastRestore, zone: &str| is_mine(cx, it) && it.zone == zone && it.disabled_at.is_none();
    tx.update_spec(&key, |spec| {
        spec.fast_restore.retain(|it| fast_restore(it, spec.size, cx.now).state != "disabled");
        for zone in zones {
            if !spec.fast_restore.iter().any(|it| is_on(it, zone)) {
                let account = cx.account.to_string();
                spec.fast_restore.push(FastRestore { zone: zone.clone(), account, enabled_at: cx.now, disabled_at: None });
            }
        }
    })?;
    items(cx, tx, &key, |it| zones.iter().any(|zone| is_on(it, zone)))
}

fn is_mine(cx: &Cx, it: &FastRestore) -> bool {
    it.account == cx.account.as_str()
}

/// Of how many other snapshots the caller has enabled it.
fn in_use(cx: &Cx, read: &impl Read, but: &Key<Snapshot>) -> Answer<usize> {
    let all = read.specs::<Snapshot>(Scope::All)?;
    let others = all.iter().filter(|(key, _)| key != but && key.region == cx.region);
    Ok(others.filter(|(_, spec)| spec.fast_restore.iter().any(|it| is_mine(cx, it) && it.disabled_at.is_none())).count())
}

/// `DisableFastSnapshotRestores`.
pub fn disable(cx: &Cx, tx: &mut Tx, input: &DisableFastSnapshotRestoresRequest) -> Answer<DisableFastSnapshotRestoresResult> {
    dry_run(input.dry_run)?;
    let zones = zones(cx, input.availability_zones.as_deref(), input.availability_zone_ids.as_deref())?;
    let (mut successful, mut unsuccessful) = (Vec::new(), Vec::new());
    for id in &input.source_snapshot_ids {
        match disable_one(cx, tx, id, &zones) {
            Ok(items) => successful.extend(items.into_iter().map(disabled)),
            Err(fault) if fault.internal.is_some() => return Err(fault),
            Err(fault) => unsuccessful.push(not_disabled(id, &zones, &fault)),
        }
    }
    Ok(DisableFastSnapshotRestoresResult { successful: Some(successful), unsuccessful: Some(unsuccessful) })
}

fn disable_one(cx: &Cx, tx: &mut Tx, id: &str, zones: &[String]) -> Answer<Vec<Item>> {
    let (key, row) = visible_snapshot(cx, tx, id, false)?;
    let meant = |it: &FastRestore| is_mine(cx, it) && zones.contains(&it.zone) && it.disabled_at.is_none();
    if !row.spec.fast_restore.iter().any(meant) {
        let message = format!("Fast snapshot restore is not enabled for the snapshot '{id}'.");
        return Err(Fault::client("FastSnapshotRestoreNotEnabled", message));
    }
    tx.update_spec(&key, |spec| {
        spec.fast_restore.iter_mut().filter(|it| meant(it)).for_each(|it| it.disabled_at = Some(cx.now));
    })?;
    items(cx, tx, &key, |it| is_mine(cx, it) && zones.contains(&it.zone) && it.disabled_at == Some(cx.now))
}

/// Those of a snapshot that are of interest.
fn items(cx: &Cx, read: &impl Read, key: &Key<Snapshot>, of_interest: impl Fn(&FastRestore) -> bool) -> Answer<Vec<Item>> {
    let Some(spec) = read.spec(key)? else { return Ok(Vec::new()) };
    let found = spec.fast_restore.iter().filter(|it| of_interest(it));
    Ok(found.map(|it| item(cx, &key.id, it, fast_restore(it, spec.size, cx.now))).collect())
}

fn item(cx: &Cx, id: &str, it: &FastRestore, times: FastRestoreTimes) -> Item {
    let time = |at: Option<Timestamp>| at.map(|at| Time(at.0));
    let by_itself = !matches!(times.state, "enabling" | "disabling");
    let reason = if by_itself { "Client.UserInitiated - Lifecycle state transition" } else { "Client.UserInitiated" };
    let zone = (0..ZONE_LETTERS.len()).find(|index| zone_name(&cx.region, *index) == it.zone);
    Item {
        snapshot_id: Some(id.into()),
        availability_zone: Some(it.zone.clone()),
        availability_zone_id: zone.map(|index| zone_id(&cx.region, index)),
        state: FastSnapshotRestoreStateCode::parse(times.state),
        state_transition_reason: Some(reason.into()),
        owner_id: Some(it.account.clone()),
        owner_alias: None,
        enabling_time: time(times.enabling),
        optimizing_time: time(times.optimizing),
        enabled_time: time(times.enabled),
        disabling_time: time(times.disabling),
        disabled_time: time(times.disabled),
    }
}

const FIELDS: &[Field<Item>] = &[
    ("availability-zone", |it| it.availability_zone.texts()),
    ("availability-zone-id", |it| it.availability_zone_id.texts()),
    ("owner-id", |it| it.owner_id.texts()),
    ("snapshot-id", |it| it.snapshot_id.texts()),
    ("state", |it| it.state.iter().map(|state| state.as_str().into()).collect()),
];

/// `DescribeFastSnapshotRestores`: of the snapshots that the caller may use, those that it or their owner has enabled.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeFastSnapshotRestoresRequest) -> Answer<DescribeFastSnapshotRestoresResult> {
    dry_run(input.dry_run)?;
    let mut all = Vec::new();
    for (key, spec) in tx.specs::<Snapshot>(Scope::All)? {
        let seen = key.region == cx.region && !spec.fast_restore.is_empty();
        if seen && may_restore(tx, &key, &spec, cx.account.as_str())? {
            all.extend(items(cx, tx, &key, |it| is_mine(cx, it) || it.account == key.account.as_str())?);
        }
    }
    let position = |it: &Item| {
        let enabled = it.enabling_time.map_or(0, |at| at.0);
        format!("{} {} {enabled:020}", it.snapshot_id.as_deref().unwrap_or(""), it.availability_zone.as_deref().unwrap_or(""))
    };
    let mut found = matching(all, input.filters.as_deref().unwrap_or_default(), FIELDS, None)?;
    found.sort_by_key(position);
    let (shown, next_token) = page(found, position, input.max_results, input.next_token.as_deref())?;
    Ok(DescribeFastSnapshotRestoresResult { fast_snapshot_restores: Some(shown), next_token })
}

/// The API has the same structure under three names, and that of an error under two.
macro_rules! same {
    ($function:ident, $success:ident, $not:ident, $error:ident, $item:ident, $state:ident) => {
        fn $function(it: Item) -> $success {
            $success {
                snapshot_id: it.snapshot_id,
                availability_zone: it.availability_zone,
                availability_zone_id: it.availability_zone_id,
                state: it.state,
                state_transition_reason: it.state_transition_reason,
                owner_id: it.owner_id,
                owner_alias: it.owner_alias,
                enabling_time: it.enabling_time,
                optimizing_time: it.optimizing_time,
                enabled_time: it.enabled_time,
                disabling_time: it.disabling_time,
                disabled_time: it.disabled_time,
            }
        }

        fn $not(id: &str, zones: &[String], fault: &Fault) -> $error {
            let error = || $state { code: Some(fault.code.to_string()), message: Some(fault.message.clone()) };
            let of = |zone: &String| $item { availability_zone: Some(zone.clone()), error: Some(error()), ..$item::default() };
            $error { snapshot_id: Some(id.into()), fast_snapshot_restore_state_errors: Some(zones.iter().map(of).collect()) }
        }
    };
}
same!(
    enabled,
    EnableFastSnapshotRestoreSuccessItem,
    not_enabled,
    EnableFastSnapshotRestoreErrorItem,
    EnableFastSnapshotRestoreStateErrorItem,
    EnableFastSnapshotRestoreStateError
);
same!(
    disabled,
    DisableFastSnapshotRestoreSuccessItem,
    not_disabled,
    DisableFastSnapshotRestoreErrorItem,
    DisableFastSnapshotRestoreStateErrorItem,
    DisableFastSnapshotRestoreStateError
);
