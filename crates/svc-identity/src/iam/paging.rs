//! Pages of a list, as IAM has them.

use super::errors;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use front::Answer;

/// How many things a page has where the caller doesn't say (IAM API reference, `MaxItems`).
const DEFAULT: usize = 100;
/// How many bytes a marker can carry: it has 320 characters at most (IAM API reference, `Marker`).
const LONGEST: usize = 240;

/// What a caller asks of a page.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// `Marker`.
    pub marker: Option<&'a str>,
    /// `MaxItems`; the model has checked its bounds.
    pub max: Option<i32>,
}

/// What the members `Marker` and `MaxItems` ask.
pub fn asked(marker: &Option<String>, max: Option<i32>) -> Asked<'_> {
    Asked { marker: marker.as_deref(), max }
}

/// One page.
#[derive(Debug)]
pub struct Page<T> {
    /// What it shows.
    pub shown: Vec<T>,
    /// `IsTruncated`: whether there is more.
    pub is_truncated: Option<bool>,
    /// `Marker`, if there is more.
    pub marker: Option<String>,
}

impl<T> Page<T> {
    /// The same page of something that is made of each thing.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        let Page { shown, is_truncated, marker } = self;
        Page { shown: shown.into_iter().map(f).collect(), is_truncated, marker }
    }
}

/// One page of the things, in the order of what `name` says, which has to tell them apart.
pub fn page<T>(mut things: Vec<T>, asked: Asked<'_>, name: impl Fn(&T) -> String) -> Answer<Page<T>> {
    let limit = asked.max.and_then(|max| usize::try_from(max).ok()).unwrap_or(DEFAULT).max(1);
    let name = |thing: &T| short(name(thing));
    things.sort_by_cached_key(&name);
    let (shown, marker) = front::page::page(things, asked.marker, limit, name, || errors::validation("Invalid Marker."))?;
    Ok(Page { shown, is_truncated: Some(marker.is_some()), marker })
}

/// A name that a marker can carry: of one that is too long its beginning, and a digest.
fn short(name: String) -> String {
    if name.len() <= LONGEST {
        return name;
    }
    let digest = URL_SAFE_NO_PAD.encode(digest(&SHA256, name.as_bytes()));
    let beginning = &name[..name.floor_char_boundary(LONGEST - digest.len())];
    format!("{beginning}{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let (mut seen, mut marker) = (Vec::new(), None);
        loop {
            let found = page(vec!["c", "a", "e", "b", "d"], asked(&marker, Some(2)), |thing| thing.to_string()).unwrap();
            assert!(found.shown.len() <= 2);
            seen.extend(found.shown);
            assert_eq!(found.is_truncated, Some(found.marker.is_some()));
            marker = found.marker;
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn long_names_fit_into_markers() {
        let names: Vec<String> = (0..3).map(|n| format!("{}{n}", "ä".repeat(300))).collect();
        let (mut seen, mut marker) = (Vec::new(), None);
        for _ in &names {
            let found = page(names.clone(), asked(&marker, Some(1)), String::clone).unwrap();
            seen.extend(found.shown);
            marker = found.marker;
            assert!(marker.iter().all(|marker| marker.len() <= 320));
        }
        seen.sort();
        assert_eq!((seen, marker), (names, None));
    }

    #[test]
    fn a_marker_of_somebody_elses_is_refused() {
        let refused = page(vec!["a"], Asked { marker: Some("!"), max: None }, |thing| thing.to_string());
        assert_eq!(refused.unwrap_err().code, "ValidationError");
    }
}
