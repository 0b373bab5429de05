//! Which snapshots there are.

use crate::{
    describe::{Query, select},
    errors::{dry_run, invalid_value},
    resource::Resource,
    volumes::{
        load::{may_restore, place_of, visible_snapshot},
        views,
    },
};
use api::ec2::{
    DescribeSnapshotsRequest, DescribeSnapshotsResult, ListSnapshotsInRecycleBinRequest, ListSnapshotsInRecycleBinResult,
    Snapshot as Shown,
};
use front::{Answer, Cx};
use model::{AccountId, Key, ec2::Snapshot};
use spine::{Read, Row, Scope, Tx};
use std::collections::BTreeSet;

/// `DescribeSnapshots`: those that the caller may make volumes of, whoever owns them.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeSnapshotsRequest) -> Answer<DescribeSnapshotsResult> {
    dry_run(input.dry_run)?;
    let mut found = candidates(cx, tx, input)?;
    let owners = input.owner_ids.as_deref().unwrap_or_default();
    check_accounts("owner", owners, &["self", "amazon"])?;
    found.retain(|(key, row)| owners.is_empty() || owners.iter().any(|owner| owned(cx, key, row, owner)));
    let restorers = input.restorable_by_user_ids.as_deref().unwrap_or_default();
    check_accounts("restorableBy", restorers, &["self", "all"])?;
    if !restorers.is_empty() {
        let mut kept = Vec::new();
        for (key, row) in found {
            if restorable(cx, tx, &key, &row, restorers)? {
                kept.push((key, row));
            }
        }
        found = kept;
    }
    let mut views: Vec<Shown> =
        found.iter().map(|(key, row)| views::snapshot(place_of(cx, key), &key.id, &row.spec, &row.plan, cx.now)).collect();
    views.sort_by(|one, other| one.snapshot_id.cmp(&other.snapshot_id));
    let query = Query {
        // Those of other owners than were asked for are as good as absent.
        ids: input.snapshot_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (snapshots, next_token) = select(views, query)?;
    Ok(DescribeSnapshotsResult { next_token, snapshots: Some(snapshots) })
}

/// Those with the ids that a request names; all that the caller may see, if it names none.
fn candidates(cx: &Cx, tx: &Tx, input: &DescribeSnapshotsRequest) -> Answer<Vec<(Key<Snapshot>, Row<Snapshot>)>> {
    if let Some(ids) = input.snapshot_ids.as_deref().filter(|ids| !ids.is_empty()) {
        ids.iter().try_for_each(|id| Resource::SNAPSHOT.check(id))?;
        return ids.iter().collect::<BTreeSet<_>>().into_iter().map(|id| visible_snapshot(cx, tx, id, false)).collect();
    }
    if input.owner_ids.as_deref().is_some_and(|owners| !owners.is_empty() && owners.iter().all(|owner| owner == "self")) {
        return Ok(tx.list::<Snapshot>(Scope::Region(&cx.account, &cx.region))?);
    }
    let mut seen = Vec::new();
    for (key, row) in tx.list::<Snapshot>(Scope::All)? {
        if key.region == cx.region && may_restore(tx, &key, &row.spec, cx.account.as_str())? {
            seen.push((key, row));
        }
    }
    Ok(seen)
}

fn owned(cx: &Cx, key: &Key<Snapshot>, row: &Row<Snapshot>, owner: &str) -> bool {
    match owner {
        "self" => key.account == cx.account,
        "amazon" => row.spec.owner_alias.as_deref() == Some("amazon"),
        account => key.account.as_str() == account,
    }
}

/// Whether one of the accounts may make volumes of it. `all` is who has it because everybody has.
fn restorable(cx: &Cx, read: &impl Read, key: &Key<Snapshot>, row: &Row<Snapshot>, accounts: &[String]) -> Answer<bool> {
    for account in accounts {
        let may = match account.as_str() {
            "all" => row.spec.public,
            "self" => may_restore(read, key, &row.spec, cx.account.as_str())?,
            account => may_restore(read, key, &row.spec, account)?,
        };
        if may {
            return Ok(true);
        }
    }
    Ok(false)
}

fn check_accounts(parameter: &str, accounts: &[String], words: &[&str]) -> Answer<()> {
    match accounts.iter().find(|it| !words.contains(&it.as_str()) && AccountId::parse(it).is_err()) {
        Some(wrong) => Err(invalid_value(format!("Invalid value '{wrong}' for {parameter}"))),
        None => Ok(()),
    }
}

/// `ListSnapshotsInRecycleBin`: there is none, since no retention rule keeps what is deleted.
pub fn in_recycle_bin(_: &Cx, _: &mut Tx, input: &ListSnapshotsInRecycleBinRequest) -> Answer<ListSnapshotsInRecycleBinResult> {
    dry_run(input.dry_run)?;
    let ids = input.snapshot_ids.as_deref().unwrap_or_default();
    ids.iter().try_for_each(|id| Err(Resource::SNAPSHOT.absent(id)))?;
    Ok(ListSnapshotsInRecycleBinResult { snapshots: Some(Vec::new()), next_token: None })
}
