//! Pages of a list: a token names the last thing that was shown, so that what comes and goes meanwhile disturbs nothing.

use super::errors::bad_token;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use wire::Fault;

/// What a caller asks of a page.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// `NextToken`.
    pub token: Option<&'a str>,
    /// `MaxResults`; the model has checked its bounds.
    pub max: Option<i32>,
    /// How many things a page has where the caller doesn't say.
    pub usual: usize,
}

/// One page of `things`, which are ordered by `name`, and the token of the next one.
pub fn page<T>(things: Vec<T>, asked: Asked<'_>, name: impl Fn(&T) -> String) -> Result<(Vec<T>, Option<String>), Fault> {
    let after = asked.token.map(decode).transpose()?;
    let limit = asked.max.and_then(|max| usize::try_from(max).ok()).unwrap_or(asked.usual).max(1);
    let mut rest = things.into_iter().filter(|thing| after.as_ref().is_none_or(|after| name(thing) > *after));
    let shown: Vec<T> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let token = shown.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(name(last)));
    Ok((shown, token))
}

fn decode(token: &str) -> Result<String, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(bad_token)
}
