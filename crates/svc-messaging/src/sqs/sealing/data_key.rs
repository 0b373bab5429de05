//! Data keys at work: AES-256-GCM. Pure but for counting.
//!
//! A key that was made here seals with nonces that it counts; one that was read seals nothing, so that no nonce is ever used twice.

use super::super::mail::Sealed;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How many bytes a data key has.
pub const LENGTH: usize = 32;

/// Opens what its data key has sealed.
pub struct OpeningKey(LessSafeKey);

impl OpeningKey {
    /// Of a data key's bytes; none if they are not as many.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        Some(Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).ok()?)))
    }

    /// What was sealed; none if it was sealed with another key, or changed since.
    pub fn open(&self, sealed: Sealed) -> Option<Vec<u8>> {
        let Sealed { data_key, nonce, mut bytes } = sealed;
        let length = self.0.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(&*data_key), &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}

/// A data key that was made here.
pub struct SealingKey {
    key: OpeningKey,
    /// As it is kept.
    wrapped: Arc<[u8]>,
    next: AtomicU64,
}

impl SealingKey {
    /// A new key, and how it is kept; none if it hasn't the right length.
    pub fn new(bytes: &[u8], wrapped: Arc<[u8]>) -> Option<Self> {
        Some(Self { key: OpeningKey::new(bytes)?, wrapped, next: AtomicU64::new(0) })
    }

    /// Seals bytes; none if they are too many for AES-GCM, which no message's are.
    pub fn seal(&self, mut bytes: Vec<u8>) -> Option<Sealed> {
        let mut nonce = [0; NONCE_LEN];
        nonce[NONCE_LEN - 8..].copy_from_slice(&self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let aad = Aad::from(&*self.wrapped);
        self.key.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut bytes).ok()?;
        Some(Sealed { data_key: self.wrapped.clone(), nonce, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_is_opened_by_its_key_and_no_other() {
        let key = SealingKey::new(&[7; LENGTH], Arc::from(&b"wrapped"[..])).unwrap();
        let (first, second) = (key.seal(b"text".to_vec()).unwrap(), key.seal(b"text".to_vec()).unwrap());
        assert!(first.nonce != second.nonce && first.bytes != second.bytes);
        let open = |bytes: u8, sealed: &Sealed| OpeningKey::new(&[bytes; LENGTH]).unwrap().open(sealed.clone());
        assert_eq!((open(7, &first).as_deref(), open(7, &second).as_deref()), (Some(&b"text"[..]), Some(&b"text"[..])));
        assert_eq!(open(8, &first), None);
        let elsewhere = Sealed { data_key: Arc::from(&b"other"[..]), ..first.clone() };
        assert_eq!(open(7, &elsewhere), None);
        assert!(OpeningKey::new(&[7; 16]).is_none());
    }
}
