//! Key pairs: the public half. The private half of a key that the cloud has made is told once, and never kept.

use super::Tags;
use crate::{Record, Timestamp};
use serde::{Deserialize, Serialize};

records! {
    /// A key for logging in to machines, under `key-…`. Written by EC2's handlers.
    KeyPair(KeyPairSpec) = "ec2/key-pair";
}

/// What a [`KeyPair`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPairSpec {
    /// Unique in the account and region.
    pub name: String,
    /// Of which kind the key is.
    pub key_type: KeyType,
    /// A line of `authorized_keys`, with the name as its comment.
    pub public_key: String,
    /// As EC2 shows it: how it is made depends on the kind of key, and on whether the cloud has made it.
    pub fingerprint: String,
    /// When it was made, or imported.
    pub created_at: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

/// The kinds of keys that EC2 has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyType {
    /// RSA.
    Rsa,
    /// Ed25519 (RFC 8032).
    Ed25519,
}
