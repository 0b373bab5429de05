//! Finding what requests name.

use super::{errors, names::Named};
use front::Answer;
use model::{
    Key,
    lambda::{Alias, AliasSpec, Function, FunctionSpec, LATEST, Version},
};
use spine::{Read, Row};
use std::sync::Arc;

/// A version that a request names, by itself or by an alias.
pub struct Found {
    /// The version.
    pub key: Key<Version>,
    /// Its record.
    pub row: Row<Version>,
    /// The alias by which it was named.
    pub alias: Option<(Key<Alias>, Arc<AliasSpec>)>,
}

/// The function.
///
/// # Errors
/// `ResourceNotFoundException`.
pub fn function(read: &impl Read, key: &Key<Function>) -> Answer<Arc<FunctionSpec>> {
    read.spec(key)?.ok_or_else(|| errors::no_function(&key.arn()))
}

/// The version that a qualifier names; that of an alias which takes what no weight gives to another.
///
/// # Errors
/// `ResourceNotFoundException`.
pub fn version(read: &impl Read, named: &Named) -> Answer<Found> {
    let qualifier = named.qualifier.as_deref().unwrap_or(LATEST);
    let alias = match is_version(qualifier) {
        true => None,
        false => {
            let key = named.key.alias(qualifier);
            let spec = read.spec(&key)?.ok_or_else(|| errors::no_function(&named.arn()))?;
            Some((key, spec))
        }
    };
    let number = alias.as_ref().map_or(qualifier, |(_, alias)| alias.version.as_str());
    let key = named.key.version(number);
    let row = read.get(&key)?.ok_or_else(|| errors::no_function(&named.arn()))?;
    Ok(Found { key, row, alias })
}

/// Refuses a qualifier that names nothing.
///
/// # Errors
/// `ResourceNotFoundException`.
pub fn existing(read: &impl Read, named: &Named) -> Answer<()> {
    match named.published() {
        None => function(read, &named.key).map(drop),
        Some(_) => version(read, named).map(drop),
    }
}

/// Whether a qualifier is that of a version, and not an alias.
pub fn is_version(qualifier: &str) -> bool {
    qualifier == LATEST || qualifier.bytes().all(|byte| byte.is_ascii_digit())
}
