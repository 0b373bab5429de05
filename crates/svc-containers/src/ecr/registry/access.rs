//! Who asks, and which registry.

use super::super::token::{Opens, Pass, USER};
use super::errors::{self, Refusal};
use super::route::Query;
use api::ecr as sdk;
use base64::{Engine, engine::general_purpose::STANDARD};
use front::{Arrival, Cx};
use http::{header, request::Parts};
use logic::image_reference::ecr_host;
use model::{AccountId, Key, Region, Timestamp, ecr::TokenKey};
use spine::{Read, Store};

/// Somebody who is known, at a registry.
pub struct Entry {
    /// The registry's account.
    pub account: AccountId,
    /// The registry's region.
    pub region: Region,
    /// Who it is.
    pub who: Who,
}

/// Who asks.
pub enum Who {
    /// Somebody whose policies decide.
    Caller(Box<Cx>),
    /// Whoever was given the address of this one blob.
    Reader {
        /// The repository's name.
        repository: String,
        /// The blob's digest.
        digest: String,
    },
}

/// Who sends a request, and to which registry. It may be another account's than the sender's own.
pub fn enter(store: &Store, head: &Parts, query: &Query, arrival: &Arrival, now: Timestamp) -> Result<Entry, Refusal> {
    let unauthorized = || errors::unauthorized(&arrival.endpoint);
    let password = basic(head).or_else(|| query.get("password").map(str::to_owned)).ok_or_else(unauthorized)?;
    let key = store.snapshot().spec(&Key::<TokenKey>::current())?.ok_or_else(unauthorized)?;
    let Pass { registry, region, opens, .. } = Pass::open(&password, &key.secret, now).ok_or_else(unauthorized)?;
    let (holder, key) = match opens {
        Opens::Blob { repository, digest } => {
            return Ok(Entry { account: registry, region, who: Who::Reader { repository, digest } });
        }
        Opens::Root(account) => (account, None),
        Opens::Key(id) => (registry.clone(), Some(id)),
    };
    let (account, region) = ecr_host(&arrival.endpoint).unwrap_or((registry, region));
    let cx = arrival.cx(store, &sdk::SERVICE, &holder, &region, key.as_deref())?.ok_or_else(unauthorized)?;
    Ok(Entry { account, region, who: Who::Caller(Box::new(cx)) })
}

/// The password of the header `Authorization: Basic` (RFC 7617), if the user is the one that passwords are for.
fn basic(head: &Parts) -> Option<String> {
    let value = head.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    let decoded = STANDARD.decode(credentials.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    (user == USER).then(|| password.to_owned())
}
