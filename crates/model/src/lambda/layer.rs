//! Layers: archives that functions lie on.

use super::{Architecture, Archive, LayerPolicy, own_id, parent};
use crate::{AccountId, Arn, Key, Record, Region, Timestamp};
use serde::{Deserialize, Serialize};

/// A layer, under its name. It stays when its versions are deleted, so that their numbers aren't used again.
pub enum Layer {}

impl Record for Layer {
    const KIND: &'static str = "lambda/layer";
    type Spec = LayerSpec;
    type Plan = ();
    type Observed = ();
}

/// What a [`Layer`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerSpec {
    /// The number of the version that was published last.
    pub last_version: u64,
}

impl Key<Layer> {
    /// The ARN without a version.
    pub fn arn(&self) -> Arn {
        Arn::new("lambda", &self.region, &self.account, format!("layer:{}", self.id))
    }

    /// A version.
    pub fn version(&self, number: u64) -> Key<LayerVersion> {
        Key::new(&self.account, &self.region, format!("{}:{number}", self.id))
    }

    /// What the ids of its versions begin with.
    pub fn versions(&self) -> String {
        format!("{}:", self.id)
    }
}

/// A version of a layer. It never changes.
pub enum LayerVersion {}

impl Record for LayerVersion {
    const KIND: &'static str = "lambda/layer-version";
    type Spec = LayerVersionSpec;
    type Plan = ();
    type Observed = ();
}

/// What a [`LayerVersion`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerVersionSpec {
    /// When it was published.
    pub created: Timestamp,
    /// What somebody says of it.
    pub description: String,
    /// `LicenseInfo`.
    pub license: Option<String>,
    /// What it holds.
    pub archive: Archive,
    /// The identifiers of the runtimes that it is for; none is for all.
    pub runtimes: Vec<String>,
    /// What it is compiled for; none is for all.
    pub architectures: Vec<Architecture>,
}

impl Key<LayerVersion> {
    /// The version of an ARN as [`Self::arn`] makes them.
    pub fn of_arn(arn: &Arn) -> Option<Self> {
        let (name, number) = arn.resource.strip_prefix("layer:").filter(|_| arn.service == "lambda")?.split_once(':')?;
        let number = number.parse::<u64>().ok()?;
        let (account, region) = (AccountId::parse(&arn.account).ok()?, Region::parse(&arn.region).ok()?);
        let layer = Key::<Layer>::new(&account, &region, name);
        (arn.partition == region.partition() && !name.is_empty()).then(|| layer.version(number))
    }

    /// The layer.
    pub fn layer(&self) -> Key<Layer> {
        Key::new(&self.account, &self.region, parent(&self.id))
    }

    /// The number that it was published with.
    pub fn number(&self) -> u64 {
        own_id(&self.id).parse().unwrap_or_default()
    }

    /// The ARN with the version.
    pub fn arn(&self) -> Arn {
        Arn::new("lambda", &self.region, &self.account, format!("layer:{}", self.id))
    }

    /// Its policy.
    pub fn policy(&self) -> Key<LayerPolicy> {
        Key::new(&self.account, &self.region, self.id.clone())
    }
}
