//! Pages of a list: a token names the last thing that was shown.

use super::errors::{bad_max_results, bad_token};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use front::Answer;

/// How many things a page has where the caller doesn't say, and at most.
const USUAL: usize = 100;
const MOST: usize = 500;

/// Things with their ids, and the token of the next page.
pub type Page<T> = (Vec<(String, T)>, Option<String>);

/// One page of things in the order of their ids, and the token of the next one.
pub fn page<T>(things: Vec<(String, T)>, max: Option<&str>, token: Option<&str>) -> Answer<Page<T>> {
    let after = token.map(decode).transpose()?;
    let limit = max.map(|max| max.parse::<usize>().map_err(|_| bad_max_results())).transpose()?.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(bad_max_results());
    }
    let mut rest = things.into_iter().filter(|(id, _)| after.as_ref().is_none_or(|after| id > after));
    let shown: Vec<_> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let token = shown.last().filter(|_| more).map(|(id, _)| URL_SAFE_NO_PAD.encode(id));
    Ok((shown, token))
}

fn decode(token: &str) -> Answer<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(bad_token)
}
