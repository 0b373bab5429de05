//! Buckets: made, found, listed, deleted.

use crate::s3::{
    acl, draft, errors, find, names,
    ops::{list, multipart},
};
use api::s3 as sdk;
use front::{Answer, Cx};
use logic::policy::Context;
use model::{
    Arn, Region,
    s3::{self as records, Bucket, BucketSpec, Upload, Versioning},
};
use spine::{Read, Scope, Snapshot, Tx};
use std::collections::BTreeMap;
use wire::{Fault, Time};

/// The region whose buckets name no region.
const FIRST: &str = "us-east-1";
/// The most buckets of an account.
const MOST: usize = 10_000;
/// The most tags of a bucket.
pub const MOST_TAGS: usize = 50;

/// The bucket that is to be made. Whether somebody else has it isn't for its policy to say.
///
/// # Errors
/// `BucketAlreadyExists`.
pub fn free(cx: &Cx, read: &Snapshot, input: &sdk::CreateBucketRequest) -> Answer<Vec<Arn>> {
    match read.spec(&records::key::<Bucket>(&input.bucket))?.filter(|there| there.owner != cx.account) {
        Some(_) => Err(exists()),
        None => Ok(vec![find::bucket_arn(&input.bucket)]),
    }
}

/// Makes a bucket.
pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateBucketRequest) -> Answer<sdk::CreateBucketOutput> {
    names::bucket(&input.bucket)?;
    let configuration = input.create_bucket_configuration.as_ref();
    if configuration.is_some_and(|it| it.location.is_some() || it.bucket.is_some()) || input.bucket_namespace.is_some() {
        return Err(errors::not_built("directory buckets and namespaces of buckets"));
    }
    let region = region(cx, configuration.and_then(|it| it.location_constraint))?;
    let output = sdk::CreateBucketOutput {
        location: Some(match region.as_str() {
            FIRST => format!("/{}", input.bucket),
            _ => format!("http://{}.s3.amazonaws.com/", input.bucket),
        }),
        bucket_arn: Some(find::bucket_arn(&input.bucket).to_string()),
    };
    let at = records::key::<Bucket>(&input.bucket);
    if let Some(there) = tx.spec(&at)? {
        return taken(cx, &there, &region).map(|()| output);
    }
    if own(cx, tx)?.len() >= MOST {
        return Err(Fault::client("TooManyBuckets", "You have attempted to create more buckets than allowed"));
    }
    let ownership = input.object_ownership.unwrap_or(sdk::ObjectOwnership::BucketOwnerEnforced);
    let tags = configuration.and_then(|it| it.tags.clone()).unwrap_or_default();
    let lock = input.object_lock_enabled_for_bucket.unwrap_or_default();
    let mut spec = BucketSpec {
        owner: cx.account.clone(),
        region,
        created: cx.now,
        versioning: lock.then_some(Versioning::Enabled),
        object_lock: lock,
        ownership: ownership.as_str().into(),
        grants: Vec::new(),
        policy: None,
        tags: draft::tags_of(&sdk::Tagging { tag_set: tags }, MOST_TAGS)?,
        settings: BTreeMap::new(),
    };
    refined(cx, tx, input, &mut spec)?;
    // Since 2023 a new bucket lets nobody in ("Amazon S3 now automatically enables S3 Block Public Access").
    let block = sdk::PublicAccessBlockConfiguration {
        block_public_acls: Some(true),
        ignore_public_acls: Some(true),
        block_public_policy: Some(true),
        restrict_public_buckets: Some(true),
    };
    crate::s3::settings::set(&mut spec, records::setting::PUBLIC_ACCESS_BLOCK, block);
    tx.create(&at, &spec)?;
    Ok(output)
}

/// The wishes that need permissions of their own.
fn refined(cx: &Cx, tx: &Tx, input: &sdk::CreateBucketRequest, spec: &mut BucketSpec) -> Answer<()> {
    let arn = [find::bucket_arn(&input.bucket)];
    let given = acl::Given {
        canned: input.acl.map(|acl| acl.as_str()),
        headers: vec![
            ("FULL_CONTROL", &input.grant_full_control),
            ("READ", &input.grant_read),
            ("READ_ACP", &input.grant_read_acp),
            ("WRITE", &input.grant_write),
            ("WRITE_ACP", &input.grant_write_acp),
        ],
        list: None,
    };
    if given.is_some() {
        cx.authorize("s3:PutBucketAcl", &arn, &Context::new())?;
        if spec.ownership == "BucketOwnerEnforced" && input.object_ownership.is_some() && given.canned != Some("private") {
            let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
            return Err(Fault::client("InvalidBucketAclWithObjectOwnership", message));
        }
        spec.grants = given.grants(spec, &spec.owner, &draft::accounts(tx, cx, spec)?)?;
        if acl::is_public(&spec.grants) {
            let message = "Public ACLs are blocked by the BlockPublicAcls block public access setting.";
            return Err(Fault { message: message.into(), ..errors::access_denied() });
        }
    }
    if spec.object_lock {
        cx.authorize("s3:PutBucketObjectLockConfiguration", &arn, &Context::new())?;
        cx.authorize("s3:PutBucketVersioning", &arn, &Context::new())?;
    }
    if input.object_ownership.is_some() {
        cx.authorize("s3:PutBucketOwnershipControls", &arn, &Context::new())?;
    }
    if !spec.tags.is_empty() {
        cx.authorize("s3:TagResource", &arn, &Context::new())?;
    }
    Ok(())
}

/// Where a bucket is made: where the request is, and where it says.
fn region(cx: &Cx, constraint: Option<sdk::BucketLocationConstraint>) -> Answer<Region> {
    let here = cx.region.as_str();
    match constraint.map(sdk::BucketLocationConstraint::as_str) {
        None if here == FIRST => Ok(cx.region.clone()),
        None => Err(illegal(
            "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.",
        )),
        Some("EU") if here == "eu-west-1" => Ok(cx.region.clone()),
        Some(named) if named == here => Ok(cx.region.clone()),
        Some(named) if here == FIRST => {
            Region::parse(named).map_err(|_| illegal("The specified location-constraint is not valid"))
        }
        Some(named) => Err(illegal(&format!(
            "The {named} location constraint is incompatible for the region specific endpoint this request was sent to."
        ))),
    }
}

fn illegal(message: &str) -> Fault {
    Fault::client("IllegalLocationConstraintException", message)
}

/// Somebody has a bucket of that name. Its owner may make it again in us-east-1, which changes nothing.
fn taken(cx: &Cx, there: &BucketSpec, region: &Region) -> Answer<()> {
    if there.owner != cx.account {
        return Err(exists());
    }
    if there.region == *region && region.as_str() == FIRST {
        return Ok(());
    }
    let message = "Your previous request to create the named bucket succeeded and you already own it.";
    Err(Fault::client("BucketAlreadyOwnedByYou", message).status(409))
}

fn exists() -> Fault {
    let message = "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.";
    Fault::client("BucketAlreadyExists", message).status(409)
}

/// The caller's buckets, by name.
fn own(cx: &Cx, read: &impl Read) -> Answer<Vec<(String, std::sync::Arc<BucketSpec>)>> {
    let all = read.specs::<Bucket>(Scope::All)?;
    Ok(all.into_iter().filter(|(_, spec)| spec.owner == cx.account).map(|(key, spec)| (key.id, spec)).collect())
}

/// Lists the caller's buckets.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListBucketsRequest) -> Answer<sdk::ListBucketsOutput> {
    let most = usize::try_from(input.max_buckets.unwrap_or(10_000)).unwrap_or_default();
    let wanted = |name: &str, spec: &BucketSpec| {
        input.prefix.as_deref().is_none_or(|prefix| name.starts_with(prefix))
            && input.bucket_region.as_deref().is_none_or(|region| region == spec.region.as_str())
            && input.continuation_token.as_deref().is_none_or(|after| name > after)
    };
    let all: Vec<_> = own(cx, tx)?.into_iter().filter(|(name, spec)| wanted(name, spec)).collect();
    let shown = &all[..all.len().min(most)];
    let next = shown.last().filter(|_| shown.len() < all.len()).map(|(name, _)| name.clone());
    let bucket = |(name, spec): &(String, std::sync::Arc<BucketSpec>)| sdk::Bucket {
        name: Some(name.clone()),
        creation_date: Some(Time(spec.created.0)),
        bucket_region: Some(spec.region.to_string()),
        bucket_arn: Some(find::bucket_arn(name).to_string()),
    };
    Ok(sdk::ListBucketsOutput {
        buckets: Some(shown.iter().map(bucket).collect()),
        owner: Some(acl::owner(&cx.account)),
        continuation_token: next,
        prefix: input.prefix.clone(),
    })
}

/// Whether a bucket is there, and where.
pub fn head(cx: &Cx, tx: &mut Tx, input: &sdk::HeadBucketRequest) -> Answer<sdk::HeadBucketOutput> {
    let found = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    Ok(sdk::HeadBucketOutput {
        bucket_arn: Some(find::bucket_arn(&input.bucket).to_string()),
        bucket_region: Some(found.region.to_string()),
        access_point_alias: Some(false),
        ..Default::default()
    })
}

/// Where a bucket is; every region answers.
pub fn location(_: &Cx, tx: &mut Tx, input: &sdk::GetBucketLocationRequest) -> Answer<sdk::GetBucketLocationOutput> {
    let found = find::anywhere(tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let constraint = sdk::BucketLocationConstraint::parse(found.region.as_str());
    Ok(sdk::GetBucketLocationOutput { location_constraint: constraint.filter(|_| found.region.as_str() != FIRST) })
}

/// Deletes an empty bucket, with the uploads that were never completed.
pub async fn delete(cx: Cx, s3: std::sync::Arc<crate::s3::Storage>, input: sdk::DeleteBucketRequest) -> Answer<()> {
    s3.commit(Vec::new(), move |tx, _, gone| {
        find::bucket(&cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
        if !list::is_empty(tx, &input.bucket)? {
            let message = "The bucket you tried to delete is not empty";
            return Err(Fault::client("BucketNotEmpty", message)
                .status(409)
                .with("BucketName", wire::Value::Str(input.bucket.clone())));
        }
        let prefix = format!("{}/", input.bucket);
        for (at, _) in tx.specs::<Upload>(Scope::Prefix(&records::account(), &Region::global(), &prefix))? {
            if let Some((key, id)) = at.id[prefix.len()..].rsplit_once('\0') {
                multipart::end(tx, (&input.bucket, key, id), None, gone)?;
            }
        }
        Ok(tx.delete(&records::key::<Bucket>(&input.bucket))?)
    })
    .await
}
