//! `DeleteObject` and `DeleteObjects`.

use crate::s3::{
    Storage, errors, find, names,
    notify::{self, About, Actor, Happened},
    ops::put::shown_id,
    rules::condition,
    versions::{self, Deleted, Place},
};
use api::s3 as sdk;
use front::{Answer, Cx};
use logic::policy::Context;
use model::{
    Env,
    s3::{BucketSpec, Object},
};
use spine::{Read, Tx};
use std::sync::Arc;
use wire::Fault;

/// The most keys of one request.
const MOST: usize = 1000;

/// One that is to go.
#[derive(Clone)]
struct Target {
    key: String,
    version: Option<String>,
    etag: Option<String>,
    modified: Option<i64>,
    size: Option<i64>,
    bypass: bool,
}

/// Deletes an object or a version.
pub async fn object(cx: Cx, s3: Arc<Storage>, input: sdk::DeleteObjectRequest) -> Answer<sdk::DeleteObjectOutput> {
    let bypass = bypass(&cx, &input.bucket, &input.key, input.bypass_governance_retention)?;
    let target = Target {
        key: input.key,
        version: input.version_id,
        etag: input.if_match,
        modified: input.if_match_last_modified_time.map(|time| time.0),
        size: input.if_match_size,
        bypass,
    };
    let (name, expected) = (input.bucket, input.expected_bucket_owner);
    let done = s3.commit(Vec::new(), move |tx, _, gone| {
        let bucket = find::bucket(&cx, tx, &name, expected.as_ref())?;
        Ok((remove(tx, &cx, (&name, &bucket), &target, gone)?, bucket))
    });
    let (deleted, bucket) = done.await?;
    Ok(match deleted {
        Deleted::Nothing => sdk::DeleteObjectOutput::default(),
        Deleted::Marked(marker) => {
            sdk::DeleteObjectOutput { delete_marker: Some(true), version_id: shown_id(&bucket, &marker), ..Default::default() }
        }
        Deleted::Removed(version) => sdk::DeleteObjectOutput {
            delete_marker: version.content.is_none().then_some(true),
            version_id: shown_id(&bucket, &version),
            ..Default::default()
        },
    })
}

/// Whether the caller may and wants to delete what is locked for governance.
fn bypass(cx: &Cx, bucket: &str, key: &str, asked: Option<bool>) -> Answer<bool> {
    if asked != Some(true) {
        return Ok(false);
    }
    cx.authorize("s3:BypassGovernanceRetention", &[find::object_arn(bucket, key)], &Context::new())?;
    Ok(true)
}

fn remove(tx: &mut Tx, cx: &Cx, (name, bucket): (&str, &BucketSpec), target: &Target, gone: &mut Vec<String>) -> Answer<Deleted> {
    hold(tx, name, target)?;
    let place = Place { name, bucket, key: &target.key };
    let deleted = match &target.version {
        None => versions::delete(tx, place, cx.now, &cx.env, gone)?,
        Some(id) => versions::delete_version(tx, place, id, cx.now, target.bypass, gone)?,
    };
    tell(tx, (name, bucket), &target.key, &deleted, &Actor::of(cx), DELETED, &cx.env)?;
    Ok(deleted)
}

/// The events of a deletion by a request: for good, and by a marker; and what EventBridge gives as the reason.
const DELETED: [&str; 3] = ["ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated", "DeleteObject"];
/// The same of the lifecycle.
pub const EXPIRED: [&str; 3] = ["LifecycleExpiration:Delete", "LifecycleExpiration:DeleteMarkerCreated", "Lifecycle Expiration"];

/// Tells of a deletion.
pub fn tell(
    tx: &mut Tx,
    bucket: (&str, &BucketSpec),
    key: &str,
    deleted: &Deleted,
    by: &Actor,
    [removed, marked, reason]: [&'static str; 3],
    env: &Env,
) -> Answer<()> {
    let (event, version) = match deleted {
        Deleted::Nothing => return Ok(()),
        Deleted::Marked(marker) => (marked, &**marker),
        Deleted::Removed(version) => (removed, &**version),
    };
    let happened = Happened { event, detail_type: "Object Deleted", key, version, about: About::Reason(reason) };
    notify::tell(tx, bucket, happened, by, env)
}

/// Holds the conditions of a deletion against the object.
fn hold(tx: &mut Tx, name: &str, target: &Target) -> Answer<()> {
    if target.etag.is_none() && target.modified.is_none() && target.size.is_none() {
        return Ok(());
    }
    let current = tx.spec(&Object::key(name, &target.key))?;
    let Some((current, content)) = current.as_ref().and_then(|current| Some((current, current.content.as_ref()?))) else {
        return Err(errors::no_key(&target.key));
    };
    if target.etag.as_deref().is_some_and(|etag| !condition::names(etag, &content.etag)) {
        return Err(errors::precondition("If-Match"));
    }
    if target.modified.is_some_and(|time| time.div_euclid(1000) != current.modified.0.div_euclid(1000)) {
        return Err(errors::precondition("x-amz-if-match-last-modified-time"));
    }
    if target.size.is_some_and(|size| u64::try_from(size) != Ok(content.size)) {
        return Err(errors::precondition("x-amz-if-match-size"));
    }
    Ok(())
}

/// Deletes many; what can't be is told of each.
pub async fn objects(cx: Cx, s3: Arc<Storage>, input: sdk::DeleteObjectsRequest) -> Answer<sdk::DeleteObjectsOutput> {
    let asked = input.delete.objects;
    if asked.is_empty() || asked.len() > MOST {
        return Err(errors::malformed_xml());
    }
    find::bucket(&cx, &s3.store.snapshot(), &input.bucket, input.expected_bucket_owner.as_ref())?;
    let (mut deleted, mut failed) = (Vec::new(), Vec::new());
    for one in asked {
        let (key, version) = (one.key.clone(), one.version_id.clone());
        match each(&cx, &s3, &input.bucket, one, input.bypass_governance_retention).await {
            Ok(done) => deleted.push(done),
            Err(fault) => failed.push(sdk::Error {
                key: Some(key),
                version_id: version,
                code: Some(fault.code.to_string()),
                message: Some(fault.message),
            }),
        }
    }
    let deleted = if input.delete.quiet == Some(true) { Vec::new() } else { deleted };
    Ok(sdk::DeleteObjectsOutput { deleted: Some(deleted), errors: Some(failed), ..Default::default() })
}

async fn each(
    cx: &Cx,
    s3: &Arc<Storage>,
    name: &str,
    one: sdk::ObjectIdentifier,
    wants_bypass: Option<bool>,
) -> Answer<sdk::DeletedObject> {
    names::key(&one.key)?;
    let action = if one.version_id.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
    cx.authorize(action, &[find::object_arn(name, &one.key)], &Context::new())
        .map_err(|fault| Fault { message: "Access Denied".into(), ..fault })?;
    let target = Target {
        bypass: bypass(cx, name, &one.key, wants_bypass)?,
        key: one.key.clone(),
        version: one.version_id.clone(),
        etag: one.e_tag,
        modified: one.last_modified_time.map(|time| time.0),
        size: one.size,
    };
    let (context, bucket) = (cx.clone(), name.to_owned());
    let done = s3.commit(Vec::new(), move |tx, _, gone| {
        let spec = find::anywhere(tx, &bucket, None)?;
        remove(tx, &context, (&bucket, &spec), &target, gone)
    });
    let mut shown = sdk::DeletedObject { key: Some(one.key), version_id: one.version_id, ..Default::default() };
    match done.await? {
        Deleted::Nothing => {}
        Deleted::Marked(marker) => {
            shown.delete_marker = Some(true);
            shown.delete_marker_version_id = Some(marker.id().to_owned());
        }
        Deleted::Removed(version) if version.content.is_none() => {
            shown.delete_marker = Some(true);
            shown.delete_marker_version_id = Some(version.id().to_owned());
        }
        Deleted::Removed(_) => {}
    }
    Ok(shown)
}
