//! Pages of a list: a token names the last thing that was shown, so that what comes and goes meanwhile disturbs nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use wire::Fault;

/// How many things a page has where the caller doesn't say, and at most.
pub const PAGE: usize = 100;

/// One page of `things`, which are ordered by `name`, and the token of the next one.
///
/// # Errors
/// `ValidationException` of a token that no page has given.
pub fn page<T>(
    things: Vec<T>,
    name: impl Fn(&T) -> &str,
    token: Option<&str>,
    limit: Option<i32>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let after = token.map(decode).transpose()?;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE).max(1);
    let mut rest = things.into_iter().filter(|thing| after.as_ref().is_none_or(|after| name(thing) > after.as_str()));
    let shown: Vec<T> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let token = shown.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(name(last)));
    Ok((shown, token))
}

fn decode(token: &str) -> Result<String, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| Fault::client("ValidationException", "The provided pagination token is not valid."))
}
