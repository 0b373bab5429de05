//! Reading volumes and snapshots.

use super::errors::incorrect_state;
use crate::{
    records::{key, place},
    resource::Resource,
    tagged::{Tagged, anywhere},
    views::Place,
};
use front::{Answer, Cx};
use logic::ebs::{SnapshotState, snapshot_state, tier};
use model::{
    Key,
    ec2::{EbsSettings, Snapshot, SnapshotSharing, SnapshotSpec},
};
use spine::{Read, Row, Scope};
use std::collections::BTreeSet;

/// The record with that id, which has to be there.
pub fn row<R: Tagged>(cx: &Cx, read: &impl Read, id: &str) -> Answer<Row<R>> {
    read.get(&key::<R>(cx, id))?.ok_or_else(|| R::RESOURCE.absent(id))
}

/// The records with those ids, as far as they are there; all of them if there are no ids. In the order of their ids.
pub fn rows<R: Tagged>(cx: &Cx, read: &impl Read, ids: Option<&[String]>) -> Answer<Vec<(String, Row<R>)>> {
    let Some(ids) = ids.filter(|ids| !ids.is_empty()) else {
        let all = read.list::<R>(Scope::Region(&cx.account, &cx.region))?;
        return Ok(all.into_iter().map(|(key, row)| (key.id, row)).collect());
    };
    let mut found = Vec::new();
    for id in ids.iter().collect::<BTreeSet<_>>() {
        found.extend(read.get(&key::<R>(cx, id))?.map(|row| (id.clone(), row)));
    }
    Ok(found)
}

/// A snapshot that the caller may make volumes of: its own, one that is shared with it, or that of an image which it may use. It need
/// not be complete.
pub fn visible_snapshot(cx: &Cx, read: &impl Read, id: &str, by_image: bool) -> Answer<(Key<Snapshot>, Row<Snapshot>)> {
    let absent = || Resource::SNAPSHOT.absent(id);
    let (key, spec) = anywhere::<Snapshot>(read, &cx.account, &cx.region, id)?.ok_or_else(absent)?;
    if !by_image && !may_restore(read, &key, &spec, cx.account.as_str())? {
        return Err(absent());
    }
    let row = read.get(&key)?.ok_or_else(absent)?;
    Ok((key, row))
}

/// Such a snapshot that is complete and not in the archive.
pub fn usable_snapshot(cx: &Cx, read: &impl Read, id: &str, by_image: bool) -> Answer<(Key<Snapshot>, Row<Snapshot>)> {
    let (key, row) = visible_snapshot(cx, read, id, by_image)?;
    match snapshot_state(&row.plan) {
        SnapshotState::Completed if tier(&row.spec.tiering, cx.now).archived => {
            Err(incorrect_state(format!("The snapshot '{id}' is archived; restore it before you use it.")))
        }
        SnapshotState::Completed => Ok((key, row)),
        state => Err(incorrect_state(format!("Snapshot is in invalid state - {}", state.name()))),
    }
}

/// Whether an account may make volumes of a snapshot.
pub fn may_restore(read: &impl Read, key: &Key<Snapshot>, spec: &SnapshotSpec, account: &str) -> Answer<bool> {
    let named = key.account.as_str() == account || spec.shared_with.iter().any(|it| it == account);
    Ok(named || spec.public && is_public(read, key)?)
}

/// Whether what is shared with everybody really is: its owner may have blocked that.
pub fn is_public(read: &impl Read, key: &Key<Snapshot>) -> Answer<bool> {
    let settings = read.spec(&Key::<EbsSettings>::new(&key.account, &key.region, "settings"))?;
    Ok(settings.is_none_or(|it| it.public_access != SnapshotSharing::BlockAllSharing))
}

/// Where a snapshot is shown to be: with its owner.
pub fn place_of<'a>(cx: &'a Cx, key: &'a Key<Snapshot>) -> Place<'a> {
    Place { account: &key.account, ..place(cx) }
}
