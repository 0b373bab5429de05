//! Manifests and indexes: what an image names (OCI image specification, "Image Manifest" and "Image Index"; Docker's "Image Manifest
//! Version 2, Schema 2").

use logic::image_reference::is_digest;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The largest manifest (Amazon ECR quotas; the model's bound of `imageManifest`).
pub const LARGEST: usize = 4 << 20;

/// An OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// What a manifest says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// Its media type.
    pub media_type: String,
    /// What it is of: its `artifactType`, else the media type of its configuration.
    pub artifact_type: Option<String>,
    /// The configuration and the layers that have to be in the registry, each once.
    pub layers: Vec<String>,
    /// The manifests that have to be in the repository, if it is an index.
    pub manifests: Vec<String>,
    /// The manifest that it is about.
    pub subject: Option<String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// Bytes of the configuration and the layers.
    pub size: u64,
}

/// Why a text is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid parameter at 'ImageManifest' failed to satisfy constraint: '{0}'")]
pub struct InvalidManifest(String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: u64,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    #[serde(default)]
    size: u64,
}

impl Descriptor {
    /// Layers that a registry isn't allowed to have are pulled from elsewhere.
    fn is_foreign(&self) -> bool {
        self.media_type.contains(".foreign.") || self.media_type.contains(".nondistributable.")
    }
}

impl Manifest {
    /// Reads a manifest. `stated` is the media type that came with it, which the manifest's own must not contradict.
    pub fn read(bytes: &[u8], stated: Option<&str>) -> Result<Self, InvalidManifest> {
        let document: Document = serde_json::from_slice(bytes).map_err(|_| invalid("Invalid JSON syntax"))?;
        if document.schema_version != 2 {
            return Err(invalid("Only manifests of schema version 2 are supported"));
        }
        let media_type = media_type(&document, stated)?;
        let is_index = matches!(&*media_type, OCI_INDEX | DOCKER_LIST);
        let named: Vec<&Descriptor> = document.config.iter().chain(document.layers.iter().flatten()).collect();
        let manifests: Vec<&Descriptor> = document.manifests.iter().flatten().collect();
        let complete =
            if is_index { document.manifests.is_some() } else { document.config.is_some() && document.layers.is_some() };
        if !complete || is_index != named.is_empty() {
            return Err(invalid("The manifest does not have the parts that its media type asks for"));
        }
        let all = named.iter().chain(&manifests).copied().chain(&document.subject);
        if let Some(bad) = all.into_iter().find(|descriptor| !is_digest(&descriptor.digest)) {
            return Err(invalid(&format!("Invalid digest {}", bad.digest.chars().take(128).collect::<String>())));
        }
        Ok(Self {
            artifact_type: document
                .artifact_type
                .clone()
                .or_else(|| document.config.as_ref().map(|config| config.media_type.clone())),
            layers: digests(named.iter().copied().filter(|descriptor| !descriptor.is_foreign())),
            size: named.iter().fold(0, |sum, descriptor| sum.saturating_add(descriptor.size)),
            manifests: digests(manifests.into_iter()),
            subject: document.subject.as_ref().map(|subject| subject.digest.clone()),
            annotations: document.annotations,
            media_type,
        })
    }
}

fn media_type(document: &Document, stated: Option<&str>) -> Result<String, InvalidManifest> {
    let guessed = if document.manifests.is_some() { OCI_INDEX } else { OCI_MANIFEST };
    // `Content-Type` may have parameters.
    let stated = stated.map(|stated| stated.split(';').next().unwrap_or_default().trim());
    let found = document.media_type.as_deref().or(stated).unwrap_or(guessed);
    if ![OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST].contains(&found) {
        return Err(invalid(&format!("Unsupported media type {}", found.chars().take(128).collect::<String>())));
    }
    if stated.is_some_and(|stated| stated != found) {
        return Err(invalid("The media type differs from the one in the manifest"));
    }
    Ok(found.to_owned())
}

/// Each digest once, in the order in which they come.
fn digests<'a>(descriptors: impl Iterator<Item = &'a Descriptor>) -> Vec<String> {
    let mut digests = Vec::new();
    for descriptor in descriptors {
        if !digests.contains(&descriptor.digest) {
            digests.push(descriptor.digest.clone());
        }
    }
    digests
}

fn invalid(text: &str) -> InvalidManifest {
    InvalidManifest(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn read(document: &Value, stated: Option<&str>) -> Result<Manifest, InvalidManifest> {
        Manifest::read(document.to_string().as_bytes(), stated)
    }

    fn image() -> Value {
        json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": A, "size": 10},
            "layers": [{"mediaType": "x", "digest": B, "size": 20}, {"mediaType": "x", "digest": B, "size": 20}],
        })
    }

    #[test]
    fn an_image_names_its_configuration_and_its_layers() {
        let manifest = read(&image(), None).unwrap();
        assert_eq!(manifest.layers, [A, B]);
        assert_eq!(manifest.size, 50);
        assert_eq!(manifest.artifact_type.as_deref(), Some("application/vnd.oci.image.config.v1+json"));
    }

    #[test]
    fn an_index_names_manifests() {
        let index = json!({"schemaVersion": 2, "manifests": [{"digest": A}, {"digest": B}], "subject": {"digest": A}});
        let manifest = read(&index, None).unwrap();
        assert_eq!((&*manifest.media_type, manifest.manifests.len()), (OCI_INDEX, 2));
        assert_eq!(manifest.subject.as_deref(), Some(A));
    }

    #[test]
    fn layers_from_elsewhere_need_not_be_here() {
        let mut document = image();
        document["layers"][0]["mediaType"] = json!("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
        document["layers"][1]["digest"] = json!(A);
        assert_eq!(read(&document, None).unwrap().layers, [A]);
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let changed = |change: fn(&mut Value)| {
            let mut document = image();
            change(&mut document);
            read(&document, None)
        };
        let changes: [fn(&mut Value); 7] = [
            |m| m["schemaVersion"] = json!(1),
            |m| m["mediaType"] = json!("text/plain"),
            |m| m["config"]["digest"] = json!("sha256:12"),
            |m| m["layers"][0]["digest"] = json!("../../etc/passwd"),
            |m| _ = m.as_object_mut().unwrap().remove("layers"),
            |m| m["mediaType"] = json!(OCI_INDEX),
            |m| m["layers"] = json!("none"),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            assert!(changed(change).is_err(), "change {number}");
        }
        assert!(Manifest::read(b"", None).is_err());
        assert!(read(&image(), Some(OCI_INDEX)).is_err());
        assert!(read(&image(), Some("application/vnd.oci.image.manifest.v1+json; charset=utf-8")).is_ok());
    }
}
