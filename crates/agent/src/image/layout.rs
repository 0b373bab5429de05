//! Images in folders of this machine: OCI image layouts (OCI image specification, "Image Layout Specification"), as other tools write them.

use super::{Digest, ImageError, ImageStore, ObjectBlobs, Pulled};
use object_store::local::LocalFileSystem;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

/// How a reference to an image in a folder begins: `oci:FOLDER` or `oci:FOLDER:TAG`, as with other tools.
pub const SCHEME: &str = "oci:";
/// The folder of a layout's blobs.
const BLOBS: &str = "blobs";
/// Which name an image has in its layout.
const NAME: &str = "org.opencontainers.image.ref.name";

/// An image in a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The layout.
    pub folder: PathBuf,
    /// Which of its images; the only one, if nothing is said.
    pub tag: Option<String>,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Manifest>,
}

#[derive(Deserialize)]
struct Manifest {
    digest: Digest,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl Layout {
    /// What a reference names; none if it is one to a registry.
    pub fn of(reference: &str) -> Option<Self> {
        let path = reference.strip_prefix(SCHEME)?;
        let (folder, tag) = match path.rsplit_once(':') {
            Some((folder, tag)) if !Path::new(path).is_dir() => (folder, Some(tag.to_owned())),
            _ => (path, None),
        };
        Some(Self { folder: folder.into(), tag })
    }

    /// Brings the image into a store.
    ///
    /// # Errors
    /// If it isn't there, isn't for this machine, or isn't what an image should be.
    pub async fn pull(&self, images: &ImageStore) -> Result<Pulled, ImageError> {
        let digest = self.digest(images.limits().document_bytes)?;
        let files = LocalFileSystem::new_with_prefix(&self.folder).map_err(|error| ImageError::Failed(error.to_string()))?;
        images.pull(&ObjectBlobs(Arc::new(files)), BLOBS, &digest).await
    }

    /// The digest of the image's manifest or index.
    fn digest(&self, limit: u64) -> Result<Digest, ImageError> {
        let path = self.folder.join("index.json");
        let unreadable = |error: &dyn std::fmt::Display| ImageError::Failed(format!("{}: {error}", path.display()));
        let mut text = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(limit).read_to_end(&mut text));
        read.map_err(|error| unreadable(&error))?;
        let Index { mut manifests } = serde_json::from_slice(&text).map_err(|error| unreadable(&error))?;
        match &self.tag {
            Some(tag) => manifests.retain(|it| it.annotations.get(NAME) == Some(tag)),
            None if manifests.len() > 1 => return Err(unreadable(&"it has several images: name one, as oci:FOLDER:TAG")),
            None => {}
        }
        manifests.pop().map(|it| it.digest).ok_or_else(|| ImageError::NotFound(path.display().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_name_a_folder_and_perhaps_a_tag() {
        let folder = tempfile::tempdir().unwrap();
        let colon = folder.path().join("a:b");
        std::fs::create_dir(&colon).unwrap();
        let of = |reference: &str| Layout::of(reference).map(|it| (it.folder.display().to_string(), it.tag));
        assert_eq!(of("registry.example/ruby:3.4"), None);
        assert_eq!(of("oci:/images/ruby"), Some(("/images/ruby".into(), None)));
        assert_eq!(of("oci:/images/ruby:3.4"), Some(("/images/ruby".into(), Some("3.4".into()))));
        assert_eq!(of(&format!("oci:{}", colon.display())), Some((colon.display().to_string(), None)));
    }

    #[test]
    fn an_image_is_found_by_its_name_or_by_being_the_only_one() {
        let folder = tempfile::tempdir().unwrap();
        let digest = |of: char| format!("sha256:{}", of.to_string().repeat(64));
        let digest_of = |tag: Option<&str>, manifests: serde_json::Value| {
            std::fs::write(folder.path().join("index.json"), serde_json::json!({"manifests": manifests}).to_string()).unwrap();
            Layout { folder: folder.path().into(), tag: tag.map(str::to_owned) }.digest(1000).map(|it| it.to_string())
        };
        let one = serde_json::json!({"digest": digest('1')});
        let named = serde_json::json!({"digest": digest('2'), "annotations": {NAME: "latest"}});
        assert_eq!(digest_of(None, serde_json::json!([one])).unwrap(), digest('1'));
        assert_eq!(digest_of(Some("latest"), serde_json::json!([one, named])).unwrap(), digest('2'));
        assert!(digest_of(None, serde_json::json!([one, named])).unwrap_err().to_string().contains("several images"));
        assert!(matches!(digest_of(Some("other"), serde_json::json!([one, named])), Err(ImageError::NotFound(_))));
    }
}
