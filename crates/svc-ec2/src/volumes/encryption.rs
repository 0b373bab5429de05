//! How volumes and snapshots are encrypted: with which key, and who may (EBS user guide, "Amazon EBS encryption").
//!
//! Each volume's data are encrypted with a data key of its own, which a snapshot of it shares, and so does a volume that is made of that snapshot
//! under the same KMS key: only so do they share blocks. The keys are KMS's; where a request names none it is the one behind
//! `alias/aws/ebs`, or another one that the account has set.

mod data_keys;

pub use data_keys::{open, sealed, with_open_keys};

use super::errors::{dependency, invalid_key_state};
use crate::{errors::invalid_value, records::key};
use front::{
    Answer, Cx,
    kms::{self, Found},
};
use logic::kms::EncryptionContext;
use model::{
    Key, Timestamp,
    ec2::{EbsSettings, EbsSettingsSpec, Encryption},
    kms::{KeyKind, KmsKey},
};
use spine::{Read, StoreError, Tx};
use wire::Fault;

/// The name by which the key that is used where none is named is known.
pub const DEFAULT_ALIAS: &str = "alias/aws/ebs";

/// What a request says of the encryption of what it makes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// `Encrypted`.
    pub encrypted: Option<bool>,
    /// `KmsKeyId`.
    pub kms_key: Option<&'a str>,
}

/// What the account has set in the region.
pub fn settings(cx: &Cx, read: &impl Read) -> Answer<EbsSettingsSpec> {
    Ok(read.spec(&settings_key(cx))?.map(|found| (*found).clone()).unwrap_or_default())
}

fn settings_key(cx: &Cx) -> Key<EbsSettings> {
    key(cx, "settings")
}

/// Changes what the account has set in the region.
pub fn set(cx: &Cx, tx: &mut Tx, change: impl FnOnce(&mut EbsSettingsSpec)) -> Answer<()> {
    let (at, mut spec) = (settings_key(cx), settings(cx, tx)?);
    change(&mut spec);
    if tx.exists(&at)? {
        tx.put_spec(&at, &spec)?
    } else {
        tx.create(&at, &spec)?
    }
    Ok(())
}

/// How something new is encrypted that begins as a copy of what is encrypted so. What is somebody else's or of another region isn't copied
/// with its key.
pub fn decide(cx: &Cx, tx: &mut Tx, wanted: Wanted<'_>, source: Option<&Encryption>) -> Answer<Option<Encryption>> {
    let settings = settings(cx, tx)?;
    let demanded = wanted.encrypted == Some(true) || settings.encryption_by_default;
    if wanted.kms_key.is_some() && !demanded && (source.is_none() || wanted.encrypted == Some(false)) {
        return Err(dependency("KmsKeyId", "Encrypted"));
    }
    if wanted.encrypted == Some(false) && source.is_some() {
        return Err(invalid_value("Value (false) for parameter encrypted is invalid. The source snapshot is encrypted."));
    }
    if !demanded && source.is_none() {
        return Ok(None);
    }
    let own = source.filter(|source| is_here(cx, source));
    let key = match (wanted.kms_key, own) {
        (Some(named), _) => named_key(cx, tx, named)?,
        (None, Some(source)) => {
            key_of(tx, source)?.ok_or_else(|| invalid_key_state(format!("{} does not exist", source.key_arn)))?
        }
        (None, None) => default_key(cx, tx, &settings)?,
    };
    match source.filter(|source| source.key_arn == key.key.arn().to_string()) {
        Some(same) => {
            authorize(cx, &key, "kms:Decrypt")?;
            Ok(Some(same.clone()))
        }
        None => {
            from_to(cx, tx, source, &key)?;
            data_keys::new(cx, tx, &key).map(Some)
        }
    }
}

/// What the caller needs of the keys for a data key that is made: of the source's too, if it has one.
fn from_to(cx: &Cx, tx: &Tx, source: Option<&Encryption>, to: &Found) -> Answer<()> {
    if let Some(from) = source.map(|source| key_of(tx, source)).transpose()?.flatten() {
        authorize(cx, &from, "kms:ReEncryptFrom")?;
        authorize(cx, to, "kms:ReEncryptTo")?;
    }
    authorize(cx, to, "kms:GenerateDataKeyWithoutPlaintext")
}

/// The key that a request names: by its id, its ARN, an alias, or the alias's ARN.
pub fn named_key(cx: &Cx, tx: &mut Tx, named: &str) -> Answer<Found> {
    if named == DEFAULT_ALIAS || named == cx.arn("kms", DEFAULT_ALIAS).to_string() {
        return kms::managed(cx, tx, "ebs");
    }
    let invalid = |why: &str| invalid_value(format!("Value ({named}) for parameter kmsKeyId is invalid. {why}"));
    let found = kms::find(cx, tx, named).map_err(|fault| if fault.sender { invalid(&fault.message) } else { fault })?;
    match found.spec.kind {
        KeyKind::Symmetric => Ok(found),
        _ => Err(invalid("Amazon EBS does not support asymmetric KMS keys.")),
    }
}

fn default_key(cx: &Cx, tx: &mut Tx, settings: &EbsSettingsSpec) -> Answer<Found> {
    match &settings.default_key {
        Some(arn) => named_key(cx, tx, arn),
        None => kms::managed(cx, tx, "ebs"),
    }
}

/// Whether something is encrypted with a key of the caller's account and region.
fn is_here(cx: &Cx, encryption: &Encryption) -> bool {
    let key = kms_key(encryption);
    key.is_some_and(|key| key.account == cx.account && key.region == cx.region)
}

fn kms_key(encryption: &Encryption) -> Option<Key<KmsKey>> {
    Key::<KmsKey>::of_arn(&encryption.key_arn.parse().ok()?)
}

fn key_of(read: &impl Read, encryption: &Encryption) -> Result<Option<Found>, StoreError> {
    kms_key(encryption).map_or(Ok(None), |key| kms::at(read, &key))
}

/// Whether something is encrypted with the key behind `alias/aws/ebs` of whatever account, which nobody can share.
pub fn is_default_key(read: &impl Read, encryption: &Encryption) -> Answer<bool> {
    Ok(key_of(read, encryption)?.is_some_and(|key| key.spec.manager.is_some()))
}

/// Refuses unless the caller may have the key used by way of EC2.
fn authorize(cx: &Cx, key: &Found, action: &str) -> Answer<()> {
    kms::authorize(cx, key, action, "ec2", &EncryptionContext::new())
}

/// Refuses unless the caller may give what is encrypted so to an instance: EC2 is granted the key for it (KMS developer guide, "Granting
/// permissions for AWS services in key policies").
pub fn may_attach(cx: &Cx, read: &impl Read, encryption: Option<&Encryption>) -> Answer<()> {
    let Some(key) = encryption.map(|it| key_of(read, it)).transpose()?.flatten() else { return Ok(()) };
    authorize(cx, &key, "kms:CreateGrant")?;
    authorize(cx, &key, "kms:Decrypt")
}

/// Refuses unless the caller may read what is encrypted so, and its key can be used.
pub fn may_read(cx: &Cx, read: &impl Read, encryption: Option<&Encryption>) -> Answer<()> {
    let Some(key) = encryption.map(|it| key_of(read, it)).transpose()?.flatten() else { return Ok(()) };
    authorize(cx, &key, "kms:Decrypt")?;
    check_usable(cx, read, encryption)
}

/// Why what is encrypted so can't be used now: its key is disabled, about to be deleted, or gone. Nothing if it can.
pub fn unusable(read: &impl Read, encryption: Option<&Encryption>, now: Timestamp) -> Result<Option<String>, StoreError> {
    let Some(encryption) = encryption else { return Ok(None) };
    Ok(match key_of(read, encryption)? {
        Some(key) => kms::usable(&key, now).err().map(|fault| fault.message),
        None => Some(format!("{} does not exist.", encryption.key_arn)),
    })
}

/// Refuses what is encrypted with a key that can't be used.
pub fn check_usable(cx: &Cx, read: &impl Read, encryption: Option<&Encryption>) -> Result<(), Fault> {
    unusable(read, encryption, cx.now)?.map_or(Ok(()), |why| Err(invalid_key_state(why)))
}
