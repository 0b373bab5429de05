//! URIs: percent-encoding, query strings and forms, and the patterns by which REST operations are found.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What RFC 3986 calls unreserved stays as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Undoes percent-encoding; none where the bytes aren't UTF-8.
pub fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned())
}

/// Percent-encodes everything that isn't unreserved.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The parameters of a query string or form, in their order; a name without `=` has an empty value. None where one isn't UTF-8.
pub fn parameters(text: &str) -> Option<Vec<(String, String)>> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(&name.replace('+', " "))?, decode(&value.replace('+', " "))?))
        })
        .collect()
}

/// A URI pattern of a model, such as `/{Bucket}/{Key+}?tagging&x-id=GetObjectTagging`.
pub struct Pattern<'a> {
    segments: Vec<&'a str>,
    literals: Vec<(&'a str, Option<&'a str>)>,
}

/// How closely a pattern fits a request: literals before labels before greedy labels, from the left; then query literals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fit {
    segments: Vec<u8>,
    literals: usize,
}

impl<'a> Pattern<'a> {
    /// Reads a pattern.
    pub fn new(uri: &'a str) -> Self {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let literals = query.split('&').filter(|literal| !literal.is_empty());
        Self { segments: segments(path), literals: literals.map(literal).collect() }
    }

    /// How the pattern fits the path and the parameters; none where it doesn't.
    pub fn fit(&self, path: &str, parameters: &[(String, String)]) -> Option<Fit> {
        let present = |(name, value): &(&str, Option<&str>)| {
            parameters.iter().any(|(key, given)| key == name && value.is_none_or(|value| value == given))
        };
        let ranks = self.bind(path)?.into_iter().map(|(rank, _)| rank).collect();
        self.literals.iter().all(present).then_some(Fit { segments: ranks, literals: self.literals.len() })
    }

    /// The labels with their values as they stand in the path, percent-encoded.
    pub fn labels<'p>(&self, path: &'p str) -> Vec<(&'a str, String)>
    where
        'a: 'p,
    {
        self.bind(path).unwrap_or_default().into_iter().filter_map(|(_, label)| label).collect()
    }

    /// Each segment's rank, and its label where it is one. A greedy label takes what the segments behind it leave.
    #[allow(clippy::type_complexity)]
    fn bind(&self, path: &str) -> Option<Vec<(u8, Option<(&'a str, String)>)>> {
        let greedy = self.segments.iter().position(|segment| segment.ends_with("+}"));
        let given = if greedy.is_some() { path.split('/').skip(1).collect() } else { segments(path) };
        let surplus = given.len().checked_sub(self.segments.len())?;
        if surplus > 0 && greedy.is_none() {
            return None;
        }
        let mut ahead = given.as_slice();
        let mut bound = Vec::with_capacity(self.segments.len());
        for (at, segment) in self.segments.iter().enumerate() {
            let (taken, rest) = ahead.split_at(if greedy == Some(at) { surplus + 1 } else { 1 });
            ahead = rest;
            bound.push(bind_segment(segment, &taken.join("/"))?);
        }
        Some(bound)
    }
}

fn bind_segment<'a>(segment: &'a str, given: &str) -> Option<(u8, Option<(&'a str, String)>)> {
    match segment.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
        None => (decode(given)? == segment).then_some((2, None)),
        Some(_) if given.is_empty() => None,
        Some(label) => match label.strip_suffix('+') {
            Some(label) => Some((0, Some((label, given.to_owned())))),
            None => Some((1, Some((label, given.to_owned())))),
        },
    }
}

/// The segments of a path; a slash at its end doesn't count.
fn segments(path: &str) -> Vec<&str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() { Vec::new() } else { path.split('/').collect() }
}

fn literal(text: &str) -> (&str, Option<&str>) {
    match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, path: &str, query: &str) -> bool {
        Pattern::new(pattern).fit(path, &parameters(query).unwrap()).is_some()
    }

    #[test]
    fn patterns_fit_what_they_say() {
        assert!(fits("/", "/", ""));
        assert!(fits("/2015-03-31/functions/", "/2015-03-31/functions", ""));
        assert!(fits("/{Bucket}", "/photos/", ""));
        assert!(fits("/{Bucket}?acl", "/photos", "acl"));
        assert!(fits("/a/{Key+}/b", "/a/1/2/3/b", ""));
        assert!(fits("/{Key+}", "/a//b/", ""));
        assert!(!fits("/{Bucket}?acl", "/photos", ""));
        assert!(!fits("/x?a=1", "/x", "a=2"));
        assert!(!fits("/{Bucket}", "/", ""));
        assert!(!fits("/{Bucket}", "/a/b", ""));
        assert!(!fits("/a/{Key+}/b", "/a/b", ""));
    }

    #[test]
    fn the_closer_pattern_wins() {
        let closest = |patterns: &[&'static str], path: &str, query: &str| {
            let given = parameters(query).unwrap();
            let fit = |pattern: &&&str| Pattern::new(pattern).fit(path, &given);
            patterns.iter().filter(|it| fit(it).is_some()).max_by_key(|it| fit(it)).copied()
        };
        let patterns = ["/{a}/{b+}", "/x/{b}", "/{a}/y", "/x/y", "/x/{b}?q"];
        assert_eq!(closest(&patterns, "/x/y", ""), Some("/x/y"));
        assert_eq!(closest(&patterns, "/x/z", ""), Some("/x/{b}"));
        assert_eq!(closest(&patterns, "/x/z", "q"), Some("/x/{b}?q"));
        assert_eq!(closest(&patterns, "/z/y", ""), Some("/{a}/y"));
        assert_eq!(closest(&patterns, "/z/1/2", ""), Some("/{a}/{b+}"));
        assert_eq!(closest(&patterns, "/", ""), None);
    }

    #[test]
    fn labels_are_taken_as_sent() {
        let labels = Pattern::new("/{Bucket}/{Key+}").labels("/b/a%2Fb//c");
        assert_eq!(labels, [("Bucket", "b".to_owned()), ("Key", "a%2Fb//c".to_owned())]);
    }

    #[test]
    fn forms_are_decoded() {
        let expected = [("a b", "c&d"), ("e", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parameters("a+b=c%26d&&e").unwrap(), expected);
        assert_eq!(parameters("a=%FF"), None);
    }
}
