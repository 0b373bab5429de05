//! How the bytes of blobs stand on the disk: encrypted in chunks, so that a range is read without what is before and behind it.
//!
//! ```text
//! a content's key ── HMAC-SHA256 of the blob's id ──► the blob's key
//! a blob:   chunk 0, tag │ chunk 1, tag │ …        64 KiB each but the last, AES-256-GCM, the chunk's number as the nonce
//! ```
//!
//! Each blob has a key of its own, and is written once and never changed: no key meets a nonce twice. How many bytes a blob has, the
//! record tells that refers to it, so that one that was cut short isn't taken for whole.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use model::Env;
use std::{fmt, io, sync::Arc};

/// The bytes of a chunk before they are encrypted.
pub const CHUNK: usize = 64 << 10;
/// What encryption adds to a chunk.
const TAG: usize = 16;
/// The bytes of a chunk on the disk.
pub const STORED: usize = CHUNK + TAG;

/// The key of a content, from which those of its blobs follow.
#[derive(Clone)]
pub struct ContentKey([u8; 32]);

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey")
    }
}

impl ContentKey {
    /// A new one.
    pub fn new(env: &Env) -> Self {
        Self(env.bytes())
    }

    /// The one of these bytes; none if they aren't 32.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes, for sealing.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What encrypts the blob of that id.
    pub fn cipher(&self, blob: &str) -> Cipher {
        let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), blob.as_bytes());
        let key = UnboundKey::new(&AES_256_GCM, key.as_ref()).expect("HMAC-SHA256 has the 32 bytes of an AES-256 key");
        Cipher(Arc::new(LessSafeKey::new(key)))
    }
}

/// Encrypts and decrypts the chunks of one blob.
#[derive(Clone)]
pub struct Cipher(Arc<LessSafeKey>);

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher")
    }
}

impl Cipher {
    /// Appends a chunk as it stands on the disk. Each number is used once.
    ///
    /// # Errors
    /// Never for what fits into memory.
    pub fn seal(&self, number: u64, chunk: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let start = out.len();
        out.extend_from_slice(chunk);
        let tag = self.0.seal_in_place_separate_tag(nonce(number), Aad::empty(), &mut out[start..]);
        out.extend_from_slice(tag.map_err(|_| io::Error::other("a chunk could not be encrypted"))?.as_ref());
        Ok(())
    }

    /// Decrypts a chunk where it stands, and says how many bytes it has.
    ///
    /// # Errors
    /// That these aren't the bytes that were written.
    pub fn open(&self, number: u64, stored: &mut [u8]) -> io::Result<usize> {
        let opened = self.0.open_in_place(nonce(number), Aad::empty(), stored);
        Ok(opened.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the bytes of a blob were changed on the disk"))?.len())
    }
}

fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[NONCE_LEN - 8..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_opened_by_its_blobs_key_and_at_its_place() {
        let key = ContentKey([7; 32]);
        let mut stored = Vec::new();
        key.cipher("one").seal(3, b"some bytes", &mut stored).unwrap();
        assert_eq!(stored.len(), 10 + TAG);
        let open = |key: &ContentKey, blob, number, at: usize| {
            let mut bytes = stored.clone();
            bytes[at] ^= u8::from(at < 10);
            let length = key.cipher(blob).open(number, &mut bytes).ok()?;
            Some(bytes[..length].to_vec())
        };
        assert_eq!(open(&key, "one", 3, 10).as_deref(), Some(&b"some bytes"[..]));
        assert_eq!(open(&key, "two", 3, 10), None);
        assert_eq!(open(&key, "one", 2, 10), None);
        assert_eq!(open(&key, "one", 3, 4), None, "a bit was changed");
        assert_eq!(open(&ContentKey([8; 32]), "one", 3, 10), None);
    }

    #[test]
    fn keys_are_not_shown() {
        assert_eq!(format!("{:?} {:?}", ContentKey([7; 32]), ContentKey([7; 32]).cipher("one")), "ContentKey Cipher");
    }
}
