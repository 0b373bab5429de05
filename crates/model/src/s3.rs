//! The records of S3. A bucket's name is its own in the whole cloud, whichever account and region it is of.
//!
//! | record | id | `Spec` by | besides |
//! |---|---|---|---|
//! | [`Bucket`] | `<name>` | handlers | |
//! | [`Object`] | `<bucket>/<key>` | handlers, the lifecycle | the version that a key shows, which may be a delete marker |
//! | [`Version`] | `<bucket>/<key>` NUL `<order>` | handlers, the lifecycle | what a key has shown before, the newest first |
//! | [`Upload`] | `<bucket>/<key>` NUL `<upload id>` | handlers, the lifecycle | a multipart upload |
//! | [`Part`] | `<upload id>/<number>` | handlers, the lifecycle | with five digits |
//! | [`Blob`] | `<id>` | handlers, the lifecycle | how many refer to the bytes |
//! | [`Restore`] | `<bucket>/<key>` NUL `<order>` | handlers | the copy of an archived version; `Plan` and its end by the reconciler |
//! | [`StoreKey`] | `<id>` | whichever handler needs it first | what keys of contents are sealed by (SSE-S3) |
//!
//! Bytes stand, encrypted, in files by the id of their blob, or in the blob's record if they are few. All records stand in one place
//! ([`key`]), since nothing but their ids is unique.

use crate::{AccountId, Key, Record, Region, Timestamp, kms::Secret};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a record of S3 stands.
pub fn key<R: Record>(id: impl Into<String>) -> Key<R> {
    Key::new(&account(), &Region::global(), id)
}

/// The account that all records of S3 stand under.
pub fn account() -> AccountId {
    AccountId::parse(AccountId::DEFAULT).expect("twelve digits")
}

macro_rules! record {
    ($(#[$doc:meta])* $name:ident = $kind:literal, $spec:ident) => {
        $(#[$doc])*
        pub enum $name {}
        impl Record for $name {
            const KIND: &'static str = $kind;
            type Spec = $spec;
            type Plan = ();
            type Observed = ();
        }
    };
}

record!(
    /// A bucket.
    Bucket = "s3/bucket", BucketSpec
);
record!(
    /// What a key shows now.
    Object = "s3/object", VersionSpec
);
record!(
    /// What a key has shown before.
    Version = "s3/version", VersionSpec
);
record!(
    /// A multipart upload that is under way.
    Upload = "s3/upload", UploadSpec
);
record!(
    /// A part of an upload.
    Part = "s3/part", PartSpec
);
record!(
    /// Bytes that are referred to.
    Blob = "s3/blob", BlobSpec
);

/// The copy of an archived version that was asked for, in a record of its own: so that what is due is found without a look at all
/// objects. The reconciler deletes it when the copy goes, or the version has gone.
pub enum Restore {}

impl Record for Restore {
    const KIND: &'static str = "s3/restore";
    type Spec = RestoreSpec;
    type Plan = RestorePlan;
    type Observed = ();
}

record!(
    /// A key of the store's own.
    StoreKey = "s3/store-key", StoreKeySpec
);

/// What a [`Bucket`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketSpec {
    /// Whose it is.
    pub owner: AccountId,
    /// Where it is.
    pub region: Region,
    /// When it was made.
    pub created: Timestamp,
    /// Whether versions are kept; none if it never was asked for.
    pub versioning: Option<Versioning>,
    /// Whether versions can be locked, which is for ever.
    pub object_lock: bool,
    /// Whose its objects are: a value of `ObjectOwnership`.
    pub ownership: String,
    /// What its access control list grants besides the owner's full control.
    pub grants: Vec<Grant>,
    /// Its policy, as it was written.
    pub policy: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its other settings, by their names ([`setting`]), as the text of what the request said.
    pub settings: BTreeMap<String, String>,
}

/// The names of settings of a bucket.
pub mod setting {
    /// The rules of a `CORSConfiguration`.
    pub const CORS: &str = "cors";
    /// `ServerSideEncryptionConfiguration`.
    pub const ENCRYPTION: &str = "encryption";
    /// The rules of a `BucketLifecycleConfiguration`.
    pub const LIFECYCLE: &str = "lifecycle";
    /// The `TransitionDefaultMinimumObjectSize` of those rules.
    pub const LIFECYCLE_MINIMUM: &str = "lifecycle-minimum";
    /// `MFADelete` of a `VersioningConfiguration`, which is shown once it was said.
    pub const MFA_DELETE: &str = "mfa-delete";
    /// `NotificationConfiguration`.
    pub const NOTIFICATION: &str = "notification";
    /// `ObjectLockConfiguration`.
    pub const OBJECT_LOCK: &str = "object-lock";
    /// `PublicAccessBlockConfiguration`.
    pub const PUBLIC_ACCESS_BLOCK: &str = "public-access-block";
    /// `OwnershipControls`: whether they were set or deleted.
    pub const OWNERSHIP: &str = "ownership";
    /// `RequestPaymentConfiguration`.
    pub const REQUEST_PAYMENT: &str = "request-payment";
}

/// Whether a bucket keeps versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Versioning {
    /// Every version has an id and stays.
    Enabled,
    /// What has an id stays; what is written has none, and takes the place of what had none.
    Suspended,
}

/// What an access control list grants to somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// To whom.
    pub to: Grantee,
    /// A value of `Permission`, such as `READ`.
    pub permission: String,
}

/// Who is granted something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grantee {
    /// An account.
    Account(AccountId),
    /// A group of Amazon's, by its URI.
    Group(String),
}

/// What an [`Object`] or a [`Version`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionSpec {
    /// When it was written, in the order of writing: milliseconds and a count.
    pub order: u64,
    /// Its id; none for the null version.
    pub id: Option<String>,
    /// When it was written.
    pub modified: Timestamp,
    /// Whose it is.
    pub owner: AccountId,
    /// The content; none for a delete marker.
    pub content: Option<Content>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What its access control list grants besides the owner's full control.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
    /// How it is locked.
    #[serde(default, skip_serializing_if = "Lock::is_open")]
    pub lock: Lock,
}

/// The content of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The id of its blob.
    pub blob: String,
    /// Bytes.
    pub size: u64,
    /// Without the quotes.
    pub etag: String,
    /// The checksum that it was stored with.
    pub checksum: Option<Checksum>,
    /// A value of `StorageClass`.
    pub class: String,
    /// Headers that are given back with it, by lower-case names: `content-type` and the like, and `x-amz-meta-…`.
    pub headers: BTreeMap<String, String>,
    /// The key of its bytes. What was written before bytes were encrypted has none, and stands in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
}

/// The key that the bytes of a content are encrypted with, sealed: each of its blobs has a key that follows from this one and the blob's
/// id. Contents that share bytes have the same key under seals of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seal {
    /// SSE-S3: by a key of the store's own.
    Store {
        /// The id of the [`StoreKey`].
        by: String,
        /// The sealed key, in base64.
        key: String,
    },
    /// SSE-KMS: by a key of KMS.
    Kms {
        /// The key's ARN.
        arn: String,
        /// The ciphertext of KMS, in base64.
        key: String,
        /// The encryption context of the ciphertext.
        context: BTreeMap<String, String>,
        /// Whether the context is the bucket's, as with an S3 Bucket Key.
        bucket_key: bool,
    },
    /// SSE-C: by a key that each request brings.
    Customer {
        /// The sealed key, in base64.
        key: String,
    },
}

/// What a [`StoreKey`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreKeySpec {
    /// When it was made.
    pub created: Timestamp,
    /// 256 bits for AES.
    pub bytes: Secret,
}

/// A checksum of a content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// A value of `ChecksumAlgorithm`.
    pub algorithm: String,
    /// In base64; a composite one ends in `-<parts>`.
    pub value: String,
    /// Whether it is one of the checksums of parts.
    pub composite: bool,
}

/// What a [`Restore`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreSpec {
    /// The blob of the version: another content in the version's place isn't meant.
    pub blob: String,
    /// A value of `Tier`.
    pub tier: String,
    /// How many days the copy stays.
    pub days: i32,
    /// When it was asked for.
    pub requested: Timestamp,
    /// When the copy is there.
    pub ready: Timestamp,
    /// When it goes.
    pub expires: Timestamp,
}

/// What was done about a [`Restore`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestorePlan {
    /// Of which copy it was told that it is there: when that was.
    pub told: Option<Timestamp>,
}

/// How a version is locked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Until when it stays, and whether somebody may shorten it.
    pub retention: Option<Retention>,
    /// Whether it stays whatever the retention says.
    pub legal_hold: bool,
}

impl Lock {
    /// Whether nothing was said of it.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

/// Until when a version stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// `COMPLIANCE`: nobody can shorten it. Else `GOVERNANCE`: whoever has the permission can.
    pub compliance: bool,
    /// Until then.
    pub until: Timestamp,
}

/// What an [`Upload`] is to become.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadSpec {
    /// When it was begun.
    pub initiated: Timestamp,
    /// By whom: the ARN.
    pub initiator: String,
    /// What it is to be, without content: class and headers count.
    pub draft: VersionSpec,
    /// The checksum that parts are to have: a value of `ChecksumAlgorithm`.
    pub algorithm: Option<String>,
    /// Whether the checksum of the whole is one of the parts' checksums.
    pub composite: bool,
}

/// What a [`Part`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSpec {
    /// The id of its blob.
    pub blob: String,
    /// Bytes.
    pub size: u64,
    /// Without the quotes.
    pub etag: String,
    /// Its checksum.
    pub checksum: Option<Checksum>,
    /// When it was uploaded.
    pub modified: Timestamp,
}

/// What a [`Blob`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobSpec {
    /// How many versions, parts and other blobs refer to it. One that nobody refers to is deleted.
    pub references: u32,
    /// Where the bytes are.
    pub place: Place,
}

/// Where the bytes of a [`Blob`] are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// In the file of its id.
    File,
    /// Here, in base64, as the file would have them.
    Here(String),
    /// In other blobs, one after another.
    Parts(Vec<Piece>),
}

/// A part of a content: blob, bytes, number, checksum in base64 or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece(pub String, pub u64, pub u32, pub String);

impl Object {
    /// Where the current version of a key stands.
    pub fn key(bucket: &str, name: &str) -> Key<Self> {
        key(format!("{bucket}/{name}"))
    }
}

impl Version {
    /// Where an earlier version of a key stands.
    pub fn key(bucket: &str, name: &str, order: u64) -> Key<Self> {
        key(format!("{}{:016x}", Self::prefix(bucket, name), u64::MAX - order))
    }

    /// What the ids of all earlier versions of a key begin with.
    pub fn prefix(bucket: &str, name: &str) -> String {
        format!("{bucket}/{name}\0")
    }
}

impl Restore {
    /// Where the copy of a version stands.
    pub fn key(bucket: &str, name: &str, order: u64) -> Key<Self> {
        key(format!("{bucket}/{name}\0{order:016x}"))
    }
}

impl Upload {
    /// Where an upload stands.
    pub fn key(bucket: &str, name: &str, id: &str) -> Key<Self> {
        key(format!("{bucket}/{name}\0{id}"))
    }
}

impl Part {
    /// Where a part stands.
    pub fn key(upload: &str, number: u32) -> Key<Self> {
        key(format!("{upload}/{number:05}"))
    }
}

impl VersionSpec {
    /// Its id, or `null`.
    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or("null")
    }
}
