//! Data keys: kept sealed by a KMS key, and opened on their way to a host.

use super::{Encryption, Found, invalid_key_state};
use agent_proto::volume::{DataKey, Source, Volume as HostVolume};
use front::{Answer, Cx, kms};
use logic::kms::{Ciphertext, EncryptionContext};
use spine::Read;

/// What the ciphertexts of data keys are bound to, so that nothing else that a KMS key has sealed is taken for one.
fn context() -> EncryptionContext {
    EncryptionContext::from([("aws:ebs".to_owned(), "data-key".to_owned())])
}

/// A new data key under a KMS key.
pub fn new(cx: &Cx, read: &impl Read, key: &Found) -> Answer<Encryption> {
    if key.material().is_none() {
        return Err(invalid_key_state(format!("{} is pending import.", key.key.arn())));
    }
    let bytes: [u8; 32] = cx.env.bytes();
    let data_key = hex::encode(kms::encrypt(&cx.env, read, key, &bytes, &context())?);
    Ok(Encryption { key_arn: key.key.arn().to_string(), data_key })
}

/// A data key as records of hosts have it: sealed.
pub fn sealed(encryption: Option<&Encryption>) -> Option<DataKey> {
    encryption.map(|it| DataKey(it.data_key.clone()))
}

/// The data key of something that is encrypted so.
///
/// # Errors
/// If its key is gone, or isn't the one that it was sealed with.
pub fn open(read: &impl Read, encryption: Option<&Encryption>) -> anyhow::Result<Option<DataKey>> {
    let Some(sealed) = sealed(encryption) else { return Ok(None) };
    let opened = opened(read, &sealed)?;
    opened.map(Some).ok_or_else(|| anyhow::anyhow!("the KMS key that a data key was sealed with is gone"))
}

/// A volume as a host is to have it: with its keys opened. In the place of one that is lost stands one that opens nothing: the volume isn't to
/// be left out, for a host deletes what it isn't told of; and what has it open already goes on (KMS developer guide, "How unusable KMS keys
/// affect data keys").
///
/// # Errors
/// If the store can't be read.
pub fn with_open_keys(read: &impl Read, volume: &HostVolume) -> anyhow::Result<HostVolume> {
    let open = |key: &Option<DataKey>| key.as_ref().map(|key| anyhow::Ok(opened(read, key)?.unwrap_or_else(lost))).transpose();
    let source = volume.source.as_ref().map(|it| anyhow::Ok(Source { snapshot: it.snapshot.clone(), key: open(&it.key)? }));
    let snapshots = volume.snapshots.iter().map(|(id, key)| Ok((id.clone(), open(key)?)));
    Ok(HostVolume {
        key: open(&volume.key)?,
        source: source.transpose()?,
        snapshots: snapshots.collect::<anyhow::Result<_>>()?,
        ..volume.clone()
    })
}

/// No key, which every host refuses.
fn lost() -> DataKey {
    DataKey(String::new())
}

/// The key; none if what it was sealed with is gone.
fn opened(read: &impl Read, sealed: &DataKey) -> anyhow::Result<Option<DataKey>> {
    let bytes = hex::decode(&sealed.0)?;
    let ciphertext = Ciphertext::parse(&bytes).ok_or_else(|| anyhow::anyhow!("a data key isn't sealed"))?;
    Ok(kms::decrypt(read, &ciphertext, &context())?.map(|key| DataKey(hex::encode(key))))
}
