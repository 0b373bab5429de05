//! What is known of a key when it is decided who may do what with it (KMS developer guide, "Key policies in AWS KMS" and "Condition keys
//! for AWS KMS").
//!
//! A key's policy has to allow, to everybody, its account's root as well; where it lets the account in, identities' policies count too.
//! Grants are statements of the policy.

use front::{Answer, Cx, Facts};
use logic::{
    kms::with_grants,
    policy::{Context, Kind, Policy, ResourceRule},
};
use model::{
    Arn, Key,
    kms::{KmsAlias, KmsGrant, KmsKey, KmsKeySpec},
};
use serde_json::Value;
use spine::{Read, Scope, Snapshot, Specs, StoreError};
use wire::Fault;

use super::errors::{limit, lockout, malformed_policy};

/// The longest key policy, in bytes.
const LONGEST_POLICY: usize = 32_768;

/// What is known of what an ARN names; nothing of a key that isn't there, and nothing of aliases.
pub(super) fn facts(cx: &Cx, snapshot: &Snapshot, arn: &Arn) -> Result<Facts, Fault> {
    let Some(key) = Key::<KmsKey>::of_arn(arn) else { return Ok(Facts::default()) };
    match snapshot.spec(&key)? {
        Some(spec) => of(cx, snapshot, &key, &spec, &spec.policy),
        None => Ok(Facts::default()),
    }
}

/// What would be known of a key if that were its policy.
fn of(cx: &Cx, read: &impl Read, key: &Key<KmsKey>, spec: &KmsKeySpec, policy: &str) -> Answer<Facts> {
    let grants = grants(read, key)?;
    let policy = with_grants(policy, grants.iter().map(|(at, grant)| (grant_id(&at.id), &**grant)));
    let known =
        Facts { tags: spec.tags.clone(), rule: ResourceRule::MustAllow, keys: keys(cx, read, key, spec)?, ..Facts::default() };
    Ok(known.with_policy(&key.arn().to_string(), &policy, Kind::Resource))
}

fn keys(cx: &Cx, read: &impl Read, key: &Key<KmsKey>, spec: &KmsKeySpec) -> Answer<Context> {
    let aliases = read.specs::<KmsAlias>(Scope::Region(&key.account, &key.region))?;
    let names = aliases.into_iter().filter(|(_, alias)| alias.target == key.id).map(|(at, _)| at.id);
    let mut keys = Context::new()
        .with("kms:CallerAccount", cx.account.as_str())
        .with("kms:KeySpec", spec.kind.as_str())
        .with("kms:KeyUsage", spec.usage.as_str())
        .with("kms:KeyOrigin", spec.origin.as_str())
        .with("kms:MultiRegion", "false");
    keys.set_all("kms:ResourceAliases", names);
    Ok(keys)
}

/// The grants of a key.
pub(super) fn grants(read: &impl Read, key: &Key<KmsKey>) -> Result<Specs<KmsGrant>, StoreError> {
    read.specs::<KmsGrant>(Scope::Prefix(&key.account, &key.region, &format!("{}/", key.id)))
}

/// The id of a grant by that of its record.
pub(super) fn grant_id(record: &str) -> &str {
    record.rsplit('/').next().unwrap_or(record)
}

/// Refuses what can't be a key's policy.
pub(super) fn check(text: &str) -> Answer<()> {
    if text.len() > LONGEST_POLICY {
        return Err(limit(format_args!("the key policy is longer than {LONGEST_POLICY} bytes")));
    }
    Policy::parse(text, Kind::Resource).map_err(|malformed| malformed_policy(malformed.message))?;
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let statements = match &document["Statement"] {
        Value::Array(statements) => statements.as_slice(),
        statement => std::slice::from_ref(statement),
    };
    let about_something = |it: &Value| it.get("Resource").is_some() || it.get("NotResource").is_some();
    let all = statements.iter().all(about_something);
    if all { Ok(()) } else { Err(malformed_policy("Policy statement must contain resources.")) }
}

/// Refuses a policy that would keep the caller from ever setting another one (API reference, `PutKeyPolicy`).
pub(super) fn refuse_lockout(cx: &Cx, read: &impl Read, key: &Key<KmsKey>, spec: &KmsKeySpec, policy: &str) -> Answer<()> {
    let facts = of(cx, read, key, spec, policy)?;
    if cx.could("kms:PutKeyPolicy", &key.arn(), &facts)? { Ok(()) } else { Err(lockout()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_about_something() {
        let of = |rest: &str| {
            format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"kms:*"{rest}}}]}}"#)
        };
        assert!(check(&of(r#","Resource":"*""#)).is_ok());
        for bad in [of(""), "{}".into(), "junk".into(), of(r#","Resource":"*","Effect":"Maybe""#)] {
            assert_eq!(check(&bad).unwrap_err().code, "MalformedPolicyDocumentException", "{bad}");
        }
        assert_eq!(check(&" ".repeat(40_000)).unwrap_err().code, "LimitExceededException");
    }
}
