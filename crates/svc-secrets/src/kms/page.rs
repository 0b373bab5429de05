//! Pages: `Limit`, `Marker`, `NextMarker`, `Truncated`.

use super::errors::invalid_marker;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
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
    let after = asked.marker.map(read).transpose()?;
    let limit = asked.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(asked.default);
    let behind = |thing: &T| after.as_ref().is_none_or(|after| name(thing) > after.as_str());
    let mut rest = things.into_iter().filter(behind).peekable();
    let things: Vec<T> = rest.by_ref().take(limit).collect();
    let more = rest.peek().is_some();
    let next_marker = things.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(name(last)));
    Ok(Page { things, next_marker, truncated: Some(more) })
}

fn read(marker: &str) -> Answer<String> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).map_err(|_| invalid_marker())?;
    String::from_utf8(bytes).map_err(|_| invalid_marker())
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
