//! What is sealed under a secret key: values that are given away and come back, which a client can neither read nor change, nor make up; and
//! keys that are kept.
//!
//! Sealed with AES-256-GCM, the nonce in front. What a value was made for is part of what is sealed, so that one can't be passed off as another.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use model::Timestamp;

/// Seals and opens values.
pub struct Sealer(LessSafeKey);

impl Sealer {
    /// A sealer with a secret key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self::of(key).expect("32 bytes are an AES-256 key")
    }

    /// One with a key of so many bytes; none if they aren't 32.
    pub fn of(key: &[u8]) -> Option<Self> {
        Some(Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?)))
    }

    /// Bytes, sealed, behind their nonce, which must never be used twice: random bytes.
    pub fn seal_bytes(&self, purpose: &[u8], mut bytes: Vec<u8>, nonce: [u8; NONCE_LEN]) -> Vec<u8> {
        let sealing = self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(purpose), &mut bytes);
        sealing.expect("what fits into memory can be sealed");
        [&nonce[..], &bytes].concat()
    }

    /// The bytes that were sealed; none if they were sealed by another key or for something else, or changed since.
    pub fn open_bytes(&self, purpose: &[u8], mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        self.0.open_in_place(nonce, Aad::from(purpose), sealed).ok().map(|opened| opened.to_vec())
    }

    /// A value, in hexadecimal digits, that means `text` until then. The nonce must never be used twice: random bytes.
    pub fn seal(&self, purpose: &'static str, text: &str, until: Timestamp, nonce: [u8; NONCE_LEN]) -> String {
        to_hex(&self.seal_bytes(purpose.as_bytes(), [&until.0.to_be_bytes(), text.as_bytes()].concat(), nonce))
    }

    /// What a value means; None if we did not make it, it was made for something else, or its time is over.
    pub fn open(&self, purpose: &'static str, value: &str, now: Timestamp) -> Option<String> {
        let opened = self.open_bytes(purpose.as_bytes(), from_hex(value)?)?;
        let (until, text) = opened.split_first_chunk::<8>()?;
        let alive = now < Timestamp(i64::from_be_bytes(*until));
        alive.then(|| String::from_utf8(text.to_vec()).ok())?
    }
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| <[u8; 2]>::try_from(pair).ok().and_then(|[high, low]| Some(digit(high)? << 4 | digit(low)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const NOON: Timestamp = Timestamp(1_700_000_000_000);
    const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

    fn sealer() -> Sealer {
        Sealer::new(&[7; 32])
    }

    #[test]
    fn what_was_sealed_can_be_opened_until_its_time_is_over() {
        let until = NOON + Duration::from_secs(60);
        let value = sealer().seal("one", "arn target 10.0.0.1:80", until, [1; 12]);
        let open = |purpose, at| sealer().open(purpose, &value, at);
        assert_eq!(open("one", NOON).as_deref(), Some("arn target 10.0.0.1:80"));
        assert_eq!(open("one", until), None);
        assert_eq!(open("other", NOON), None);
        assert_eq!(Sealer::new(&[8; 32]).open("one", &value, NOON), None);
    }

    proptest! {
        #[test]
        fn nothing_that_was_changed_can_be_opened(at in 0usize..60, flip in 1u8..16) {
            let mut value = sealer().seal("one", "arn", NOON + WEEK, [3; 12]).into_bytes();
            let at = at % value.len();
            let digit = char::from(value[at]).to_digit(16).unwrap() as u8 ^ flip;
            value[at] = char::from_digit(u32::from(digit), 16).unwrap() as u8;
            let changed = String::from_utf8(value).unwrap();
            prop_assert_eq!(sealer().open("one", &changed, NOON), None);
        }

        #[test]
        fn anything_may_come(value in "\\PC{0,80}") {
            prop_assert_eq!(sealer().open("one", &value, NOON), None);
        }
    }
}
