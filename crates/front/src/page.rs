//! Pages of a list: a token names the last thing that was shown, so that what comes and goes meanwhile disturbs nothing.
//!
//! How many things a page has, and in which words a token is refused, is each service's own.

use crate::Answer;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use wire::Fault;

/// What a page shows, and the token of the next one, if there is more.
pub type Page<T> = (Vec<T>, Option<String>);

/// At most `limit` of the things, which are in the order of `name`: those behind the one that the token names.
///
/// # Errors
/// `bad_token`, if no page can have given the token.
pub fn page<T>(
    things: Vec<T>,
    token: Option<&str>,
    limit: usize,
    name: impl Fn(&T) -> String,
    bad_token: impl FnOnce() -> Fault,
) -> Answer<Page<T>> {
    let after = match token {
        Some(token) => Some(read(token).ok_or_else(bad_token)?),
        None => None,
    };
    let mut rest = things.into_iter().filter(|thing| after.as_ref().is_none_or(|after| name(thing) > *after));
    let shown: Vec<T> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let next = shown.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(name(last)));
    Ok((shown, next))
}

fn read(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}
