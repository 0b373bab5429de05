//! The stickiness cookies: `AWSALB` (a client stays with a target) and `AWSALBTG` (a client stays with a target group).
//!
//! Their values are opaque to clients, as with the real service: sealed with AES-256-GCM, so that a client can neither read
//! which targets there are nor make a value up. Each has a twin for cross-origin requests, `AWSALBCORS` and `AWSALBTGCORS`, with
//! `SameSite=None`. The time for which a client sticks is in the sealed part; the cookie itself is kept for a week.
//!
//! Spec: "Edit target group attributes for your Application Load Balancer", *Duration-based stickiness*; "Target group stickiness".

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
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
}

/// For how long browsers keep the cookies.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// What seals and opens cookies.
pub struct Sealer(LessSafeKey);

impl Sealer {
    /// A sealer with a secret key.
    pub fn new(key: &[u8; 32]) -> Self {
        // A key of the right length is all that this can fail on.
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are an AES-256 key")))
    }

    /// A cookie's value: the client sticks to `to` until then. The nonce must never be used twice: random bytes.
    pub fn seal(&self, kind: Kind, to: &str, until: Timestamp, nonce: [u8; NONCE_LEN]) -> String {
        let mut sealed = [&until.0.to_be_bytes(), to.as_bytes()].concat();
        let sealing = self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(kind), &mut sealed);
        sealing.expect("a few bytes can always be sealed");
        to_hex(&[&nonce[..], &sealed].concat())
    }

    /// To what a cookie's value sticks; None if we did not make it, or its time is over.
    pub fn open(&self, kind: Kind, value: &str, now: Timestamp) -> Option<String> {
        let mut bytes = from_hex(value)?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let opened = self.0.open_in_place(Nonce::try_assume_unique_for_key(nonce).ok()?, aad(kind), sealed).ok()?;
        let (until, to) = opened.split_first_chunk::<8>()?;
        let alive = now < Timestamp(i64::from_be_bytes(*until));
        alive.then(|| String::from_utf8(to.to_vec()).ok())?
    }
}

fn aad(kind: Kind) -> Aad<&'static [u8]> {
    Aad::from(kind.names()[0].as_bytes())
}

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

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| <[u8; 2]>::try_from(pair).ok().and_then(|[high, low]| Some(digit(high)? << 4 | digit(low)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOON: Timestamp = Timestamp(1_700_000_000_000);

    fn sealer() -> Sealer {
        Sealer::new(&[7; 32])
    }

    #[test]
    fn what_was_sealed_can_be_opened_until_its_time_is_over() {
        let until = NOON + Duration::from_secs(60);
        let value = sealer().seal(Kind::Target, "arn target 10.0.0.1:80", until, [1; 12]);
        let open = |kind, at| sealer().open(kind, &value, at);
        assert_eq!(open(Kind::Target, NOON).as_deref(), Some("arn target 10.0.0.1:80"));
        assert_eq!(open(Kind::Target, until), None);
        assert_eq!(open(Kind::Group, NOON), None);
        assert_eq!(Sealer::new(&[8; 32]).open(Kind::Target, &value, NOON), None);
    }

    #[test]
    fn cookies_as_the_real_ones() {
        let [own, twin] = set_cookie(Kind::Target, "v", NOON, true);
        assert_eq!(own, "AWSALB=v; Expires=Tue, 21 Nov 2023 22:13:20 GMT; Path=/");
        assert_eq!(twin, "AWSALBCORS=v; Expires=Tue, 21 Nov 2023 22:13:20 GMT; Path=/; SameSite=None; Secure");
        let found: Vec<_> = values(Kind::Target, "a=b; AWSALB=1;AWSALBCORS=2; AWSALBTG=3; AWSALB").collect();
        assert_eq!(found, ["1", "2"]);
    }

    proptest! {
        #[test]
        fn nothing_that_was_changed_can_be_opened(at in 0usize..60, flip in 1u8..16) {
            let mut value = sealer().seal(Kind::Group, "arn", NOON + KEPT, [3; 12]).into_bytes();
            let at = at % value.len();
            let digit = char::from(value[at]).to_digit(16).unwrap() as u8 ^ flip;
            value[at] = char::from_digit(u32::from(digit), 16).unwrap() as u8;
            let changed = String::from_utf8(value).unwrap();
            prop_assert_eq!(sealer().open(Kind::Group, &changed, NOON), None);
        }

        #[test]
        fn anything_may_come(value in "\\PC{0,80}") {
            prop_assert_eq!(sealer().open(Kind::Target, &value, NOON), None);
        }
    }
}
