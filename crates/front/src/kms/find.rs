//! Finding a key by what a request calls it: its id, its ARN, an alias, an alias's ARN.

use crate::{Answer, Cx};
use logic::kms::current_material;
use model::{
    AccountId, Arn, Key,
    kms::{KmsAlias, KmsKey, KmsKeyPlan, KmsKeySpec},
};
use spine::{Read, StoreError};
use std::sync::Arc;
use wire::Fault;

/// A key that is there.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it is.
    pub key: Key<KmsKey>,
    /// What was asked of it.
    pub spec: Arc<KmsKeySpec>,
    /// What was decided of it.
    pub plan: Arc<KmsKeyPlan>,
}

impl Found {
    /// The id of the material that encrypts; none if it has to be imported first.
    pub fn material(&self) -> Option<&str> {
        current_material(&self.spec, &self.plan)
    }
}

/// What a text calls a key by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The key itself.
    Key(Key<KmsKey>),
    /// Another name of it.
    Alias(Key<KmsAlias>),
}

/// Reads what a request calls a key.
///
/// # Errors
/// `NotFoundException` for what can't be the name of a key, or is one of another region.
pub fn reference(cx: &Cx, named: &str) -> Answer<Reference> {
    if named.starts_with("alias/") {
        return Ok(Reference::Alias(Key::new(&cx.account, &cx.region, named)));
    }
    if !named.starts_with("arn:") {
        return if is_id(named) {
            Ok(Reference::Key(Key::new(&cx.account, &cx.region, named)))
        } else {
            Err(invalid_key_id(named))
        };
    }
    let arn: Arn = named.parse().map_err(|_| invalid_arn(named))?;
    if arn.region != cx.region.as_str() {
        return Err(invalid_arn(&arn.region));
    }
    let account = AccountId::parse(&arn.account).map_err(|_| invalid_arn(named))?;
    if arn.resource_id("kms", "alias").is_some() {
        return Ok(Reference::Alias(Key::new(&account, &cx.region, arn.resource)));
    }
    let id = arn.resource_id("kms", "key").ok_or_else(|| invalid_arn(named))?;
    Ok(Reference::Key(Key::new(&account, &cx.region, id)))
}

/// Whether a text has the form of a key's id: a UUID, which that of a multi-Region key isn't.
fn is_id(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths = parts.iter().map(|part| part.len());
    lengths.eq([8, 4, 4, 4, 12]) && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The key of that place, if there is one.
pub fn at(read: &impl Read, key: &Key<KmsKey>) -> Result<Option<Found>, StoreError> {
    let found = read.get(key)?;
    Ok(found.map(|row| Found { key: key.clone(), spec: row.spec, plan: row.plan }))
}

/// The key that a request names in whatever way.
///
/// # Errors
/// `NotFoundException`.
pub fn find(cx: &Cx, read: &impl Read, named: &str) -> Answer<Found> {
    let key = match reference(cx, named)? {
        Reference::Key(key) => key,
        Reference::Alias(alias) => target(read, &alias)?.ok_or_else(|| no_alias(&alias))?,
    };
    at(read, &key)?.ok_or_else(|| no_key(&key))
}

/// The key that a request names by its id or its ARN, where aliases aren't taken.
///
/// # Errors
/// `NotFoundException`.
pub fn find_key(cx: &Cx, read: &impl Read, named: &str) -> Answer<Found> {
    match reference(cx, named)? {
        Reference::Key(key) => at(read, &key)?.ok_or_else(|| no_key(&key)),
        Reference::Alias(_) => Err(invalid_key_id(named)),
    }
}

/// What decisions about the key are about that a request names so: the key's ARN where one is found, and else what it would be.
pub fn arn(cx: &Cx, read: &impl Read, named: &str) -> Answer<Arn> {
    Ok(match reference(cx, named) {
        Ok(Reference::Key(key)) => key.arn(),
        Ok(Reference::Alias(alias)) => target(read, &alias)?.map_or_else(|| alias_arn(&alias), |key| key.arn()),
        Err(_) => cx.arn("kms", format!("key/{named}")),
    })
}

/// The ARN of an alias.
pub(super) fn alias_arn(alias: &Key<KmsAlias>) -> Arn {
    Arn::new("kms", &alias.region, &alias.account, alias.id.clone())
}

fn target(read: &impl Read, alias: &Key<KmsAlias>) -> Result<Option<Key<KmsKey>>, StoreError> {
    let found = read.spec(alias)?;
    Ok(found.map(|found| Key::new(&alias.account, &alias.region, found.target.clone())))
}

fn not_found(text: String) -> Fault {
    Fault::client("NotFoundException", text)
}

/// The text isn't what a key can be called by here.
pub fn invalid_key_id(named: &str) -> Fault {
    not_found(format!("Invalid keyId '{named}'"))
}

fn invalid_arn(what: &str) -> Fault {
    not_found(format!("Invalid arn {what}"))
}

fn no_key(key: &Key<KmsKey>) -> Fault {
    not_found(format!("Key '{}' does not exist", key.arn()))
}

fn no_alias(alias: &Key<KmsAlias>) -> Fault {
    not_found(format!("Alias {} is not found.", alias_arn(alias)))
}
