//! Pages of a list, as Systems Manager has them.

use super::errors::bad_token;
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
    let limit = asked.max.and_then(|max| usize::try_from(max).ok()).unwrap_or(asked.usual).max(1);
    front::page::page(things, asked.token, limit, name, bad_token)
}
