//! Aliases: names of versions, which may share their invocations with another version.

use super::same_revision;
use crate::lambda::{
    errors, find, names,
    page::{Asked, page},
    views,
};
use api::lambda as sdk;
use front::{Answer, Cx};
use model::{
    Key,
    lambda::{Alias, AliasSpec, Function, LATEST},
};
use spine::{Read, Scope, Tx};
use std::collections::BTreeMap;

/// `CreateAlias`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateAliasRequest) -> Answer<sdk::AliasConfiguration> {
    let function = names::parse_whole(cx, &input.function_name)?;
    find::function(tx, &function)?;
    let key = function.alias(&input.name);
    if tx.exists(&key)? {
        return Err(errors::conflict(format!("Alias already exists: {}", key.arn())));
    }
    let spec = AliasSpec {
        version: input.function_version.clone(),
        description: input.description.clone().unwrap_or_default(),
        weights: weights(input.routing_config.as_ref()).unwrap_or_default(),
        revision: cx.env.uuid(),
    };
    check(tx, &function, &spec)?;
    tx.create(&key, &spec)?;
    Ok(views::alias(&function, &input.name, &spec))
}

/// The weights that a request gives, if it speaks of them.
fn weights(given: Option<&sdk::AliasRoutingConfiguration>) -> Option<BTreeMap<String, f64>> {
    given.map(|given| given.additional_version_weights.clone().unwrap_or_default())
}

/// Refuses versions that aren't there or can't be mixed (Lambda developer guide, "Weighted alias").
fn check(read: &impl Read, function: &Key<Function>, alias: &AliasSpec) -> Answer<()> {
    if alias.weights.len() > 1 {
        return Err(errors::invalid("Number of items in AdditionalVersionWeights cannot be greater than 1"));
    }
    if alias.version == LATEST && !alias.weights.is_empty() {
        return Err(errors::invalid("$LATEST is not supported for an alias pointing to more than 1 version"));
    }
    if alias.weights.contains_key(&alias.version) {
        let version = &alias.version;
        return Err(errors::invalid(format!(
            "Invalid function version {version}. Function version {version} is already included in routing configuration."
        )));
    }
    for version in std::iter::once(&alias.version).chain(alias.weights.keys()) {
        let key = function.version(version);
        if !read.exists(&key)? {
            return Err(errors::no_function(&key.arn()));
        }
    }
    Ok(())
}

/// `UpdateAlias`.
pub fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateAliasRequest) -> Answer<sdk::AliasConfiguration> {
    let function = names::parse_whole(cx, &input.function_name)?;
    let key = function.alias(&input.name);
    let before = found(tx, &function, &key)?;
    same_revision(input.revision_id.as_ref(), &before.revision, "GetFunction/GetAlias")?;
    let after = AliasSpec {
        version: input.function_version.clone().unwrap_or(before.version),
        description: input.description.clone().unwrap_or(before.description),
        weights: weights(input.routing_config.as_ref()).unwrap_or(before.weights),
        revision: cx.env.uuid(),
    };
    check(tx, &function, &after)?;
    tx.put_spec(&key, &after)?;
    Ok(views::alias(&function, &input.name, &after))
}

fn found(read: &impl Read, function: &Key<Function>, key: &Key<Alias>) -> Answer<AliasSpec> {
    find::function(read, function)?;
    let spec = read.spec(key)?.ok_or_else(|| errors::no_alias(&key.arn()))?;
    Ok((*spec).clone())
}

/// `GetAlias`.
pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetAliasRequest) -> Answer<sdk::AliasConfiguration> {
    let function = names::parse_whole(cx, &input.function_name)?;
    let spec = found(tx, &function, &function.alias(&input.name))?;
    Ok(views::alias(&function, &input.name, &spec))
}

/// `DeleteAlias`. One that isn't there is no error.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteAliasRequest) -> Answer<()> {
    let function = names::parse_whole(cx, &input.function_name)?;
    find::function(tx, &function)?;
    let (alias, name) = (function.alias(&input.name), input.name.as_str());
    if tx.exists(&alias)? {
        let url = function.url(Some(name));
        if tx.exists(&url)? {
            super::urls::remove(tx, &url)?;
        }
        tx.delete(&function.policy(Some(name)))?;
        tx.delete(&function.event_invoke(Some(name)))?;
        tx.delete(&function.provisioned(name))?;
        tx.delete(&alias)?;
    }
    Ok(())
}

/// `ListAliases`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListAliasesRequest) -> Answer<sdk::ListAliasesResponse> {
    let function = names::parse_whole(cx, &input.function_name)?;
    find::function(tx, &function)?;
    let mut aliases = tx.specs::<Alias>(Scope::Prefix(&function.account, &function.region, &function.children()))?;
    if let Some(version) = &input.function_version {
        aliases.retain(|(_, alias)| alias.version == *version || alias.weights.contains_key(version));
    }
    let asked = Asked { most: input.max_items, marker: input.marker.as_deref() };
    let (page, next_marker) = page(aliases, &asked, |(key, _)| key.name().to_owned())?;
    let views = page.iter().map(|(key, spec)| views::alias(&function, key.name(), spec)).collect();
    Ok(sdk::ListAliasesResponse { aliases: Some(views), next_marker })
}
