//! What decisions about buckets and objects are made by: whose they are, the bucket's policy, the access control lists, and the block
//! on public access.

use super::{acl, find, rules::public, settings};
use api::s3 as sdk;
use front::{Answer, Cx, Facts, Principal};
use logic::policy::{Context, Kind};
use model::{
    Arn,
    s3::{self, Bucket, BucketSpec, Object, VersionSpec, setting},
};
use serde_json::{Value, json};
use spine::{Read, Snapshot};
use std::sync::Arc;

/// What the root of the bucket's owner can always do: "even if their bucket policy explicitly denies the root principal's access"
/// (Amazon S3 API reference, PutBucketPolicy).
const ALWAYS_ROOTS: &[&str] = &["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"];

/// What is known of a bucket or an object; it need not exist.
pub fn facts(cx: &Cx, read: &Snapshot, arn: &Arn) -> Answer<Facts> {
    let (name, key) = arn.resource.split_once('/').map_or((arn.resource.as_str(), None), |(name, key)| (name, Some(key)));
    let Some(bucket) = read.spec(&s3::key::<Bucket>(name))? else { return Ok(Facts::default()) };
    let object = match key {
        Some(key) => read.spec(&Object::key(name, key))?,
        None => None,
    };
    let mut keys = Context::new().with("s3:ResourceAccount", bucket.owner.as_str());
    for (tag, value) in object.iter().flat_map(|object| &object.tags) {
        keys.set(format!("s3:ExistingObjectTag/{tag}"), value);
    }
    let facts = Facts { keys, owner: Some(bucket.owner.clone()), always_roots: ALWAYS_ROOTS, ..Facts::default() };
    Ok(match document(cx, name, &bucket, arn, object.as_ref())? {
        Some(document) => facts.with_policy(&find::bucket_arn(name).to_string(), &document, Kind::Resource),
        None => facts,
    })
}

/// The policy that counts for the caller: the bucket's and the lists' statements, as far as the block on public access lets them.
fn document(cx: &Cx, name: &str, bucket: &BucketSpec, arn: &Arn, object: Option<&Arc<VersionSpec>>) -> Answer<Option<String>> {
    let block = block(bucket)?;
    let stranger = cx.principal == Principal::Anonymous || cx.account != bucket.owner;
    let restricted = block.restrict_public_buckets == Some(true) && stranger;
    let policy = bucket.policy.as_ref().filter(|policy| !(restricted && public::is_public(policy)));
    let statements = lists(name, bucket, arn, object, &block);
    if statements.is_empty() {
        return Ok(policy.cloned());
    }
    let mut whole: Value = policy.and_then(|policy| serde_json::from_str(policy).ok()).unwrap_or_else(|| json!({}));
    let mut all = match whole["Statement"].take() {
        Value::Array(all) => all,
        Value::Null => Vec::new(),
        one => vec![one],
    };
    all.extend(statements);
    whole["Statement"] = Value::Array(all);
    if whole["Version"].is_null() {
        whole["Version"] = json!("2012-10-17");
    }
    Ok(Some(whole.to_string()))
}

fn lists(
    name: &str,
    bucket: &BucketSpec,
    arn: &Arn,
    object: Option<&Arc<VersionSpec>>,
    block: &sdk::PublicAccessBlockConfiguration,
) -> Vec<Value> {
    if bucket.ownership == "BucketOwnerEnforced" {
        return Vec::new();
    }
    let counts = |grant: &&s3::Grant| block.ignore_public_acls != Some(true) || !acl::is_public(std::slice::from_ref(*grant));
    let of = |grants: &[s3::Grant]| grants.iter().filter(counts).cloned().collect::<Vec<_>>();
    let mut statements = acl::bucket_statements(name, &of(&bucket.grants));
    if let Some(object) = object {
        statements.extend(acl::object_statements(&arn.to_string(), &of(&object.grants)));
    }
    statements
}

/// The block on public access; what isn't set blocks nothing.
pub fn block(bucket: &BucketSpec) -> Answer<sdk::PublicAccessBlockConfiguration> {
    Ok(settings::get(bucket, setting::PUBLIC_ACCESS_BLOCK)?.unwrap_or_default())
}

/// In whose account an unsigned request acts: the bucket's owner's.
pub fn unsigned(read: &Snapshot, request: &wire::Request) -> Option<(model::AccountId, model::Region)> {
    let name = request.path.trim_start_matches('/').split('/').next()?;
    let bucket = read.spec(&s3::key::<Bucket>(name)).ok().flatten().filter(|_| !name.is_empty())?;
    Some((bucket.owner.clone(), bucket.region.clone()))
}
