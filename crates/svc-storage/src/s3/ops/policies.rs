//! The policies of buckets.

use crate::s3::{errors, facts, find, ops::configure::change, rules::public};
use api::s3 as sdk;
use front::{Answer, Cx, Facts};
use logic::policy::{Kind, Policy};
use spine::Tx;
use wire::Fault;

/// The longest policy, in bytes.
const LONGEST: usize = 20 * 1024;

/// Sets the policy.
pub fn put(cx: &Cx, tx: &mut Tx, input: &sdk::PutBucketPolicyRequest) -> Answer<()> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    check(&input.bucket, &input.policy)?;
    if facts::block(&bucket)?.block_public_policy == Some(true) && public::is_public(&input.policy) {
        let arn = find::bucket_arn(&input.bucket);
        let who = cx.principal.arn(&cx.account);
        let message = format!(
            "User: {who} is not authorized to perform: s3:PutBucketPolicy on resource: \"{arn}\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access."
        );
        return Err(Fault { message, ..errors::access_denied() });
    }
    if input.confirm_remove_self_bucket_access != Some(true) {
        stays_in(cx, &bucket.owner, input)?;
    }
    change(cx, tx, &input.bucket, &input.expected_bucket_owner, |bucket| {
        bucket.policy = Some(input.policy.clone());
        Ok(())
    })
}

fn malformed(message: impl Into<String>) -> Fault {
    Fault::client("MalformedPolicy", message)
}

fn check(bucket: &str, policy: &str) -> Answer<()> {
    if policy.len() > LONGEST {
        return Err(malformed("The policy is larger than 20 KB."));
    }
    Policy::parse(policy, Kind::Resource).map_err(|error| malformed(error.to_string()))?;
    let parsed: serde_json::Value =
        serde_json::from_str(policy).map_err(|_| malformed("Policies must be valid JSON and the first byte must be '{'"))?;
    let (own, inside) = (format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/"));
    let statements = match &parsed["Statement"] {
        serde_json::Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    let texts = |value: &serde_json::Value| -> Vec<String> {
        match value {
            serde_json::Value::Array(all) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
            one => one.as_str().map(str::to_owned).into_iter().collect(),
        }
    };
    for statement in &statements {
        let resources = [texts(&statement["Resource"]), texts(&statement["NotResource"])].concat();
        let foreign =
            |text: &String| text != "*" && *text != own && !text.starts_with(&inside) && !text.starts_with(&format!("{own}*"));
        if resources.iter().any(foreign) {
            return Err(malformed("Policy has invalid resource"));
        }
        let actions = texts(&statement["Action"]);
        if actions.iter().any(|action| action != "*" && !action.to_ascii_lowercase().starts_with("s3:")) {
            return Err(malformed("Policy has invalid action"));
        }
    }
    Ok(())
}

/// Refuses a policy by which the caller could not change it any more. The root of the owner always can.
fn stays_in(cx: &Cx, owner: &model::AccountId, input: &sdk::PutBucketPolicyRequest) -> Answer<()> {
    if cx.principal == front::Principal::Root && cx.account == *owner {
        return Ok(());
    }
    let arn = find::bucket_arn(&input.bucket);
    let facts = Facts { owner: Some(owner.clone()), ..Facts::default() };
    let facts = facts.with_policy(&arn.to_string(), &input.policy, Kind::Resource);
    if cx.could("s3:PutBucketPolicy", &arn, &facts)? {
        return Ok(());
    }
    Err(malformed("The policy would keep you from changing it again. Set ConfirmRemoveSelfBucketAccess to set it nevertheless."))
}

/// The policy.
pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetBucketPolicyRequest) -> Answer<sdk::GetBucketPolicyOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    Ok(sdk::GetBucketPolicyOutput { policy: Some(bucket.policy.clone().ok_or_else(|| missing(&input.bucket))?) })
}

fn missing(bucket: &str) -> Fault {
    errors::unset("NoSuchBucketPolicy", "The bucket policy does not exist", bucket)
}

/// Whether the policy makes the bucket public.
pub fn status(cx: &Cx, tx: &mut Tx, input: &sdk::GetBucketPolicyStatusRequest) -> Answer<sdk::GetBucketPolicyStatusOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let policy = bucket.policy.as_ref().ok_or_else(|| missing(&input.bucket))?;
    let is_public = Some(public::is_public(policy));
    Ok(sdk::GetBucketPolicyStatusOutput { policy_status: Some(sdk::PolicyStatus { is_public }) })
}

/// Deletes the policy.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteBucketPolicyRequest) -> Answer<()> {
    change(cx, tx, &input.bucket, &input.expected_bucket_owner, |bucket| {
        bucket.policy = None;
        Ok(())
    })
}
