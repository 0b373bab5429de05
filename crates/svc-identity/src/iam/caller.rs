//! Who is meant where an operation names no user: the caller.

use super::errors;
use front::{Answer, Cx};
use model::{
    Timestamp,
    iam::{Principal, base_name},
    touch::Touched,
};
use spine::{Read, Scope};

/// What the API calls the account's root where something has to have a user's name.
pub const ROOT: &str = "root";

/// Of whom an operation speaks.
#[derive(Debug, PartialEq, Eq)]
pub enum Subject {
    /// A user, by name.
    User(String),
    /// The account's root.
    Root,
}

/// The user that is named, or else the caller, who has to be a user or the root.
pub fn subject(cx: &Cx, named: &Option<String>) -> Answer<Subject> {
    match (named, &cx.principal) {
        (Some(name), _) => Ok(Subject::User(name.clone())),
        (None, Principal::User { name, .. }) => Ok(Subject::User(base_name(name).to_owned())),
        (None, Principal::Root) => Ok(Subject::Root),
        (None, _) => Err(errors::name_needed()),
    }
}

/// The same where the root can't be meant.
pub fn user_name(cx: &Cx, named: &Option<String>) -> Answer<String> {
    match subject(cx, named)? {
        Subject::User(name) => Ok(name),
        Subject::Root => Err(errors::name_needed()),
    }
}

/// When the account was first seen, in whatever region.
pub fn account_since(cx: &Cx, store: &impl Read) -> Answer<Timestamp> {
    let seen = store.specs::<Touched>(Scope::Account(&cx.account))?;
    Ok(seen.iter().map(|(_, spec)| spec.at).min().unwrap_or(cx.now))
}
