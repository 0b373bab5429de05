//! Who may enter which registry.

use super::super::token::{Pass, USER};
use super::errors::{self, Refusal};
use super::route::Query;
use base64::{Engine, engine::general_purpose::STANDARD};
use front::Arrival;
use http::{header, request::Parts};
use logic::image_reference::ecr_host;
use model::{AccountId, Key, Region, Timestamp, ecr::TokenKey};
use spine::{Read, Store};

/// The account and the region of the registry that a request is for, which it may use.
pub fn enter(
    store: &Store,
    head: &Parts,
    query: &Query,
    arrival: &Arrival,
    now: Timestamp,
) -> Result<(AccountId, Region), Refusal> {
    let unauthorized = || errors::unauthorized(&arrival.endpoint);
    let password = basic(head).or_else(|| query.get("password").map(str::to_owned)).ok_or_else(unauthorized)?;
    let key = store.snapshot().spec(&Key::<TokenKey>::current())?.ok_or_else(unauthorized)?;
    let pass = Pass::open(&password, &key.secret, now).ok_or_else(unauthorized)?;
    match ecr_host(&arrival.endpoint) {
        Some((account, _)) if account != pass.account => Err(errors::denied()),
        Some((account, region)) => Ok((account, region)),
        None => Ok((pass.account, pass.region)),
    }
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
