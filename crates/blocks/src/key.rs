//! The key that a volume's or snapshot's data are encrypted under, and the keys that are made of it.

use crate::{Error, Result};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// A data key of 32 bytes. It is held in memory only, wiped when it is dropped, and never shown.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> DataKey {
        DataKey(Zeroizing::new(bytes))
    }

    /// What tells this key from others without giving it away.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(*self.derive(&[b"fingerprint"]))
    }

    /// The key as hexadecimal digits, to be handed to a process that needs it.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(*self.0))
    }

    /// The key of these hexadecimal digits.
    pub fn parse(text: &str) -> Result<DataKey> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text, bytes.as_mut()).map_err(|_| Error::Invalid("a data key has 64 hexadecimal digits".into()))?;
        Ok(DataKey(bytes))
    }

    /// A key for one purpose (HKDF, RFC 5869): what is known of it tells nothing of the data key or of the other purposes' keys.
    pub(crate) fn derive<const N: usize>(&self, purpose: &[&[u8]]) -> Zeroizing<[u8; N]> {
        let mut key = Zeroizing::new([0; N]);
        let root = Salt::new(HKDF_SHA256, b"hillfog blocks").extract(self.0.as_ref());
        let filled = root.expand(purpose, Length(N)).and_then(|output| output.fill(key.as_mut()));
        filled.expect("HKDF-SHA-256 gives up to 8160 bytes");
        key
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// What tells a key from others without giving it away.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// Refuses a key that isn't the one that data were encrypted under; none fits what isn't encrypted.
    pub(crate) fn check(what: &str, needed: Option<Fingerprint>, key: Option<&DataKey>) -> Result<()> {
        match (needed, key.map(DataKey::fingerprint)) {
            (needed, given) if needed == given => Ok(()),
            (Some(_), None) => Err(Error::WrongKey(format!("{what} is encrypted, and no key was given"))),
            (None, Some(_)) => Err(Error::WrongKey(format!("{what} isn't encrypted, and a key was given"))),
            _ => Err(Error::WrongKey(format!("{what} is encrypted under another key"))),
        }
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl From<Fingerprint> for String {
    fn from(print: Fingerprint) -> String {
        hex::encode(print.0)
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = hex::FromHexError;
    fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Fingerprint(bytes))
    }
}
