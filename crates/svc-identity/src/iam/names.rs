//! Names, paths and unique ids. IAM finds a name regardless of case, shows it as it was first written, and gives nobody two of the
//! same kind that differ in case alone (IAM user guide, "IAM identifiers").

use super::errors;
use front::{Answer, Cx};
use model::{
    Env, Key, Region,
    iam::{Group, InstanceProfile, ManagedPolicy, Named, Role, User},
};
use spine::{Read, Scope, Specs, Tx};
use std::sync::Arc;

/// What unique ids are written in, behind the four letters that say what has them.
const ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ID_LENGTH: usize = 17;

/// What IAM knows by a name.
pub trait Entity: Named {
    /// What errors call it, such as `user`.
    const NOUN: &'static str;
    /// What begins its unique id, such as `AIDA`.
    const ID_PREFIX: &'static str;

    /// How IAM says that there is none of that name.
    fn missing(name: &str) -> String {
        format!("The {} with name {name} cannot be found.", Self::NOUN)
    }

    /// How IAM says that there is one of that name already.
    fn taken(name: &str) -> String {
        let (first, rest) = Self::NOUN.split_at(1);
        format!("{}{rest} with name {name} already exists.", first.to_ascii_uppercase())
    }
}

impl Entity for User {
    const NOUN: &'static str = "user";
    const ID_PREFIX: &'static str = "AIDA";
}

impl Entity for Group {
    const NOUN: &'static str = "group";
    const ID_PREFIX: &'static str = "AGPA";
}

impl Entity for Role {
    const NOUN: &'static str = "role";
    const ID_PREFIX: &'static str = "AROA";
}

impl Entity for InstanceProfile {
    const NOUN: &'static str = "instance profile";
    const ID_PREFIX: &'static str = "AIPA";

    fn missing(name: &str) -> String {
        format!("Instance Profile {name} cannot be found.")
    }

    fn taken(name: &str) -> String {
        format!("Instance Profile {name} already exists.")
    }
}

impl Entity for ManagedPolicy {
    const NOUN: &'static str = "policy";
    const ID_PREFIX: &'static str = "ANPA";

    fn taken(name: &str) -> String {
        format!("A policy called {name} already exists. Duplicate names are not allowed.")
    }
}

/// A unique id for something new.
pub fn unique_id<R: Entity>(env: &Env) -> String {
    format!("{}{}", R::ID_PREFIX, env.pick(ID_ALPHABET, ID_LENGTH))
}

/// The path that was given, or the one that things have otherwise.
pub fn path(given: &Option<String>) -> String {
    given.clone().unwrap_or_else(|| "/".into())
}

/// What has the name in the caller's account.
pub fn find<R: Entity>(cx: &Cx, store: &impl Read, name: &str) -> Answer<(Key<R>, Arc<R::Spec>)> {
    let key = Key::<R>::named(&cx.account, name);
    let spec = store.spec(&key)?.ok_or_else(|| errors::missing::<R>(name))?;
    Ok((key, spec))
}

/// The key of a name that nothing of the kind has yet.
pub fn free<R: Entity>(cx: &Cx, store: &impl Read, name: &str) -> Answer<Key<R>> {
    let key = Key::<R>::named(&cx.account, name);
    if store.exists(&key)? { Err(errors::taken::<R>(name)) } else { Ok(key) }
}

/// Puts the spec of something that stands under the key to where its name says, if nothing else is there.
pub fn replace<R: Entity>(cx: &Cx, tx: &mut Tx, from: &Key<R>, spec: &R::Spec) -> Answer<()> {
    if Key::<R>::named(&cx.account, R::name(spec)) == *from {
        return Ok(tx.put_spec(from, spec)?);
    }
    let to = free::<R>(cx, tx, R::name(spec))?;
    tx.delete(from)?;
    Ok(tx.create(&to, spec)?)
}

/// Refuses one more of the kind where the account has as many as it may have.
pub fn check_quota<R: Named>(cx: &Cx, store: &impl Read, quota: &'static str, most: usize) -> Answer<()> {
    if all::<R>(cx, store)?.len() < most { Ok(()) } else { Err(errors::quota(quota, most)) }
}

/// Everything of the kind in the caller's account.
pub fn all<R: Named>(cx: &Cx, store: &impl Read) -> Answer<Specs<R>> {
    Ok(store.specs::<R>(Scope::Region(&cx.account, &Region::global()))?)
}

/// Everything of the kind whose path begins with the prefix, if one is given.
pub fn under<R: Named>(cx: &Cx, store: &impl Read, prefix: &Option<String>) -> Answer<Specs<R>> {
    let mut found = all::<R>(cx, store)?;
    found.retain(|(_, spec)| prefix.as_ref().is_none_or(|prefix| R::path(spec).starts_with(prefix.as_str())));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    #[test]
    fn ids_say_what_has_them() {
        let (env, _) = Env::manual(Timestamp(0), 1);
        let id = unique_id::<User>(&env);
        assert!(id.starts_with("AIDA") && id.len() == 21, "{id}");
        assert_ne!(id, unique_id::<User>(&env));
    }

    #[test]
    fn errors_are_worded_as_iam_does() {
        assert_eq!(User::missing("anna"), "The user with name anna cannot be found.");
        assert_eq!(Group::taken("devs"), "Group with name devs already exists.");
        assert_eq!(InstanceProfile::missing("web"), "Instance Profile web cannot be found.");
    }
}
