//! Pages: `MaxItems`, `Marker`, `NextMarker`.

use super::errors::invalid_marker;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use front::Answer;

/// What is asked for.
pub struct Asked<'a> {
    /// `MaxItems`; the model has checked its bounds.
    pub most: Option<i32>,
    /// `Marker`.
    pub marker: Option<&'a str>,
}

/// A page is this long at most, whatever is asked for (Lambda API reference, `MaxItems`).
const LONGEST: usize = 50;

/// One page of things that come in the order of their names, and the marker of the next one.
pub fn page<T>(things: Vec<T>, asked: &Asked<'_>, name: impl Fn(&T) -> String) -> Answer<(Vec<T>, Option<String>)> {
    let after = asked.marker.filter(|marker| !marker.is_empty()).map(read).transpose()?;
    let limit = asked.most.and_then(|most| usize::try_from(most).ok()).unwrap_or(LONGEST).clamp(1, LONGEST);
    let mut rest = things.into_iter().filter(|thing| after.as_ref().is_none_or(|after| name(thing) > *after));
    let shown: Vec<T> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let next = shown.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(name(last)));
    Ok((shown, next))
}

fn read(marker: &str) -> Answer<String> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).map_err(|_| invalid_marker())?;
    String::from_utf8(bytes).map_err(|_| invalid_marker())
}

/// A number as a name whose order is that of numbers; `$LATEST` is before all of them.
pub fn by_number(version: &str) -> String {
    format!("{version:0>20}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let of = |marker: Option<&str>| page(vec!["a", "b", "c"], &Asked { most: Some(2), marker }, |it| (*it).to_owned());
        let (first, next) = of(None).unwrap();
        assert_eq!(first, ["a", "b"]);
        assert_eq!(of(next.as_deref()).unwrap(), (vec!["c"], None));
        assert!(of(Some("?")).is_err());
    }

    #[test]
    fn versions_are_in_the_order_of_their_numbers() {
        let mut versions = ["10", "9", "$LATEST", "1"];
        versions.sort_by_key(|version| by_number(version));
        assert_eq!(versions, ["$LATEST", "1", "9", "10"]);
    }
}
