//! Pages of queues: a token names the last one that was shown, so that what comes and goes meanwhile disturbs nothing.

use super::super::errors;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use front::Answer;

/// The most that a page has.
const MOST: i32 = 1000;

/// One page of names, which are in order, and the token of the next one. Without `MaxResults` there is no next one (API reference,
/// `ListQueues`).
pub fn page(names: Vec<String>, token: Option<&str>, max: Option<i32>) -> Answer<(Vec<String>, Option<String>)> {
    if let Some(max) = max.filter(|max| !(1..=MOST).contains(max)) {
        return Err(errors::invalid(max, "MaxResults", "MaxResults must be an integer between 1 and 1000."));
    }
    if token.is_some() && max.is_none() {
        return Err(errors::missing("MaxResults"));
    }
    let after = token.map(decode).transpose()?;
    let limit = usize::try_from(max.unwrap_or(MOST)).unwrap_or(1);
    let mut rest = names.into_iter().filter(|name| after.as_ref().is_none_or(|after| name > after));
    let shown: Vec<String> = rest.by_ref().take(limit).collect();
    let more = max.is_some() && rest.next().is_some();
    let token = shown.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(last));
    Ok((shown, token))
}

fn decode(token: &str) -> Answer<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let bad = || errors::invalid(token, "NextToken", "Invalid or expired next token.");
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(bad)
}
