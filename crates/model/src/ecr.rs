//! The records of Elastic Container Registry. An account has one registry in each region.
//!
//! | record | id | `Spec` by | besides |
//! |---|---|---|---|
//! | [`Repository`] | `<name>` | handlers | |
//! | [`Image`] | `<repository>@<digest>` | handlers, the registry | `Observed` by the registry, when it is pulled |
//! | [`ImageTag`] | `<repository>:<tag>` | handlers, the registry | |
//! | [`Layer`] | `<repository>@<digest>` | handlers, the registry | `Plan` by the layer reconciler, which deletes it |
//! | [`Upload`] | `<repository>@<upload id>` | handlers, the registry | |
//! | [`TokenKey`] | [`TokenKey::ID`] | whoever issues the first token | |
//!
//! Neither `@` nor `:` can be in a repository's name, so that a repository's own are what begins with its name and one of these.
//!
//! The bytes (manifests too) are no records: they stand in the blob store under [`blob_namespace`], as `<namespace>/<algorithm>/<hex>`,
//! once for all repositories of a registry.

use crate::{AccountId, Arn, Key, Record, Region, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where the blobs of a registry stand in the blob store, and what an agent is told to find them by.
pub fn blob_namespace(account: &AccountId, region: &Region) -> String {
    format!("ecr/{account}/{region}")
}

/// A repository.
pub enum Repository {}

/// What a [`Repository`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositorySpec {
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether tags can be moved to other images.
    pub mutability: Mutability,
    /// Its tags (those of the resource, not of images).
    pub tags: BTreeMap<String, String>,
    /// Its policy, as it was written.
    #[serde(default)]
    pub policy: Option<String>,
}

/// Whether the tags of a repository's images can be moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mutability {
    /// Whether they can, unless an exclusion says otherwise.
    pub mutable: bool,
    /// Patterns of tags to which the opposite applies; `*` stands for any text.
    pub exclusions: Vec<String>,
}

/// An image: a manifest, or an index of manifests.
pub enum Image {}

/// What an [`Image`] is. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSpec {
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// The manifest's media type.
    pub media_type: String,
    /// What the manifest is of: its `artifactType`, else the media type of its configuration.
    pub artifact_type: Option<String>,
    /// Bytes of the manifest.
    pub manifest_size: u64,
    /// Bytes of everything that it names, as it says.
    pub size: u64,
    /// The digests of its configuration and its layers.
    pub layers: Vec<String>,
    /// The digests of the manifests of an index.
    pub manifests: Vec<String>,
    /// The digest of the manifest that it is about (a signature, an attestation).
    pub subject: Option<String>,
    /// The manifest's annotations.
    pub annotations: BTreeMap<String, String>,
}

/// What the registry has seen of an [`Image`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageObserved {
    /// When it was last pulled, to within a day.
    pub pulled_at: Option<Timestamp>,
}

/// A name of an image that may move to another.
pub enum ImageTag {}

/// What an [`ImageTag`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageTagSpec {
    /// The image's digest.
    pub digest: String,
}

/// A layer (or a configuration) that a repository has.
pub enum Layer {}

/// What a [`Layer`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerSpec {
    /// Bytes.
    pub size: u64,
}

/// How long a [`Layer`] has been of no use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerPlan {
    /// Since then no image of the repository names it.
    pub unused_since: Option<Timestamp>,
}

/// An upload of a layer that is under way. How much of it has come is the length of its file.
pub enum Upload {}

/// What an [`Upload`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadSpec {
    /// When it was begun.
    pub created_at: Timestamp,
    /// Bytes of the part that `UploadLayerPart` was last given.
    pub last_part: Option<u64>,
    /// Bytes of a part that was smaller than a part may be which isn't the last.
    pub short_part: Option<u64>,
}

/// What signs the passwords of all registries.
pub enum TokenKey {}

/// What a [`TokenKey`] is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenKeySpec {
    /// 64 random hex digits.
    pub secret: String,
}

impl std::fmt::Debug for TokenKeySpec {
    /// Without the secret, which has no business in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenKeySpec").finish_non_exhaustive()
    }
}

impl TokenKey {
    /// The id of the only one.
    pub const ID: &'static str = "current";
}

macro_rules! records {
    ($($record:ident = $kind:literal, $spec:ty, $plan:ty, $observed:ty;)+) => {$(
        impl Record for $record {
            const KIND: &'static str = $kind;
            type Spec = $spec;
            type Plan = $plan;
            type Observed = $observed;
        }
    )+};
}

records! {
    Repository = "ecr/repository", RepositorySpec, (), ();
    Image = "ecr/image", ImageSpec, (), ImageObserved;
    ImageTag = "ecr/tag", ImageTagSpec, (), ();
    Layer = "ecr/layer", LayerSpec, LayerPlan, ();
    Upload = "ecr/upload", UploadSpec, (), ();
    TokenKey = "ecr/token-key", TokenKeySpec, (), ();
}

impl Key<Repository> {
    /// The repository's ARN.
    pub fn arn(&self) -> Arn {
        Arn::new("ecr", &self.region, &self.account, format!("repository/{}", self.id))
    }
    /// An image of the repository.
    pub fn image(&self, digest: &str) -> Key<Image> {
        Key::new(&self.account, &self.region, format!("{}@{digest}", self.id))
    }
    /// A tag of an image of the repository.
    pub fn tag(&self, tag: &str) -> Key<ImageTag> {
        Key::new(&self.account, &self.region, format!("{}:{tag}", self.id))
    }
    /// A layer of the repository.
    pub fn layer(&self, digest: &str) -> Key<Layer> {
        Key::new(&self.account, &self.region, format!("{}@{digest}", self.id))
    }
    /// An upload into the repository.
    pub fn upload(&self, id: &str) -> Key<Upload> {
        Key::new(&self.account, &self.region, format!("{}@{id}", self.id))
    }
    /// What the ids of its images, layers and uploads begin with.
    pub fn children(&self) -> String {
        format!("{}@", self.id)
    }
    /// What the ids of its tags begin with.
    pub fn tags(&self) -> String {
        format!("{}:", self.id)
    }
}

macro_rules! children {
    ($($record:ident)+) => {$(
        impl Key<$record> {
            /// The part of the id behind the repository's name: a digest, or an upload's id.
            pub fn own_id(&self) -> &str {
                self.id.split_once('@').map_or("", |(_, own)| own)
            }
            /// The repository that it is in.
            pub fn repository(&self) -> Key<Repository> {
                let name = self.id.split_once('@').map_or(&*self.id, |(name, _)| name);
                Key::new(&self.account, &self.region, name)
            }
        }
    )+};
}
children!(Image Layer Upload);

impl Key<ImageTag> {
    /// The tag itself.
    pub fn own_id(&self) -> &str {
        self.id.split_once(':').map_or("", |(_, tag)| tag)
    }
}

impl Key<TokenKey> {
    /// The only one there is.
    pub fn current() -> Self {
        let account = AccountId::parse(AccountId::DEFAULT).expect("twelve digits");
        Self::new(&account, &Region::global(), TokenKey::ID)
    }
}
