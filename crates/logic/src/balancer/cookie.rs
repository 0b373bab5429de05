//! The stickiness cookies: `AWSALB` (a client stays with a target) and `AWSALBTG` (a client stays with a target group).
//!
//! Their values are opaque to clients, as with the real service: [sealed](crate::sealer), so that a client can neither read which targets
//! there are nor make a value up. Each has a twin for cross-origin requests, `AWSALBCORS` and `AWSALBTGCORS`, with
//! `SameSite=None`. The time for which a client sticks is in the sealed part; the cookie itself is kept for a week.
//!
//! Spec: "Edit target group attributes for your Application Load Balancer", *Duration-based stickiness*; "Target group stickiness".

use jiff::fmt::rfc2822;
use model::Timestamp;
use std::time::Duration;

/// What a cookie is about; it is part of what is sealed, so one can't be passed off as the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Stays with a target.
    Target,
    /// Stays with a target group.
    Group,
}

impl Kind {
    /// The cookie's name, and its twin's.
    pub fn names(self) -> [&'static str; 2] {
        match self {
            Self::Target => ["AWSALB", "AWSALBCORS"],
            Self::Group => ["AWSALBTG", "AWSALBTGCORS"],
        }
    }

    /// What its values are sealed for.
    pub fn purpose(self) -> &'static str {
        self.names()[0]
    }
}

/// For how long browsers keep the cookies.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// The `Set-Cookie` fields for a value: the cookie and its twin.
pub fn set_cookie(kind: Kind, value: &str, now: Timestamp, https: bool) -> [String; 2] {
    let [name, twin] = kind.names();
    let expires = http_date(now + KEPT);
    let secure = if https { "; Secure" } else { "" };
    [
        format!("{name}={value}; Expires={expires}; Path=/"),
        format!("{twin}={value}; Expires={expires}; Path=/; SameSite=None{secure}"),
    ]
}

/// The values of a kind's cookies in a `Cookie` field.
pub fn values(kind: Kind, field: &str) -> impl Iterator<Item = &str> {
    let pairs = field.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(name, _)| kind.names().contains(name)).map(|(_, value)| value)
}

/// A moment as HTTP writes it (RFC 9110, section 5.6.7).
fn http_date(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_700_000_000_000);

    #[test]
    fn cookies_as_the_real_ones() {
        let [own, twin] = set_cookie(Kind::Target, "v", NOON, true);
        assert_eq!(own, "AWSALB=v; Expires=Tue, 21 Nov 2023 22:13:20 GMT; Path=/");
        assert_eq!(twin, "AWSALBCORS=v; Expires=Tue, 21 Nov 2023 22:13:20 GMT; Path=/; SameSite=None; Secure");
        let found: Vec<_> = values(Kind::Target, "a=b; AWSALB=1;AWSALBCORS=2; AWSALBTG=3; AWSALB").collect();
        assert_eq!(found, ["1", "2"]);
    }
}
