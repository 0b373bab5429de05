//! Pages of queues.

use super::super::errors;
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
    let limit = usize::try_from(max.unwrap_or(MOST)).unwrap_or(1);
    let bad_token = || errors::invalid(token.unwrap_or_default(), "NextToken", "Invalid or expired next token.");
    let (shown, next) = front::page::page(names, token, limit, String::clone, bad_token)?;
    Ok((shown, next.filter(|_| max.is_some())))
}
