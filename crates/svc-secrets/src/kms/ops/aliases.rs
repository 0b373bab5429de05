//! Aliases.

use super::super::{errors, page, views};
use super::own_alive;
use api::kms as sdk;
use front::{Answer, Cx, kms::Found, records::all, records::key};
use model::{
    Key,
    kms::{KmsAlias, KmsAliasSpec},
};
use page::{Asked, page};
use spine::{Read, Tx};
use wire::Fault;

/// The most aliases of a key.
const MOST: usize = 50;

/// `CreateAlias`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateAliasRequest) -> Answer<()> {
    check(&input.alias_name)?;
    let at: Key<KmsAlias> = key(cx, &*input.alias_name);
    if tx.exists(&at)? {
        return Err(errors::alias_exists(&cx.arn("kms", &*input.alias_name)));
    }
    let target = customers(own_alive(cx, tx, &input.target_key_id)?)?;
    refuse_too_many(cx, tx, &target)?;
    Ok(tx.create(&at, &KmsAliasSpec { target: target.key.id, created: cx.now, updated: cx.now })?)
}

/// `UpdateAlias`. The old and the new key have to be of one kind (API reference, `UpdateAlias`).
pub fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateAliasRequest) -> Answer<()> {
    check(&input.alias_name)?;
    let at: Key<KmsAlias> = key(cx, &*input.alias_name);
    let alias = tx.spec(&at)?.ok_or_else(|| missing(cx, &input.alias_name))?;
    let target = customers(own_alive(cx, tx, &input.target_key_id)?)?;
    let before = front::kms::at(tx, &key(cx, alias.target.clone()))?;
    let alike = |before: &Found| {
        let symmetric = |found: &Found| found.spec.kind.symmetric_bytes().is_some();
        symmetric(before) == symmetric(&target) && before.spec.usage == target.spec.usage
    };
    if before.is_some_and(|before| !alike(&before)) {
        return Err(errors::validation("Alias target CMKs must be of the same type and have the same key usage."));
    }
    if alias.target != target.key.id {
        refuse_too_many(cx, tx, &target)?;
    }
    Ok(tx.update_spec(&at, |spec| {
        spec.target = target.key.id;
        spec.updated = cx.now;
    })?)
}

/// `DeleteAlias`.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteAliasRequest) -> Answer<()> {
    check(&input.alias_name)?;
    let at: Key<KmsAlias> = key(cx, &*input.alias_name);
    if !tx.exists(&at)? {
        return Err(missing(cx, &input.alias_name));
    }
    Ok(tx.delete(&at)?)
}

/// `ListAliases`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListAliasesRequest) -> Answer<sdk::ListAliasesResponse> {
    let of = input.key_id.as_ref().map(|named| front::kms::find_key(cx, tx, named)).transpose()?;
    let mut aliases = all::<KmsAlias>(cx, tx)?;
    aliases.retain(|(_, spec)| of.as_ref().is_none_or(|of| of.key.id == spec.target));
    let asked = Asked { limit: input.limit, marker: input.marker.as_deref(), default: 50 };
    let page = page(aliases, |(name, _)| name, &asked)?;
    let shown = page.things.iter().map(|(name, spec)| views::alias(name, &cx.arn("kms", name), spec));
    Ok(sdk::ListAliasesResponse { aliases: Some(shown.collect()), next_marker: page.next_marker, truncated: page.truncated })
}

/// Refuses what can't be an alias, and those that only AWS makes.
fn check(name: &str) -> Answer<()> {
    match name.strip_prefix("alias/") {
        None | Some("") => Err(errors::invalid_alias()),
        Some(rest) if rest.contains(':') => Err(errors::validation(format!("{name} contains invalid characters for an alias"))),
        Some(rest) if rest.starts_with("aws/") => Err(errors::reserved_alias()),
        Some(_) => Ok(()),
    }
}

fn customers(found: Found) -> Answer<Found> {
    if found.spec.manager.is_some() { Err(errors::reserved_alias()) } else { Ok(found) }
}

fn refuse_too_many(cx: &Cx, tx: &Tx, target: &Found) -> Answer<()> {
    let count = all::<KmsAlias>(cx, tx)?.iter().filter(|(_, alias)| alias.target == target.key.id).count();
    if count >= MOST { Err(errors::limit(format_args!("a KMS key can have {MOST} aliases"))) } else { Ok(()) }
}

fn missing(cx: &Cx, name: &str) -> Fault {
    errors::no_alias(&cx.arn("kms", name))
}
