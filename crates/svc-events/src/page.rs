//! Pages of a list, as EventBridge and its scheduler have them.

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
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE).max(1);
    let bad_token = || Fault::client("ValidationException", "The provided pagination token is not valid.");
    front::page::page(things, token, limit, |thing| name(thing).to_owned(), bad_token)
}
