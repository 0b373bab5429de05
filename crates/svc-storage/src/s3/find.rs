//! Finding what a request is about.

use super::errors;
use front::{Answer, Cx, Principal};
use model::{
    Arn, Timestamp,
    s3::{self, Bucket, BucketSpec, Object, Version, VersionSpec},
};
use spine::{Read, Scope};
use std::sync::Arc;
use wire::{Fault, Value};

/// The ARN of a bucket.
pub fn bucket_arn(bucket: &str) -> Arn {
    Arn {
        partition: "aws".into(),
        service: "s3".into(),
        region: String::new(),
        account: String::new(),
        resource: bucket.to_owned(),
    }
}

/// The ARN of an object.
pub fn object_arn(bucket: &str, key: &str) -> Arn {
    bucket_arn(&format!("{bucket}/{key}"))
}

/// The bucket of that name, if it is where the request is, and whose the caller expects it to be.
///
/// # Errors
/// `NoSuchBucket`; `AuthorizationHeaderMalformed` from another region; `AccessDenied` of another owner.
pub fn bucket(cx: &Cx, read: &impl Read, name: &str, expected: Option<&String>) -> Answer<Arc<BucketSpec>> {
    let found = anywhere(read, name, expected)?;
    if found.region != cx.region && cx.principal != Principal::Anonymous {
        return Err(elsewhere(cx, &found));
    }
    Ok(found)
}

/// The bucket of that name, wherever it is: what any region answers.
///
/// # Errors
/// As [`bucket`].
pub fn anywhere(read: &impl Read, name: &str, expected: Option<&String>) -> Answer<Arc<BucketSpec>> {
    let found = read.spec(&s3::key::<Bucket>(name))?.ok_or_else(|| errors::no_bucket(name))?;
    match expected.is_some_and(|expected| expected != found.owner.as_str()) {
        true => Err(errors::access_denied()),
        false => Ok(found),
    }
}

/// All regions are at one address here, so that a request shows by its signature only where it believes the bucket to be.
fn elsewhere(cx: &Cx, bucket: &BucketSpec) -> Fault {
    let message =
        format!("The authorization header is malformed; the region '{}' is wrong; expecting '{}'", cx.region, bucket.region);
    let region = Value::Str(bucket.region.to_string());
    Fault::client("AuthorizationHeaderMalformed", message).with("Region", region.clone()).with("x-amz-bucket-region", region)
}

/// A version of a key, and whether it is the current one.
pub type Found = (Arc<VersionSpec>, bool);

/// The version that a request means: that of the id, or the current one.
///
/// # Errors
/// `NoSuchVersion` where a version is named that there isn't.
pub fn version(read: &impl Read, bucket: &str, key: &str, id: Option<&str>) -> Answer<Option<Found>> {
    let current = read.spec(&Object::key(bucket, key))?;
    let Some(id) = id else { return Ok(current.map(|current| (current, true))) };
    if let Some(current) = current.filter(|current| current.id() == id) {
        return Ok(Some((current, true)));
    }
    let earlier = match order_of(id) {
        Some(order) => read.spec(&Version::key(bucket, key, order))?.filter(|found| found.id() == id),
        None if id == "null" => null_version(read, bucket, key)?,
        None => return Err(errors::invalid_argument("Invalid version id specified", "versionId", id)),
    };
    earlier.map(|found| Some((found, false))).ok_or_else(|| errors::no_version(key, id))
}

/// The version of that order, whether it is the current one or not.
///
/// # Errors
/// Those of the store.
pub fn of_order(read: &impl Read, bucket: &str, key: &str, order: u64) -> Answer<Option<Arc<VersionSpec>>> {
    let current = read.spec(&Object::key(bucket, key))?.filter(|current| current.order == order);
    if current.is_some() { Ok(current) } else { Ok(read.spec(&Version::key(bucket, key, order))?) }
}

/// The null version among the earlier ones.
pub fn null_version(read: &impl Read, bucket: &str, key: &str) -> Answer<Option<Arc<VersionSpec>>> {
    let prefix = Version::prefix(bucket, key);
    let all = read.specs::<Version>(Scope::Prefix(&s3::account(), &model::Region::global(), &prefix))?;
    Ok(all.into_iter().map(|(_, spec)| spec).find(|spec| spec.id.is_none()))
}

/// The id of a version of that order: opaque to clients, and found again without a search.
pub fn version_id(order: u64, dice: &str) -> String {
    format!("{order:016x}{dice}")
}

/// The order in an id; none of what can't be one.
fn order_of(id: &str) -> Option<u64> {
    (id.len() == 32).then(|| u64::from_str_radix(id.get(..16)?, 16).ok()).flatten()
}

/// The order of what is written now, after what was there.
pub fn next_order(now: Timestamp, last: Option<u64>) -> u64 {
    let clock = u64::try_from(now.0).unwrap_or_default() << 12;
    last.map_or(clock, |last| clock.max(last + 1))
}
