//! Grants.

use super::super::{
    errors,
    facts::{grant_id, grants},
    keys, page, views,
};
use super::{check_tokens, dry, grant_token, key_of_grant, of_token};
use api::kms as sdk;
use front::{
    Answer, Cx,
    kms::{self, Found},
    records::all,
};
use logic::{
    kms::with_grants,
    policy::{Kind, Policy},
};
use model::{
    Key,
    kms::{GrantOperation, KeyKind, KmsGrant, KmsGrantSpec},
};
use page::{Asked, page};
use spine::{Read, Tx};

/// `CreateGrant`. A request that says just what a named grant says finds that grant (API reference, `CreateGrant`, `Name`).
pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateGrantRequest) -> Answer<sdk::CreateGrantResponse> {
    check_tokens(input.grant_tokens.as_ref())?;
    let key = kms::find_key(cx, tx, &input.key_id)?;
    kms::usable(&key, cx.now)?;
    let wanted = read(cx, &key, input)?;
    let same =
        |grant: &KmsGrantSpec| wanted.name.is_some() && KmsGrantSpec { created: wanted.created, ..grant.clone() } == wanted;
    let known = grants(tx, &key.key)?.into_iter().find(|(_, grant)| same(grant)).map(|(at, _)| at);
    dry(input.dry_run)?;
    let at = match known {
        Some(at) => at,
        None => {
            let at = key.key.grant(&cx.env.hex(64));
            tx.create(&at, &wanted)?;
            at
        }
    };
    Ok(sdk::CreateGrantResponse { grant_token: Some(grant_token(cx, &at)), grant_id: Some(grant_id(&at.id).to_owned()) })
}

fn read(cx: &Cx, key: &Found, input: &sdk::CreateGrantRequest) -> Answer<KmsGrantSpec> {
    if input.grantee_service_principal.is_some() || input.retiring_service_principal.is_some() {
        return Err(errors::not_built("service principals of grants"));
    }
    let grantee = input.grantee_principal.clone().ok_or_else(|| errors::validation("GranteePrincipal is required."))?;
    check_constraints(key, input)?;
    let wanted = KmsGrantSpec {
        name: input.name.clone(),
        created: cx.now,
        issuer: cx.account.clone(),
        grantee,
        retiring: input.retiring_principal.clone(),
        operations: operations(key, &input.operations)?,
        constraint: keys::constraint(input.constraints.as_ref()),
    };
    check_principals(&wanted)?;
    Ok(wanted)
}

fn operations(key: &Found, asked: &[sdk::GrantOperation]) -> Answer<Vec<GrantOperation>> {
    if asked.is_empty() {
        return Err(errors::validation("Operations must not be empty."));
    }
    let one = |operation: &sdk::GrantOperation| {
        let name = operation.as_str();
        let known = GrantOperation::parse(name).filter(|it| it.fits(key.spec.usage) && with_kind(*it, key.spec.kind));
        known.ok_or_else(|| {
            errors::validation(format!("Operation {name} is not valid for a KMS key of {}.", key.spec.kind.as_str()))
        })
    };
    let mut all = asked.iter().map(one).collect::<Answer<Vec<_>>>()?;
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Data keys are made under symmetric keys, and only asymmetric ones have a half to show.
fn with_kind(operation: GrantOperation, kind: KeyKind) -> bool {
    match operation {
        GrantOperation::GetPublicKey => kind.symmetric_bytes().is_none(),
        operation if operation.as_str().starts_with("GenerateDataKey") => kind == KeyKind::Symmetric,
        _ => true,
    }
}

fn check_constraints(key: &Found, input: &sdk::CreateGrantRequest) -> Answer<()> {
    let Some(given) = &input.constraints else { return Ok(()) };
    if given.source_arn.is_some() {
        return Err(errors::not_built("SourceArn"));
    }
    let pairs = [&given.encryption_context_equals, &given.encryption_context_subset];
    if pairs.iter().all(|pairs| pairs.as_ref().is_some_and(|pairs| !pairs.is_empty())) {
        return Err(errors::not_built("EncryptionContextEquals together with EncryptionContextSubset"));
    }
    if key.spec.kind != KeyKind::Symmetric {
        return Err(errors::validation("Encryption context constraints are only valid for symmetric encryption KMS keys."));
    }
    Ok(())
}

/// A grant is a statement of the key's policy: whom that can't name, it can't be given to.
fn check_principals(wanted: &KmsGrantSpec) -> Answer<()> {
    let empty = r#"{"Version":"2012-10-17","Statement":[]}"#;
    for principal in [Some(&wanted.grantee), wanted.retiring.as_ref()].into_iter().flatten() {
        let alone = KmsGrantSpec { grantee: principal.clone(), retiring: None, ..wanted.clone() };
        let named = principal.starts_with("arn:") && Policy::parse(&with_grants(empty, [("g", &alone)]), Kind::Resource).is_ok();
        if !named {
            return Err(errors::invalid_principal(principal));
        }
    }
    Ok(())
}

/// `RetireGrant`.
pub fn retire(cx: &Cx, tx: &mut Tx, input: &sdk::RetireGrantRequest) -> Answer<()> {
    let at = retired(input)?;
    if at.region != cx.region || !tx.exists(&at)? {
        return Err(errors::no_grant(grant_id(&at.id)));
    }
    dry(input.dry_run)?;
    Ok(tx.delete(&at)?)
}

/// The grant that a request to retire one names.
pub(in super::super) fn retired(input: &sdk::RetireGrantRequest) -> Answer<Key<KmsGrant>> {
    match (&input.grant_token, &input.key_id, &input.grant_id) {
        (Some(token), None, None) => of_token(token).ok_or_else(errors::invalid_grant_token),
        (None, Some(key), Some(id)) => {
            let arn = key.parse().map_err(|_| kms::invalid_key_id(key))?;
            let key = Key::<model::kms::KmsKey>::of_arn(&arn).ok_or_else(|| kms::invalid_key_id(key))?;
            Ok(key.grant(id))
        }
        _ => Err(errors::validation("Specify either a grant token, or a key ARN and a grant ID.")),
    }
}

/// The key that a request to retire a grant is about.
pub(in super::super) fn key_of_retired(input: &sdk::RetireGrantRequest) -> Option<Key<model::kms::KmsKey>> {
    retired(input).ok().map(|grant| key_of_grant(&grant))
}

/// `RevokeGrant`.
pub fn revoke(cx: &Cx, tx: &mut Tx, input: &sdk::RevokeGrantRequest) -> Answer<()> {
    let key = kms::find_key(cx, tx, &input.key_id)?;
    let at = key.key.grant(&input.grant_id);
    if !tx.exists(&at)? {
        return Err(errors::no_grant(&input.grant_id));
    }
    dry(input.dry_run)?;
    Ok(tx.delete(&at)?)
}

/// `ListGrants`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListGrantsRequest) -> Answer<sdk::ListGrantsResponse> {
    if input.grantee_service_principal.is_some() {
        return Err(errors::not_built("GranteeServicePrincipal"));
    }
    let key = kms::find_key(cx, tx, &input.key_id)?;
    let mut found = grants(tx, &key.key)?;
    found.retain(|(at, grant)| {
        input.grant_id.as_ref().is_none_or(|id| grant_id(&at.id) == id)
            && input.grantee_principal.as_ref().is_none_or(|who| grant.grantee == *who)
    });
    let asked = Asked { limit: input.limit, marker: input.marker.as_deref(), default: 50 };
    let page = page(found, |(at, _)| &at.id, &asked)?;
    let arn = key.key.arn();
    Ok(sdk::ListGrantsResponse {
        grants: Some(page.things.iter().map(|(at, grant)| views::grant(&arn, grant_id(&at.id), grant)).collect()),
        next_marker: page.next_marker,
        truncated: page.truncated,
    })
}

/// `ListRetirableGrants`: of the account's keys in the region.
pub fn list_retirable(cx: &Cx, tx: &mut Tx, input: &sdk::ListRetirableGrantsRequest) -> Answer<sdk::ListGrantsResponse> {
    if input.retiring_service_principal.is_some() {
        return Err(errors::not_built("RetiringServicePrincipal"));
    }
    let who = input.retiring_principal.as_ref().ok_or_else(|| errors::validation("RetiringPrincipal is required."))?;
    let mut found = all::<KmsGrant>(cx, tx)?;
    found.retain(|(_, grant)| grant.retiring.as_ref() == Some(who));
    let asked = Asked { limit: input.limit, marker: input.marker.as_deref(), default: 50 };
    let page = page(found, |(id, _)| id, &asked)?;
    let shown = page.things.iter().map(|(id, grant)| {
        let key = key_of_grant(&Key::new(&cx.account, &cx.region, &**id));
        views::grant(&key.arn(), grant_id(id), grant)
    });
    Ok(sdk::ListGrantsResponse { grants: Some(shown.collect()), next_marker: page.next_marker, truncated: page.truncated })
}
