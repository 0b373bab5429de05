//! The records of the Key Management Service: keys, what they are made of, their names, and who was granted what.
//!
//! The material of a key stands in records of its own, so that whoever looks at keys never reads it, and so that it can go
//! while its key stays. Nothing here encrypts: the form of what is encrypted is said by `logic::kms`, and who does it for services
//! is `front::kms`.

mod names;
mod secret;

pub use names::{GrantOperation, KeyKind, KeyOrigin, KeyUsage};
pub use secret::Secret;

use crate::{AccountId, Arn, Key, Record, Region, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The tags of a key.
pub type Tags = BTreeMap<String, String>;

/// A KMS key, under its id. `Spec` is written by KMS's handlers (and, for the key that AWS manages for a service, by whoever needs it
/// first); `Plan` by KMS's reconciler, which makes new material for it and deletes it in the end.
pub enum KmsKey {}

impl Record for KmsKey {
    const KIND: &'static str = "kms/key";
    type Spec = KmsKeySpec;
    type Plan = KmsKeyPlan;
    type Observed = ();
}

impl Key<KmsKey> {
    /// The key's ARN.
    pub fn arn(&self) -> Arn {
        Arn::new("kms", &self.region, &self.account, format!("key/{}", self.id))
    }

    /// The key of an ARN as [`Self::arn`] makes them.
    pub fn of_arn(arn: &Arn) -> Option<Self> {
        let id = arn.resource_id("kms", "key")?;
        Some(Self::new(&AccountId::parse(&arn.account).ok()?, &Region::parse(&arn.region).ok()?, id))
    }

    /// Where a piece of its material is.
    pub fn material(&self, id: &str) -> Key<KeyMaterial> {
        Key::new(&self.account, &self.region, format!("{}/{id}", self.id))
    }

    /// Where a grant of it is.
    pub fn grant(&self, id: &str) -> Key<KmsGrant> {
        Key::new(&self.account, &self.region, format!("{}/{id}", self.id))
    }
}

/// What is asked of a [`KmsKey`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KmsKeySpec {
    /// When it was made.
    pub created: Timestamp,
    /// What somebody says of it.
    pub description: String,
    /// `KeyUsage`.
    pub usage: KeyUsage,
    /// `KeySpec`.
    pub kind: KeyKind,
    /// `Origin`.
    pub origin: KeyOrigin,
    /// The service for which AWS manages it, such as `ebs`; none of a customer's key.
    pub manager: Option<String>,
    /// The key policy, as it was written.
    pub policy: String,
    /// It isn't disabled.
    pub enabled: bool,
    /// It is to be deleted.
    pub deletion: Option<Deletion>,
    /// It is rotated from time to time.
    pub rotation: Option<AutomaticRotation>,
    /// When it was asked to be rotated on demand; those that were done stand in the plan.
    pub on_demand: Vec<Timestamp>,
    /// The material that it was made with; none while one is to be imported.
    pub material: Option<String>,
    /// The id of the only material that can be imported into it, once one was.
    pub had_material: Option<String>,
    /// Until when its imported material may be used; none is for ever.
    pub valid_to: Option<Timestamp>,
    /// The SubjectPublicKeyInfo (RFC 5280, section 4.1) of an asymmetric key.
    pub public_key: Option<Secret>,
    /// Its tags.
    pub tags: Tags,
}

/// When a key is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// The moment.
    pub at: Timestamp,
    /// How many days before it was asked for.
    pub window_days: u32,
}

/// How a key is rotated by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomaticRotation {
    /// Since when.
    pub since: Timestamp,
    /// How often.
    pub period_days: u32,
}

/// What was decided of a [`KmsKey`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KmsKeyPlan {
    /// Its rotations, the first one first. The last one's material is what encrypts.
    pub rotations: Vec<Rotation>,
    /// The end of its imported material's time, once the material was removed for it.
    pub expired: Option<Timestamp>,
}

/// One rotation of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// When it was.
    pub at: Timestamp,
    /// The material that it brought.
    pub material: String,
    /// It was asked for, and not due.
    pub on_demand: bool,
}

/// What a key is made of, under `key/material`: bytes of a symmetric key, PKCS #8 of an asymmetric one.
///
/// Written once, by whoever makes it, and deleted by KMS's handlers and its reconciler.
pub enum KeyMaterial {}

impl Record for KeyMaterial {
    const KIND: &'static str = "kms/material";
    type Spec = KeyMaterialSpec;
    type Plan = ();
    type Observed = ();
}

/// What [`KeyMaterial`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyMaterialSpec {
    /// The bytes.
    pub bytes: Secret,
}

/// Another name of a key, under `alias/…`. Written by KMS's handlers.
pub enum KmsAlias {}

impl Record for KmsAlias {
    const KIND: &'static str = "kms/alias";
    type Spec = KmsAliasSpec;
    type Plan = ();
    type Observed = ();
}

/// What a [`KmsAlias`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KmsAliasSpec {
    /// The id of the key that it is of.
    pub target: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last given to a key.
    pub updated: Timestamp,
}

/// A grant, under `key/grant`. Written by KMS's handlers.
pub enum KmsGrant {}

impl Record for KmsGrant {
    const KIND: &'static str = "kms/grant";
    type Spec = KmsGrantSpec;
    type Plan = ();
    type Observed = ();
}

/// What a [`KmsGrant`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KmsGrantSpec {
    /// What whoever made it calls it.
    pub name: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// The account that made it.
    pub issuer: AccountId,
    /// The ARN of who may do the operations.
    pub grantee: String,
    /// The ARN of who may retire it besides.
    pub retiring: Option<String>,
    /// The operations.
    pub operations: Vec<GrantOperation>,
    /// What the encryption context has to be like.
    pub constraint: Option<GrantConstraint>,
}

/// What a grant demands of the encryption context of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantConstraint {
    /// These pairs are in it.
    Subset(BTreeMap<String, String>),
    /// It is these pairs.
    Equals(BTreeMap<String, String>),
}

/// The key with which material is wrapped on its way here, under `key/token`. Written by KMS's handlers; its reconciler deletes it when its
/// time is over.
pub enum ImportWrapping {}

impl Record for ImportWrapping {
    const KIND: &'static str = "kms/import-wrapping";
    type Spec = ImportWrappingSpec;
    type Plan = ();
    type Observed = ();
}

/// What an [`ImportWrapping`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportWrappingSpec {
    /// PKCS #8 of an RSA key.
    pub private_key: Secret,
    /// `WrappingAlgorithm`.
    pub algorithm: String,
    /// Until when it can be used.
    pub valid_to: Timestamp,
}
