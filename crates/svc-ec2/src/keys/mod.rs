//! Keys for logging in to machines: making them, reading those that are imported, and their fingerprints.
//!
//! No records and no requests here. aws-lc-rs makes the keys, `ssh-key` writes and reads them the way OpenSSH does
//! (docs/adr/0013-key-pairs.md).

mod create;
mod import;
mod rsa;

pub use create::create;
pub use import::import;

use aws_lc_rs::error::Unspecified;
use base64::{Engine, engine::general_purpose::STANDARD};
use model::ec2::KeyType;
use ssh_key::{Fingerprint, HashAlg, PublicKey};

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Public {
    /// Of which kind it is.
    pub key_type: KeyType,
    /// A line of `authorized_keys`.
    pub line: String,
    /// As EC2 shows it.
    pub fingerprint: String,
}

/// A key that was just made.
pub struct Created {
    /// What is kept.
    pub public: Public,
    /// What is told once: PEM.
    pub private: String,
}

/// A key couldn't be made: the machine has no randomness or no memory.
#[derive(Debug)]
pub struct NotMade;

impl std::fmt::Display for NotMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key could not be made")
    }
}

impl std::error::Error for NotMade {}

impl From<Unspecified> for NotMade {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

impl From<ssh_key::Error> for NotMade {
    fn from(_: ssh_key::Error) -> Self {
        Self
    }
}

/// The SHA-256 of an Ed25519 key in base64, as OpenSSH shows it, but padded and without the digest's name.
fn ed25519_fingerprint(key: &PublicKey) -> String {
    let Fingerprint::Sha256(digest) = key.fingerprint(HashAlg::Sha256) else { return String::new() };
    STANDARD.encode(digest)
}

/// `1f:51:ae:…`.
fn colons(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}
