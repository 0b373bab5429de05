//! OCI images on this host: from the digest of a manifest to unpacked layers that an overlay mount can be made of.
//!
//! The way is [`manifest`] (which image is meant for this machine), [`layers`] (each layer unpacked once, by content),
//! [`unpack`] (what a tar entry becomes) and [`place`] (where it may be put). Blobs come from a [`BlobSource`]; who keeps them,
//! and whether they came by a push or come from another registry ([`remote`]), makes no difference. Pushing isn't done here.
//!
//! Everything in a blob is taken for hostile until its digest is verified, and for malformed after that.

pub mod archive;
pub mod blob;
pub mod digest;
pub mod layers;
pub mod layout;
pub mod limits;
pub mod manifest;
pub mod place;
pub mod remote;
pub mod store;
pub mod unpack;

pub use blob::{BlobError, BlobKind, BlobSource, BlobStream, ObjectBlobs};
pub use digest::Digest;
pub use layout::Layout;
pub use limits::ImageLimits;
pub use manifest::{ImageConfig, Platform};
pub use remote::Registries;
pub use store::{ImageStore, Pulled};

/// Why an image can't be had. The texts follow `CannotPullContainerError: `.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// None of the manifests is for this machine (the wording is containerd's, which ECS passes on).
    #[error("image Manifest does not contain descriptor matching platform '{0}'")]
    Platform(Platform),
    /// The registry has no such manifest or blob.
    #[error("{0}: not found")]
    NotFound(String),
    /// What was fetched isn't what its digest says.
    #[error("{what} has the digest {found}, expected {expected}")]
    Digest {
        /// Which blob, for people.
        what: String,
        /// What the manifest or configuration says.
        expected: Digest,
        /// What the content has.
        found: Digest,
    },
    /// A manifest, configuration or layer has not the form it should have.
    #[error("{0}")]
    Malformed(String),
    /// A layer would leave the folder it is unpacked to, or is larger than the host's limits allow.
    #[error("the layer is refused: {0}")]
    Refused(String),
    /// The source or this host's disk failed.
    #[error("{0}")]
    Failed(String),
}

impl From<std::io::Error> for ImageError {
    fn from(error: std::io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT) => Self::Failed("no space left on device".into()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<BlobError> for ImageError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::NotFound(what) => Self::NotFound(what),
            BlobError::Failed(why) => Self::Failed(why),
        }
    }
}
