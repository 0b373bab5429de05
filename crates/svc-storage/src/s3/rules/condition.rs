//! Conditional requests (RFC 9110, section 13; Amazon S3 user guide, "Add preconditions to S3 operations").

use model::Timestamp;

/// The conditions of a request that reads.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions<'a> {
    /// `If-Match`.
    pub matches: Option<&'a str>,
    /// `If-None-Match`.
    pub none_matches: Option<&'a str>,
    /// `If-Modified-Since`.
    pub modified_since: Option<Timestamp>,
    /// `If-Unmodified-Since`.
    pub unmodified_since: Option<Timestamp>,
}

/// What came of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They hold.
    Hold,
    /// What the client has is still so: 304.
    NotModified,
    /// That one doesn't hold: 412.
    Fails(&'static str),
}

/// Holds conditions against a content. An ETag stands before the time where both are given.
pub fn check(conditions: &Conditions<'_>, etag: &str, modified: Timestamp) -> Outcome {
    // Dates in headers have no fractions of seconds.
    let second = |time: Timestamp| time.0.div_euclid(1000);
    match (conditions.matches, conditions.unmodified_since) {
        (Some(list), _) if !names(list, etag) => return Outcome::Fails("If-Match"),
        (None, Some(since)) if second(modified) > second(since) => return Outcome::Fails("If-Unmodified-Since"),
        _ => {}
    }
    match (conditions.none_matches, conditions.modified_since) {
        (Some(list), _) if names(list, etag) => Outcome::NotModified,
        (None, Some(since)) if second(modified) <= second(since) => Outcome::NotModified,
        _ => Outcome::Hold,
    }
}

/// Whether a list of ETags names that one, or all.
pub fn names(list: &str, etag: &str) -> bool {
    let plain = |text: &str| text.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    list.split(',').any(|one| one.trim() == "*" || plain(one) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_stands_before_a_time() {
        let at = |second: i64| Timestamp(second * 1000);
        let check = |conditions: Conditions<'_>| check(&conditions, "e", Timestamp(5500));
        assert_eq!(check(Conditions::default()), Outcome::Hold);
        assert_eq!(check(Conditions { matches: Some("\"x\""), ..Default::default() }), Outcome::Fails("If-Match"));
        assert_eq!(
            check(Conditions { matches: Some("\"e\""), unmodified_since: Some(at(1)), ..Default::default() }),
            Outcome::Hold
        );
        assert_eq!(check(Conditions { unmodified_since: Some(at(5)), ..Default::default() }), Outcome::Hold);
        assert_eq!(
            check(Conditions { unmodified_since: Some(at(4)), ..Default::default() }),
            Outcome::Fails("If-Unmodified-Since")
        );
        assert_eq!(check(Conditions { none_matches: Some("\"a\", \"e\""), ..Default::default() }), Outcome::NotModified);
        assert_eq!(
            check(Conditions { none_matches: Some("a"), modified_since: Some(at(9)), ..Default::default() }),
            Outcome::Hold
        );
        assert_eq!(check(Conditions { modified_since: Some(at(5)), ..Default::default() }), Outcome::NotModified);
        assert_eq!(check(Conditions { modified_since: Some(at(4)), ..Default::default() }), Outcome::Hold);
    }
}
