//! Pages: `Limit`, `Marker`, `NextMarker`, `Truncated`.

use super::errors::invalid_marker;
use front::Answer;

/// What is asked for.
pub(super) struct Asked<'a> {
    pub(super) limit: Option<i32>,
    pub(super) marker: Option<&'a str>,
    /// The limit where none is asked for.
    pub(super) default: usize,
}

/// A page of things.
pub(super) struct Page<T> {
    pub(super) things: Vec<T>,
    pub(super) next_marker: Option<String>,
    pub(super) truncated: Option<bool>,
}

/// One page of things that come in the order of their names: those behind the marker's.
pub(super) fn page<T>(things: Vec<T>, name: impl Fn(&T) -> &str, asked: &Asked<'_>) -> Answer<Page<T>> {
    let limit = asked.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(asked.default);
    let (things, next_marker) = front::page::page(things, asked.marker, limit, |thing| name(thing).to_owned(), invalid_marker)?;
    Ok(Page { things, truncated: Some(next_marker.is_some()), next_marker })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let all = || vec!["a", "b", "c"];
        let of = |marker: Option<&str>| page(all(), |it| it, &Asked { limit: Some(2), marker, default: 50 });
        let first = of(None).unwrap();
        assert_eq!((first.things, first.truncated), (vec!["a", "b"], Some(true)));
        let last = of(first.next_marker.as_deref()).unwrap();
        assert_eq!((last.things, last.truncated, last.next_marker), (vec!["c"], Some(false), None));
        assert!(of(Some("?")).is_err());
    }
}
