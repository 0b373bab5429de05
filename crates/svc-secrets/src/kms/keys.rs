//! What requests are about and what they tell, as resources and condition keys (Service Authorization Reference, "Actions, resources, and
//! condition keys for AWS Key Management Service").

use super::facts::{grant_id, grants};
use api::kms as sdk;
use front::{Answer, Cx, kms::encryption_context};
use logic::{
    kms::{Ciphertext, EncryptionContext, SATISFIED, permits_subset, satisfied},
    policy::Context,
};
use model::{
    Arn, Key,
    kms::{GrantConstraint, GrantOperation, KmsGrantSpec, KmsKey},
};
use spine::Read;
use wire::Bytes;

/// The key that a request names.
pub(super) fn on(cx: &Cx, read: &impl Read, named: &str) -> Answer<Vec<Arn>> {
    Ok(vec![front::kms::arn(cx, read, named)?])
}

/// The key of a ciphertext, or the one that the request names; a ciphertext that can't be read could be any key's.
pub(super) fn on_ciphertext(cx: &Cx, read: &impl Read, named: Option<&str>, blob: Option<&Bytes>) -> Answer<Vec<Arn>> {
    Ok(vec![ciphertext_key(cx, read, named, blob)?])
}

fn ciphertext_key(cx: &Cx, read: &impl Read, named: Option<&str>, blob: Option<&Bytes>) -> Answer<Arn> {
    if let Some(named) = named {
        return front::kms::arn(cx, read, named);
    }
    let read = blob.and_then(|blob| Ciphertext::parse(blob));
    Ok(read.map_or_else(|| cx.arn("kms", "key/*"), |read| read.key.arn()))
}

/// The alias and the keys that it is or will be of.
pub(super) fn on_alias(cx: &Cx, read: &impl Read, alias: &str, target: Option<&str>) -> Answer<Vec<Arn>> {
    let name = cx.arn("kms", alias);
    let now = Some(front::kms::arn(cx, read, alias)?).filter(|arn| *arn != name);
    let then = target.map(|target| front::kms::arn(cx, read, target)).transpose()?;
    Ok([Some(name), now, then].into_iter().flatten().collect())
}

/// `kms:RequestAlias`, and the grants that have no constraint.
pub(super) fn named(named: &str) -> Context {
    let alias = named.find("alias/").map(|at| &named[at..]);
    let mut keys = Context::new();
    if let Some(alias) = alias {
        keys.set("kms:RequestAlias", alias);
    }
    keys
}

/// What a request with an encryption context tells of itself.
pub(super) fn with_context(cx: &Cx, key_id: &str, context: Option<&EncryptionContext>, algorithm: &str) -> Context {
    let arn = front::kms::arn(cx, cx.snapshot(), key_id).ok();
    let mut keys = of_context(cx, arn.as_ref(), context, algorithm);
    keys.set_from(&named(key_id));
    keys
}

/// What a request tells that brings a ciphertext.
pub(super) fn with_ciphertext(
    cx: &Cx,
    (key_id, blob): (Option<&str>, Option<&Bytes>),
    context: Option<&EncryptionContext>,
    algorithm: Option<sdk::EncryptionAlgorithmSpec>,
) -> Context {
    let arn = ciphertext_key(cx, cx.snapshot(), key_id, blob).ok();
    let algorithm = algorithm.unwrap_or(sdk::EncryptionAlgorithmSpec::SymmetricDefault);
    let mut keys = of_context(cx, arn.as_ref(), context, algorithm.as_str());
    keys.set_from(&key_id.map(named).unwrap_or_default());
    keys
}

fn of_context(cx: &Cx, arn: Option<&Arn>, context: Option<&EncryptionContext>, algorithm: &str) -> Context {
    let none = EncryptionContext::new();
    let context = context.unwrap_or(&none);
    let mut keys = encryption_context(context);
    keys.set("kms:EncryptionAlgorithm", algorithm);
    satisfying(cx, arn, &mut keys, |grant| satisfied(grant, context));
    keys
}

/// Tells which grants of the key are satisfied.
fn satisfying(cx: &Cx, arn: Option<&Arn>, keys: &mut Context, test: impl Fn(&KmsGrantSpec) -> bool) {
    let grants = arn.and_then(Key::<KmsKey>::of_arn).and_then(|key| grants(cx.snapshot(), &key).ok());
    let fitting = grants.into_iter().flatten().filter(|(_, grant)| test(grant));
    keys.set_all(SATISFIED, fitting.map(|(at, _)| grant_id(&at.id).to_owned()));
}

/// What `CreateGrant` tells.
pub(super) fn of_new_grant(cx: &Cx, input: &sdk::CreateGrantRequest) -> Context {
    let constraint = constraint(input.constraints.as_ref());
    let mut keys = match &constraint {
        Some(GrantConstraint::Subset(pairs) | GrantConstraint::Equals(pairs)) => encryption_context(pairs),
        None => Context::new(),
    };
    keys.set("kms:GrantIsForAWSResource", "false");
    keys.set_all("kms:GrantOperations", input.operations.iter().map(|operation| operation.as_str()));
    for (key, principal) in
        [("kms:GranteePrincipal", &input.grantee_principal), ("kms:RetiringPrincipal", &input.retiring_principal)]
    {
        if let Some(principal) = principal {
            keys.set(key, principal);
        }
    }
    match &constraint {
        Some(GrantConstraint::Subset(_)) => drop(keys.set("kms:GrantConstraintType", "EncryptionContextSubset")),
        Some(GrantConstraint::Equals(_)) => drop(keys.set("kms:GrantConstraintType", "EncryptionContextEquals")),
        None => {}
    }
    let arn = front::kms::arn(cx, cx.snapshot(), &input.key_id).ok();
    let wanted: Option<Vec<_>> = input.operations.iter().map(|it| GrantOperation::parse(it.as_str())).collect();
    satisfying(cx, arn.as_ref(), &mut keys, |grant| {
        wanted.as_ref().is_some_and(|wanted| permits_subset(grant, wanted, constraint.as_ref()))
    });
    keys
}

/// The constraint of a request; where it has both kinds, which the handler refuses, the tighter one. One without pairs is none.
pub(super) fn constraint(given: Option<&sdk::GrantConstraints>) -> Option<GrantConstraint> {
    let equals = given?.encryption_context_equals.clone().filter(some).map(GrantConstraint::Equals);
    equals.or_else(|| given?.encryption_context_subset.clone().filter(some).map(GrantConstraint::Subset))
}

fn some(pairs: &EncryptionContext) -> bool {
    !pairs.is_empty()
}

/// What a request tells that is about one grant.
pub(super) fn of_grant(id: Option<&str>) -> Context {
    let mut keys = Context::new();
    keys.set_all(SATISFIED, id);
    keys
}

/// `kms:BypassPolicyLockoutSafetyCheck`.
pub(super) fn bypass(asked: Option<bool>) -> Context {
    Context::new().with("kms:BypassPolicyLockoutSafetyCheck", asked.unwrap_or_default().to_string())
}
