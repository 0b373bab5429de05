//! What a symmetric key encrypts to, and back (KMS developer guide, "Encryption context" and "AWS KMS cryptographic details").
//!
//! ```text
//! 1 | length of the ARN, 2 bytes | the key's ARN | its material's id, 32 bytes | nonce, 12 bytes | AES-256-GCM of the plaintext, and its tag
//! ```
//!
//! A ciphertext names its key and the material beneath it, so that whoever decrypts it need not, and so that what was encrypted before a
//! rotation can be read after it. All that stands before the nonce is authenticated, together with the encryption context.

use crate::sealer::{from_hex, to_hex};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use model::{Arn, Key, kms::KmsKey};
use std::collections::BTreeMap;

/// The pairs that a ciphertext is bound to.
pub type EncryptionContext = BTreeMap<String, String>;

/// The most bytes that a symmetric key encrypts.
pub const LARGEST_PLAINTEXT: usize = 4096;

const FORM: u8 = 1;
const MATERIAL_LEN: usize = 32;

/// A ciphertext that has been read, and not yet opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ciphertext {
    /// The key that it was made with.
    pub key: Key<KmsKey>,
    /// The id of the key's material that it was made with.
    pub material: String,
    header: Vec<u8>,
    nonce: [u8; NONCE_LEN],
    sealed: Vec<u8>,
}

/// Encrypts with a key's material of that id. None if the material isn't 32 bytes, or the id isn't one. The nonce must never be
/// used twice: random bytes.
pub fn seal(
    (key, material): (&Key<KmsKey>, &str),
    bytes: &[u8],
    plaintext: &[u8],
    context: &EncryptionContext,
    nonce: [u8; NONCE_LEN],
) -> Option<Vec<u8>> {
    let header = header(key, material)?;
    let mut sealed = plaintext.to_vec();
    let aad = Aad::from(authenticated(&header, context));
    aes(bytes)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed).ok()?;
    Some([&header[..], &nonce, &sealed].concat())
}

impl Ciphertext {
    /// Reads what [`seal`] has made; none if it is nothing of the kind.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (&[FORM, high, low], rest) = bytes.split_first_chunk()? else { return None };
        let (arn, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
        let (material, rest) = rest.split_first_chunk::<MATERIAL_LEN>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let arn: Arn = std::str::from_utf8(arn).ok()?.parse().ok()?;
        let key = Key::<KmsKey>::of_arn(&arn)?;
        let header = bytes[..bytes.len() - rest.len()].to_vec();
        (sealed.len() >= AES_256_GCM.tag_len()).then(|| Self {
            key,
            material: to_hex(material),
            header,
            nonce: *nonce,
            sealed: sealed.to_vec(),
        })
    }

    /// The plaintext; none if it wasn't made with this material and this context, or was changed since.
    pub fn open(&self, bytes: &[u8], context: &EncryptionContext) -> Option<Vec<u8>> {
        let mut sealed = self.sealed.clone();
        let aad = Aad::from(authenticated(&self.header, context));
        let opened = aes(bytes)?.open_in_place(Nonce::assume_unique_for_key(self.nonce), aad, &mut sealed).ok()?;
        Some(opened.to_vec())
    }
}

fn aes(bytes: &[u8]) -> Option<LessSafeKey> {
    Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).ok()?))
}

fn header(key: &Key<KmsKey>, material: &str) -> Option<Vec<u8>> {
    let arn = key.arn().to_string();
    let length = u16::try_from(arn.len()).ok()?.to_be_bytes();
    let material: [u8; MATERIAL_LEN] = from_hex(material)?.try_into().ok()?;
    Some([&[FORM][..], &length, arn.as_bytes(), &material].concat())
}

/// What the tag vouches for: no two contexts are written alike, since each text comes behind its length, in the order of the keys.
fn authenticated(header: &[u8], context: &EncryptionContext) -> Vec<u8> {
    let mut bytes = header.to_vec();
    for text in context.iter().flat_map(|(key, value)| [key, value]) {
        bytes.extend((text.len() as u64).to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{AccountId, Region};
    use proptest::prelude::*;

    const MATERIAL: [u8; 32] = [7; 32];

    fn key() -> Key<KmsKey> {
        let (account, region) = (AccountId::parse("111122223333").unwrap(), Region::parse("us-east-1").unwrap());
        Key::new(&account, &region, "1234abcd-12ab-34cd-56ef-1234567890ab")
    }

    fn sealed(plaintext: &[u8], context: &EncryptionContext) -> Vec<u8> {
        seal((&key(), &"ab".repeat(32)), &MATERIAL, plaintext, context, [1; 12]).unwrap()
    }

    fn contexts() -> impl Strategy<Value = EncryptionContext> {
        proptest::collection::btree_map("[a-c]{0,3}", "[a-c]{0,3}", 0..3)
    }

    #[test]
    fn a_ciphertext_names_its_key_and_its_material() {
        let read = Ciphertext::parse(&sealed(b"text", &EncryptionContext::new())).unwrap();
        assert_eq!((read.key.clone(), read.material.clone()), (key(), "ab".repeat(32)));
        assert_eq!(read.open(&MATERIAL, &EncryptionContext::new()).as_deref(), Some(&b"text"[..]));
        assert_eq!(read.open(&[8; 32], &EncryptionContext::new()), None);
    }

    #[test]
    fn what_cant_seal_seals_nothing() {
        let context = EncryptionContext::new();
        assert_eq!(seal((&key(), &"ab".repeat(32)), &[7; 16], b"", &context, [1; 12]), None);
        assert_eq!(seal((&key(), "ab"), &MATERIAL, b"", &context, [1; 12]), None);
        assert_eq!(seal((&key(), &"xy".repeat(32)), &MATERIAL, b"", &context, [1; 12]), None);
    }

    proptest! {
        #[test]
        fn what_was_sealed_is_opened_with_its_context_and_no_other(plaintext: Vec<u8>, one in contexts(), other in contexts()) {
            let read = Ciphertext::parse(&sealed(&plaintext, &one)).unwrap();
            prop_assert_eq!(read.open(&MATERIAL, &one), Some(plaintext.clone()));
            prop_assert_eq!(read.open(&MATERIAL, &other).is_some(), one == other);
        }

        #[test]
        fn nothing_that_was_changed_is_opened(at: usize, flip in 1u8..) {
            let mut bytes = sealed(b"a plaintext", &EncryptionContext::new());
            let at = at % bytes.len();
            bytes[at] ^= flip;
            let opened = Ciphertext::parse(&bytes).and_then(|read| read.open(&MATERIAL, &EncryptionContext::new()));
            prop_assert_eq!(opened, None);
        }

        #[test]
        fn what_is_cut_short_is_refused(cut in 1usize..) {
            let bytes = sealed(b"", &EncryptionContext::new());
            let cut = cut.min(bytes.len());
            prop_assert_eq!(Ciphertext::parse(&bytes[..bytes.len() - cut]), None);
        }

        #[test]
        fn anything_may_come(bytes: Vec<u8>) {
            if let Some(read) = Ciphertext::parse(&bytes) {
                prop_assert_eq!(read.open(&MATERIAL, &EncryptionContext::new()), None);
            }
        }
    }
}
