//! A data key as it is kept beside what it seals.

use aws_lc_rs::aead::NONCE_LEN;
use logic::{kms::EncryptionContext, sealer::Sealer};
use std::sync::Arc;

const OWNED: u8 = 1;
const KMS: u8 = 2;

/// What a kept data key says.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrapped<'a> {
    /// Sealed by SQS's own key.
    Owned {
        /// Of this sealing alone.
        nonce: [u8; NONCE_LEN],
        /// The data key, and its tag.
        sealed: &'a [u8],
    },
    /// Encrypted by KMS, for the queue of that ARN.
    Kms {
        /// The queue that it was made for.
        queue: &'a str,
        /// What KMS made of it.
        ciphertext: &'a [u8],
    },
}

impl<'a> Wrapped<'a> {
    /// Reads a kept data key; none if it is nothing of the kind.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&OWNED, rest) => rest.split_first_chunk().map(|(nonce, sealed)| Self::Owned { nonce: *nonce, sealed }),
            (&KMS, rest) => {
                let (length, rest) = rest.split_first_chunk()?;
                let (queue, ciphertext) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
                Some(Self::Kms { queue: std::str::from_utf8(queue).ok()?, ciphertext })
            }
            _ => None,
        }
    }

    /// As it is kept.
    pub fn bytes(&self) -> Arc<[u8]> {
        match self {
            Self::Owned { nonce, sealed } => [&[OWNED][..], nonce, sealed].concat().into(),
            Self::Kms { queue, ciphertext } => {
                let length = u16::try_from(queue.len()).unwrap_or(u16::MAX).to_be_bytes();
                [&[KMS][..], &length, queue.as_bytes(), ciphertext].concat().into()
            }
        }
    }
}

/// A data key, sealed by SQS's own key. The nonce must never be used twice: random bytes.
pub fn seal_by_owned(own: &[u8], data_key: Vec<u8>, nonce: [u8; NONCE_LEN]) -> Option<Arc<[u8]>> {
    let sealed = Sealer::of(own)?.seal_bytes(b"", data_key, nonce);
    Some(Wrapped::Owned { nonce, sealed: &sealed[NONCE_LEN..] }.bytes())
}

/// The data key that SQS's own key has sealed; none if it was another one.
pub fn open_by_owned(own: &[u8], nonce: [u8; NONCE_LEN], sealed: &[u8]) -> Option<Vec<u8>> {
    Sealer::of(own)?.open_bytes(b"", [&nonce[..], sealed].concat())
}

/// What KMS's ciphertexts of data keys are bound to.
pub fn context(queue: &str) -> EncryptionContext {
    EncryptionContext::from([("aws:sqs:arn".to_owned(), queue.to_owned())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        for kept in [Wrapped::Owned { nonce: [1; 12], sealed: b"key" }, Wrapped::Kms { queue: "arn", ciphertext: b"text" }] {
            assert_eq!(Wrapped::parse(&kept.bytes()), Some(kept));
        }
        for junk in [&b""[..], b"\x01short", b"\x02", b"\x02\x00\x09arn", b"\x03rest of it"] {
            assert_eq!(Wrapped::parse(junk), None);
        }
    }

    #[test]
    fn the_own_key_opens_what_it_has_sealed() {
        let kept = seal_by_owned(&[1; 32], vec![7; 32], [2; 12]).unwrap();
        let Some(Wrapped::Owned { nonce, sealed }) = Wrapped::parse(&kept) else { panic!("it isn't kept so") };
        assert_eq!(open_by_owned(&[1; 32], nonce, sealed), Some(vec![7; 32]));
        assert_eq!(open_by_owned(&[2; 32], nonce, sealed), None);
    }
}
