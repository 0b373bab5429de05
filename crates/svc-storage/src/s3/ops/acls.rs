//! Access control lists of buckets and objects.

use crate::s3::{
    acl, draft, errors, find,
    notify::{self, About, Actor, Happened},
    ops::{configure::change, get},
    versions::{self, Place},
};
use api::s3 as sdk;
use front::{Answer, Cx};
use spine::Tx;

/// The list of a bucket.
pub fn bucket(cx: &Cx, tx: &mut Tx, input: &sdk::GetBucketAclRequest) -> Answer<sdk::GetBucketAclOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let grants = acl::shown(&bucket.owner, &bucket.grants);
    Ok(sdk::GetBucketAclOutput { owner: Some(acl::owner(&bucket.owner)), grants: Some(grants) })
}

/// Sets the list of a bucket.
pub fn put_bucket(cx: &Cx, tx: &mut Tx, input: &sdk::PutBucketAclRequest) -> Answer<()> {
    let given = acl::Given {
        canned: input.acl.map(|acl| acl.as_str()),
        headers: acl::grant_headers!(input).into_iter().chain([("WRITE", &input.grant_write)]).collect(),
        list: input.access_control_policy.as_ref(),
    };
    if !given.is_some() {
        return Err(missing());
    }
    let spec = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let grants = given.grants(&spec, &spec.owner, &draft::accounts(tx, cx, &spec)?)?;
    draft::refuse_public(&spec, &grants)?;
    change(cx, tx, &input.bucket, &input.expected_bucket_owner, |bucket| {
        bucket.grants = grants;
        Ok(())
    })
}

fn missing() -> wire::Fault {
    let message = "Your request was missing a required header";
    wire::Fault::client("MissingSecurityHeader", message).with("MissingHeaderName", wire::Value::Str("x-amz-acl".into()))
}

/// The list of an object.
pub fn object(cx: &Cx, tx: &mut Tx, input: &sdk::GetObjectAclRequest) -> Answer<sdk::GetObjectAclOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let version = get::existing(cx, tx, &input.bucket, &input.key, input.version_id.as_deref())?;
    get::content(&bucket, &version, &input.key, input.version_id.is_some())?;
    let enforced = bucket.ownership == "BucketOwnerEnforced";
    let owner = if enforced { &bucket.owner } else { &version.owner };
    let grants = acl::shown(owner, if enforced { &[] } else { &version.grants });
    Ok(sdk::GetObjectAclOutput { owner: Some(acl::owner(owner)), grants: Some(grants), request_charged: None })
}

/// Sets the list of an object.
pub fn put_object(cx: &Cx, tx: &mut Tx, input: &sdk::PutObjectAclRequest) -> Answer<sdk::PutObjectAclOutput> {
    let given = acl::Given {
        canned: input.acl.map(|acl| acl.as_str()),
        headers: acl::grant_headers!(input).to_vec(),
        list: input.access_control_policy.as_ref(),
    };
    if !given.is_some() {
        return Err(missing());
    }
    if input.grant_write.is_some() {
        return Err(errors::invalid_argument("Grants of WRITE are not for objects", "x-amz-grant-write", ""));
    }
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let (version, current) = get::existing_at(cx, tx, &input.bucket, &input.key, input.version_id.as_deref())?;
    get::content(&bucket, &version, &input.key, input.version_id.is_some())?;
    let grants = given.grants(&bucket, &version.owner, &draft::accounts(tx, cx, &bucket)?)?;
    draft::refuse_public(&bucket, &grants)?;
    let place = Place { name: &input.bucket, bucket: &bucket, key: &input.key };
    versions::update(tx, place, &version, current, |version| version.grants = grants)?;
    let happened = Happened {
        event: "ObjectAcl:Put",
        detail_type: "Object ACL Updated",
        key: &input.key,
        version: &version,
        about: About::Itself,
    };
    notify::tell(tx, (&input.bucket, &bucket), happened, &Actor::of(cx), &cx.env)?;
    Ok(sdk::PutObjectAclOutput::default())
}
