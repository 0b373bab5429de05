//! Policy documents: what is accepted as one, how big it is, and how it travels.

use super::errors;
use front::Answer;
use logic::policy::{Kind, Malformed, Policy};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 3986, section 2.3, doesn't leave as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How many characters a managed policy may have, white space not counted (IAM user guide, "IAM and AWS STS character limits").
pub const LONGEST_MANAGED: usize = 6144;

/// Refuses what is no policy of an identity.
pub fn check_identity(document: &str) -> Answer<()> {
    check(document, Kind::Identity)
}

/// Refuses what can't be a managed policy.
pub fn check_managed(document: &str) -> Answer<()> {
    check_identity(document)?;
    if size(document) > LONGEST_MANAGED { Err(errors::quota("PolicySize", LONGEST_MANAGED)) } else { Ok(()) }
}

/// Refuses what is no policy of that kind, with IAM's words and with what exactly is wrong.
pub fn check(document: &str, kind: Kind) -> Answer<()> {
    let wrong = |Malformed { message, detail }| match detail {
        Some(detail) => errors::malformed_policy(format!("{message} ({detail})")),
        None => errors::malformed_policy(message),
    };
    Policy::parse(document, kind).map(drop).map_err(wrong)
}

/// How much a document counts against a quota: its characters but for white space (IAM user guide, "IAM and AWS STS character
/// limits").
pub fn size(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// As answers carry it: percent-encoded (IAM API reference, `GetUserPolicy`: "compliant with RFC 3986").
pub fn encoded(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_counts_for_nothing() {
        assert_eq!(size("{ \"a\":\n\t1 }"), 7);
    }

    #[test]
    fn answers_leave_only_unreserved_characters() {
        assert_eq!(encoded("{\"a\": \"*-._~/\"}"), "%7B%22a%22%3A%20%22%2A-._~%2F%22%7D");
    }
}
