//! Pages: `MaxItems`, `Marker`, `NextMarker`.

use super::errors::invalid_marker;
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
    let marker = asked.marker.filter(|marker| !marker.is_empty());
    let limit = asked.most.and_then(|most| usize::try_from(most).ok()).unwrap_or(LONGEST).clamp(1, LONGEST);
    front::page::page(things, marker, limit, name, invalid_marker)
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
