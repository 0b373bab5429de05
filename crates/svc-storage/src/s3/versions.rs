//! Writing and deleting versions of a key, within a transaction (Amazon S3 user guide, "Retaining multiple versions of objects with S3
//! Versioning").
//!
//! The newest version of a key is its [`Object`]; those before it are its [`Version`]s. Where there is a version, there is an object.

use super::{blobs, errors, find};
use front::Answer;
use model::{
    Env, Region, Timestamp,
    s3::{self, BucketSpec, Object, Version, VersionSpec, Versioning},
};
use spine::{Read, Scope, Tx};
use std::sync::Arc;

/// A key in a bucket.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The bucket's name.
    pub name: &'a str,
    /// The bucket.
    pub bucket: &'a BucketSpec,
    /// The key.
    pub key: &'a str,
}

/// Makes the draft the current version of the key, with an id and an order of its own. `gone` gets the blobs whose files are to go.
pub fn put(tx: &mut Tx, place: Place<'_>, mut draft: VersionSpec, env: &Env, gone: &mut Vec<String>) -> Answer<VersionSpec> {
    let at = Object::key(place.name, place.key);
    let current = tx.spec(&at)?;
    draft.order = find::next_order(draft.modified, current.as_ref().map(|current| current.order));
    let keeps = place.bucket.versioning == Some(Versioning::Enabled);
    draft.id = keeps.then(|| find::version_id(draft.order, &env.hex(16)));
    if let Some(current) = current {
        if !keeps && current.id.is_none() {
            drop_content(tx, &current, gone)?;
        } else {
            tx.set_spec(&Version::key(place.name, place.key, current.order), &current)?;
            if !keeps {
                drop_null(tx, place, gone)?;
            }
        }
    }
    tx.set_spec(&at, &draft)?;
    Ok(draft)
}

/// A null version among the earlier ones gives way to a new one.
fn drop_null(tx: &mut Tx, place: Place<'_>, gone: &mut Vec<String>) -> Answer<()> {
    let Some(null) = find::null_version(tx, place.name, place.key)? else { return Ok(()) };
    tx.delete(&Version::key(place.name, place.key, null.order))?;
    drop_content(tx, &null, gone)
}

/// What a deletion has done.
#[derive(Clone, Debug)]
pub enum Deleted {
    /// There was nothing.
    Nothing,
    /// A delete marker is the current version now.
    Marked(Arc<VersionSpec>),
    /// A version is gone for good.
    Removed(Arc<VersionSpec>),
}

/// Deletes a key, as the bucket's versioning has it.
pub fn delete(tx: &mut Tx, place: Place<'_>, now: Timestamp, env: &Env, gone: &mut Vec<String>) -> Answer<Deleted> {
    if place.bucket.versioning.is_some() {
        let marker = VersionSpec {
            order: 0,
            id: None,
            modified: now,
            owner: place.bucket.owner.clone(),
            content: None,
            tags: Default::default(),
            grants: Vec::new(),
            lock: Default::default(),
        };
        return put(tx, place, marker, env, gone).map(|marker| Deleted::Marked(Arc::new(marker)));
    }
    let at = Object::key(place.name, place.key);
    let Some(current) = tx.spec(&at)? else { return Ok(Deleted::Nothing) };
    tx.delete(&at)?;
    drop_content(tx, &current, gone)?;
    Ok(Deleted::Removed(current))
}

/// Deletes one version for good; the one before it is the current one then, if it was that.
///
/// # Errors
/// `AccessDenied` if it is locked, and not so that `bypass` may open it.
pub fn delete_version(
    tx: &mut Tx,
    place: Place<'_>,
    id: &str,
    now: Timestamp,
    bypass: bool,
    gone: &mut Vec<String>,
) -> Answer<Deleted> {
    let found = match find::version(tx, place.name, place.key, Some(id)) {
        Err(fault) if fault.code == "NoSuchVersion" => return Ok(Deleted::Nothing),
        found => found?,
    };
    let Some((version, current)) = found else { return Ok(Deleted::Nothing) };
    if is_locked(&version, now, bypass) {
        let message = "Access Denied because object protected by object lock.";
        return Err(wire::Fault { message: message.into(), ..errors::access_denied() });
    }
    if current {
        remove_current(tx, place)?;
    } else {
        tx.delete(&Version::key(place.name, place.key, version.order))?;
    }
    drop_content(tx, &version, gone)?;
    Ok(Deleted::Removed(version))
}

/// The newest of the earlier versions takes the current one's place.
fn remove_current(tx: &mut Tx, place: Place<'_>) -> Answer<()> {
    let at = Object::key(place.name, place.key);
    let prefix = Version::prefix(place.name, place.key);
    let next = tx.specs::<Version>(Scope::After(&s3::account(), &Region::global(), &prefix, 1))?;
    match next.into_iter().find(|(key, _)| key.id.starts_with(&prefix)) {
        None => tx.delete(&at)?,
        Some((key, spec)) => {
            tx.delete(&key)?;
            tx.set_spec(&at, &spec)?;
        }
    }
    Ok(())
}

/// Changes a version where it stands.
pub fn update(
    tx: &mut Tx,
    place: Place<'_>,
    version: &VersionSpec,
    current: bool,
    change: impl FnOnce(&mut VersionSpec),
) -> Answer<()> {
    match current {
        true => tx.update_spec(&Object::key(place.name, place.key), change)?,
        false => tx.update_spec(&Version::key(place.name, place.key, version.order), change)?,
    }
    Ok(())
}

/// Whether nobody may delete the version now.
pub fn is_locked(version: &VersionSpec, now: Timestamp, bypass: bool) -> bool {
    let held = |retention: &s3::Retention| retention.until > now && (retention.compliance || !bypass);
    version.lock.legal_hold || version.lock.retention.as_ref().is_some_and(held)
}

fn drop_content(tx: &mut Tx, version: &VersionSpec, gone: &mut Vec<String>) -> Answer<()> {
    if let Some(content) = &version.content {
        blobs::release(tx, &content.blob, gone)?;
    }
    Ok(())
}
