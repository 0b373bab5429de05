//! What runs: a zip, or a container image.

use crate::{AccountId, Key, Region, ecr};
use serde::{Deserialize, Serialize};

/// The code of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Code {
    /// A zip with the code; the runtime is the cloud's.
    Zip(Archive),
    /// An image that brings everything.
    Image(ImageCode),
}

impl Code {
    /// `CodeSha256`'s bytes, in hexadecimal digits.
    pub fn sha256(&self) -> &str {
        match self {
            Self::Zip(archive) => &archive.sha256,
            Self::Image(image) => image.digest.split_once(':').map_or("", |(_, hex)| hex),
        }
    }

    /// The zip, if it is one.
    pub fn archive(&self) -> Option<&Archive> {
        match self {
            Self::Zip(archive) => Some(archive),
            Self::Image(_) => None,
        }
    }

    /// `CodeSize`: bytes of the zip.
    pub fn size(&self) -> u64 {
        self.archive().map_or(0, |archive| archive.size)
    }
}

/// A zip whose entries were found to be harmless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// Its digest, in 64 hexadecimal digits.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
    /// The bytes of what is in it.
    pub unzipped: u64,
}

impl Archive {
    /// The digest as the blob store has it.
    pub fn digest(&self) -> String {
        format!("sha256:{}", self.sha256)
    }
}

/// An image in one of the cloud's own registries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageCode {
    /// `ImageUri`, as it was given.
    pub uri: String,
    /// Whose registry.
    pub account: AccountId,
    /// Where that is.
    pub region: Region,
    /// The repository's name.
    pub repository: String,
    /// The digest of the manifest that the reference named when it was given.
    pub digest: String,
}

impl ImageCode {
    /// The repository.
    pub fn key(&self) -> Key<ecr::Repository> {
        Key::new(&self.account, &self.region, self.repository.clone())
    }

    /// Where its blobs stand in the blob store.
    pub fn namespace(&self) -> String {
        ecr::blob_namespace(&self.account, &self.region)
    }

    /// `ResolvedImageUri`: the image by its digest.
    pub fn resolved(&self) -> String {
        let (name, _) = self.uri.split_once('@').unwrap_or((&self.uri, ""));
        let name = match name.rsplit_once(':') {
            Some((before, tag)) if !tag.contains('/') => before,
            _ => name,
        };
        format!("{name}@{}", self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_resolved_to_its_digest() {
        let of = |uri: &str| ImageCode {
            uri: uri.into(),
            account: AccountId::parse("111122223333").unwrap(),
            region: Region::parse("eu-west-1").unwrap(),
            repository: "web".into(),
            digest: "sha256:12".into(),
        };
        for uri in ["localhost:4566/web:v1", "localhost:4566/web", "localhost:4566/web:v1@sha256:12"] {
            assert_eq!(of(uri).resolved(), "localhost:4566/web@sha256:12");
        }
        assert_eq!(Code::Image(of("a/web")).sha256(), "12");
    }
}
