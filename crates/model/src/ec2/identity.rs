//! What proves to others who an instance is, and keys that let people in for a minute.

use crate::{AccountId, Key, Record, Region, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

records! {
    /// An instance's identity document with its signatures, under the instance's id. Written by the reconciler of identities.
    InstanceIdentity(InstanceIdentitySpec) = "ec2/instance-identity";
    /// A key that signs identity documents; the cloud has two. Written once, by the reconciler of identities.
    IdentityKey(IdentityKeySpec) = "ec2/identity-key";
    /// A key that lets somebody in, under `<instance>/<uuid>`. Written by EC2 Instance Connect's handlers, deleted when it has expired.
    PushedKey(PushedKeySpec) = "ec2/pushed-key";
    /// A key that lets somebody see an instance's serial console, under `<instance>/<uuid>`; written and deleted likewise.
    SerialConsoleKey(SerialConsoleKeySpec) = "ec2/serial-console-key";
    /// Somebody sits at an instance's serial console; under the instance's id. Written by what serves the consoles.
    SerialConsoleSession(SerialConsoleSessionSpec) = "ec2/serial-console-session";
}

/// What an [`InstanceIdentity`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceIdentitySpec {
    /// JSON, as the instance finds it and as it is signed.
    pub document: String,
    /// RSA with SHA-256 (PKCS #1, version 1.5), in base64.
    pub signature: String,
    /// PKCS #7 signed data that holds the document and the certificate, in base64; signed with ECDSA by a key of its own.
    pub pkcs7: String,
    /// The same, signed with RSA by the key of `signature`. Documents that were signed before there was such a text are signed again.
    #[serde(default)]
    pub rsa2048: String,
}

/// What an [`IdentityKey`] is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityKeySpec {
    /// PKCS #8, in base64.
    pub private_key: String,
    /// X.509, in base64.
    pub certificate: String,
}

impl Key<IdentityKey> {
    /// The cloud's key of RSA.
    pub fn of_the_cloud() -> Self {
        Self::called("identity-documents")
    }

    /// The cloud's key on an elliptic curve, P-256, which signs `pkcs7`.
    pub fn of_pkcs7() -> Self {
        Self::called("identity-documents-pkcs7")
    }

    fn called(name: &str) -> Self {
        let account = AccountId::parse(AccountId::DEFAULT).expect("twelve digits");
        Self::new(&account, &Region::global(), name)
    }
}

impl fmt::Debug for IdentityKeySpec {
    /// Without the private key, which has no business in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityKeySpec").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// What a [`PushedKey`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedKeySpec {
    /// The user of the instance's system.
    pub user: String,
    /// A line of `authorized_keys`.
    pub public_key: String,
    /// From then on it lets nobody in.
    pub expires_at: Timestamp,
}

/// What a [`SerialConsoleKey`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SerialConsoleKeySpec {
    /// The number of the serial port.
    pub port: u32,
    /// A line of `authorized_keys`.
    pub public_key: String,
    /// From then on it lets nobody in.
    pub expires_at: Timestamp,
}

/// What a [`SerialConsoleSession`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SerialConsoleSessionSpec {
    /// Since when.
    pub since: Timestamp,
}
