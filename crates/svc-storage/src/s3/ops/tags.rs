//! Tags of buckets and objects.

use crate::s3::{
    draft, errors, find,
    notify::{self, About, Actor, Happened},
    ops::{buckets, configure::change, get, put::shown_id},
    versions::{self, Place},
};
use api::s3 as sdk;
use front::{Answer, Cx};
use logic::policy::Context;
use spine::Tx;
use std::collections::BTreeMap;

fn set(tags: &BTreeMap<String, String>) -> Vec<sdk::Tag> {
    tags.iter().map(|(key, value)| sdk::Tag { key: key.clone(), value: value.clone() }).collect()
}

/// The condition keys of the tags in a body.
pub fn keys(tagging: &sdk::Tagging) -> Context {
    draft::tag_keys(&tagging.tag_set.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect())
}

/// The tags of a bucket.
pub fn bucket(cx: &Cx, tx: &mut Tx, input: &sdk::GetBucketTaggingRequest) -> Answer<sdk::GetBucketTaggingOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    if bucket.tags.is_empty() {
        return Err(errors::unset("NoSuchTagSet", "The TagSet does not exist", &input.bucket));
    }
    Ok(sdk::GetBucketTaggingOutput { tag_set: set(&bucket.tags) })
}

/// Sets the tags of a bucket.
pub fn put_bucket(cx: &Cx, tx: &mut Tx, input: &sdk::PutBucketTaggingRequest) -> Answer<()> {
    let tags = draft::tags_of(&input.tagging, buckets::MOST_TAGS)?;
    change(cx, tx, &input.bucket, &input.expected_bucket_owner, |bucket| {
        bucket.tags = tags;
        Ok(())
    })
}

/// Deletes the tags of a bucket.
pub fn delete_bucket(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteBucketTaggingRequest) -> Answer<()> {
    change(cx, tx, &input.bucket, &input.expected_bucket_owner, |bucket| {
        bucket.tags.clear();
        Ok(())
    })
}

/// The tags of an object.
pub fn object(cx: &Cx, tx: &mut Tx, input: &sdk::GetObjectTaggingRequest) -> Answer<sdk::GetObjectTaggingOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let version = get::existing(cx, tx, &input.bucket, &input.key, input.version_id.as_deref())?;
    get::content(&bucket, &version, &input.key, input.version_id.is_some())?;
    Ok(sdk::GetObjectTaggingOutput { version_id: shown_id(&bucket, &version), tag_set: set(&version.tags) })
}

/// Sets the tags of an object.
pub fn put_object(cx: &Cx, tx: &mut Tx, input: &sdk::PutObjectTaggingRequest) -> Answer<sdk::PutObjectTaggingOutput> {
    let tags = draft::tags_of(&input.tagging, draft::most_object_tags())?;
    let event = ("ObjectTagging:Put", "Object Tags Added");
    let place = (input.bucket.as_str(), input.key.as_str(), input.version_id.as_deref(), input.expected_bucket_owner.as_ref());
    let version_id = retag(cx, tx, place, tags, event)?;
    Ok(sdk::PutObjectTaggingOutput { version_id })
}

/// Deletes the tags of an object.
pub fn delete_object(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteObjectTaggingRequest) -> Answer<sdk::DeleteObjectTaggingOutput> {
    let event = ("ObjectTagging:Delete", "Object Tags Deleted");
    let place = (input.bucket.as_str(), input.key.as_str(), input.version_id.as_deref(), input.expected_bucket_owner.as_ref());
    let version_id = retag(cx, tx, place, BTreeMap::new(), event)?;
    Ok(sdk::DeleteObjectTaggingOutput { version_id })
}

fn retag(
    cx: &Cx,
    tx: &mut Tx,
    (name, key, id, owner): (&str, &str, Option<&str>, Option<&String>),
    tags: BTreeMap<String, String>,
    (event, detail_type): (&'static str, &'static str),
) -> Answer<Option<String>> {
    let bucket = find::bucket(cx, tx, name, owner)?;
    let (version, current) = get::existing_at(cx, tx, name, key, id)?;
    get::content(&bucket, &version, key, id.is_some())?;
    versions::update(tx, Place { name, bucket: &bucket, key }, &version, current, |version| version.tags = tags)?;
    let happened = Happened { event, detail_type, key, version: &version, about: About::Itself };
    notify::tell(tx, (name, &bucket), happened, &Actor::of(cx), &cx.env)?;
    Ok(shown_id(&bucket, &version))
}
