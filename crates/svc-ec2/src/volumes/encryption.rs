//! How volumes and snapshots are encrypted: which key, and the data keys beneath it (EBS user guide, "Amazon EBS encryption").
//!
//! Each volume's data are encrypted with a data key of its own, which a snapshot of it shares, and so does a volume that is made of that snapshot
//! under the same KMS key: only so do they share blocks. A data key is kept sealed by the KMS key, and opened on its way to a host.
//!
//! The one KMS key that there is without the service KMS is the one behind `alias/aws/ebs`, one for each account and region.

use super::errors::dependency;
use crate::{errors::invalid_value, records::key};
use agent_proto::volume::{DataKey, Source, Volume as HostVolume};
use front::{Answer, Cx};
use logic::sealer::Sealer;
use model::{
    AccountId, Arn, Key, Region, Timestamp,
    ec2::{EbsKey, EbsKeySpec, EbsSettings, EbsSettingsSpec, Encryption},
};
use spine::{Read, StoreError, Tx};
use wire::Fault;

/// The name by which the key that is used where none is named is known.
pub const DEFAULT_ALIAS: &str = "alias/aws/ebs";
const PURPOSE: &str = "ebs/data-key";

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

/// How something new is encrypted that begins as a copy of what is encrypted so, and is the caller's own.
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
    let arn = match (wanted.kms_key, source) {
        (Some(named), _) => named_key(cx, tx, named)?,
        (None, Some(source)) => source.key_arn.clone(),
        (None, None) => match settings.default_key {
            Some(arn) => arn,
            None => own_key(cx, tx)?.0,
        },
    };
    match source.filter(|source| source.key_arn == arn) {
        Some(same) => Ok(Some(same.clone())),
        None => new_data_key(cx, tx, arn).map(Some),
    }
}

/// The ARN of the key that a request names: by its id, its ARN, an alias, or the alias's ARN.
pub fn named_key(cx: &Cx, tx: &mut Tx, named: &str) -> Answer<String> {
    let (arn, spec) = own_key(cx, tx)?;
    let alias = cx.arn("kms", DEFAULT_ALIAS).to_string();
    if [DEFAULT_ALIAS, &alias, &arn, &spec.id].contains(&named) {
        return Ok(arn);
    }
    Err(Fault::not_implemented(format_args!("Encryption with another KMS key than {DEFAULT_ALIAS}")))
}

/// Whether a key is the one behind `alias/aws/ebs` of whatever account, which nobody can share.
pub fn is_default_key(read: &impl Read, arn: &str) -> Answer<bool> {
    Ok(key_of(read, arn)?.is_some())
}

/// The key behind `alias/aws/ebs`, which is made when it is first needed.
fn own_key(cx: &Cx, tx: &mut Tx) -> Answer<(String, EbsKeySpec)> {
    let at = key::<EbsKey>(cx, "aws-ebs");
    let spec = match tx.spec(&at)? {
        Some(known) => (*known).clone(),
        None => {
            let mut made = EbsKeySpec { id: cx.env.uuid(), material: [0; 32] };
            cx.env.dice.fill(&mut made.material);
            tx.create(&at, &made)?;
            made
        }
    };
    Ok((cx.arn("kms", format!("key/{}", spec.id)).to_string(), spec))
}

fn new_data_key(cx: &Cx, read: &impl Read, arn: String) -> Answer<Encryption> {
    let spec = key_of(read, &arn)?.ok_or_else(|| Fault::internal(format_args!("there is no key {arn}")))?;
    let (mut bytes, mut nonce) = ([0; 32], [0; 12]);
    cx.env.dice.fill(&mut bytes);
    cx.env.dice.fill(&mut nonce);
    let data_key = Sealer::new(&spec.material).seal(PURPOSE, &hex::encode(bytes), Timestamp(i64::MAX), nonce);
    Ok(Encryption { key_arn: arn, data_key })
}

fn key_of(read: &impl Read, arn: &str) -> Result<Option<std::sync::Arc<EbsKeySpec>>, StoreError> {
    let Ok(parsed) = arn.parse::<Arn>() else { return Ok(None) };
    let (Ok(account), Ok(region)) = (AccountId::parse(&parsed.account), Region::parse(&parsed.region)) else { return Ok(None) };
    let found = read.spec(&Key::<EbsKey>::new(&account, &region, "aws-ebs"))?;
    Ok(found.filter(|spec| parsed.resource_id("kms", "key") == Some(&spec.id)))
}

/// A data key as records of hosts have it: sealed.
pub fn sealed(encryption: Option<&Encryption>) -> Option<DataKey> {
    encryption.map(|it| DataKey(format!("{} {}", it.key_arn, it.data_key)))
}

/// The data key of something that is encrypted so.
///
/// # Errors
/// If its key is gone, or isn't the one that it was sealed with.
pub fn open(read: &impl Read, encryption: Option<&Encryption>) -> anyhow::Result<Option<DataKey>> {
    sealed(encryption).map(|key| opened(read, &key)).transpose()
}

/// A volume as a host is to have it: with its keys opened.
///
/// # Errors
/// If a key can't be opened. The volume isn't to be left out then, for a host deletes what it isn't told of.
pub fn with_open_keys(read: &impl Read, volume: &HostVolume) -> anyhow::Result<HostVolume> {
    let open = |key: &Option<DataKey>| key.as_ref().map(|key| opened(read, key)).transpose();
    let source = volume.source.as_ref().map(|it| anyhow::Ok(Source { snapshot: it.snapshot.clone(), key: open(&it.key)? }));
    let snapshots = volume.snapshots.iter().map(|(id, key)| Ok((id.clone(), open(key)?)));
    Ok(HostVolume {
        key: open(&volume.key)?,
        source: source.transpose()?,
        snapshots: snapshots.collect::<anyhow::Result<_>>()?,
        ..volume.clone()
    })
}

fn opened(read: &impl Read, sealed: &DataKey) -> anyhow::Result<DataKey> {
    let (arn, data_key) = sealed.0.split_once(' ').ok_or_else(|| anyhow::anyhow!("a data key names no KMS key"))?;
    let spec = key_of(read, arn)?.ok_or_else(|| anyhow::anyhow!("there is no KMS key {arn}"))?;
    let opened = Sealer::new(&spec.material).open(PURPOSE, data_key, Timestamp(0));
    opened.map(DataKey).ok_or_else(|| anyhow::anyhow!("a data key wasn't sealed by the KMS key {arn}"))
}
