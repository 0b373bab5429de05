//! Paths of requests: pieces between slashes, percent encoding, and the stage that a path may begin with.

use percent_encoding::percent_decode_str;

/// The stage that serves what no other stage's name begins.
pub const DEFAULT_STAGE: &str = "$default";

/// The stage that a request is for, and the path that is left for its routes: `/prod/pets` is `/pets` of `prod` if there is such a stage, else
/// all of it is `$default`'s (developer guide, "Stages for HTTP APIs").
pub fn stage(path: &str, exists: impl Fn(&str) -> bool) -> Option<(String, &str)> {
    let rest = path.strip_prefix('/').unwrap_or(path);
    let end = rest.find('/').unwrap_or(rest.len());
    let first = decoded(&rest[..end]);
    if !first.is_empty() && first != DEFAULT_STAGE && exists(&first) {
        return Some((first, if end == rest.len() { "/" } else { &rest[end..] }));
    }
    exists(DEFAULT_STAGE).then(|| (DEFAULT_STAGE.to_owned(), path))
}

/// The pieces of a path, as they were sent. The root has none.
pub fn pieces(path: &str) -> Vec<&str> {
    match path.strip_prefix('/').unwrap_or(path) {
        "" => Vec::new(),
        rest => rest.split('/').collect(),
    }
}

/// A text without its percent encoding; what isn't UTF-8 then is replaced.
pub fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The names and values of a query string in their order, decoded; a plus is a space.
pub fn query(text: &str) -> Vec<(String, String)> {
    let plain = |text: &str| decoded(&text.replace('+', " "));
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (plain(name), plain(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_the_first_piece_if_it_is_one() {
        let with = |names: &'static [&'static str]| move |name: &str| names.contains(&name);
        let both = with(&["$default", "prod"]);
        assert_eq!(stage("/prod/pets", both), Some(("prod".into(), "/pets")));
        assert_eq!(stage("/prod", both), Some(("prod".into(), "/")));
        assert_eq!(stage("/prod/", both), Some(("prod".into(), "/")));
        assert_eq!(stage("/production", both), Some(("$default".into(), "/production")));
        assert_eq!(stage("/", both), Some(("$default".into(), "/")));
        assert_eq!(stage("/$default/x", both), Some(("$default".into(), "/$default/x")));
        assert_eq!(stage("/dev/x", with(&["prod"])), None);
    }

    #[test]
    fn queries_are_decoded() {
        let pairs = |text| query(text).into_iter().map(|(a, b)| format!("{a}={b}")).collect::<Vec<_>>();
        assert_eq!(pairs("a=1&b=2%263&c&=x&a=x+y"), ["a=1", "b=2&3", "c=", "=x", "a=x y"]);
        assert!(query("").is_empty());
    }
}
