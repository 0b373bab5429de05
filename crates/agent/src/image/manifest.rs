//! Which image is meant: from an index to the manifest for a platform, and what the image's configuration asks for. Pure.
//!
//! OCI image specification, "Image Manifest", "Image Index" and "Image Configuration"; Docker's image manifest version 2,
//! schema 2 has the same fields under other media types.

use super::{Digest, ImageError};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// An operating system and an architecture in OCI's (that is, Go's) words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// `amd64`, `arm64`.
    pub architecture: String,
}

impl Platform {
    /// The platform that this program was built for, which is the one it runs on.
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "powerpc64" => "ppc64le",
            other => other,
        };
        Self { os: "linux".into(), architecture: architecture.into() }
    }

    fn matches(&self, os: &str, architecture: &str) -> bool {
        self.os == os && self.architecture == architecture
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)
    }
}

/// A reference to a blob.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the blob is.
    #[serde(default)]
    pub media_type: String,
    /// Of the blob's bytes.
    pub digest: Digest,
    /// Of the blob, in bytes.
    #[serde(default)]
    pub size: u64,
    platform: Option<DescriptorPlatform>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct DescriptorPlatform {
    os: String,
    architecture: String,
}

/// What a reference's digest leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// A list of manifests, one for each platform.
    Index(Vec<Descriptor>),
    /// One image.
    Manifest(Manifest),
}

/// The blobs of one image.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Manifest {
    /// The image's configuration.
    pub config: Descriptor,
    /// The lowest first.
    pub layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct AnyDocument {
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
}

/// Reads a manifest or an index.
pub fn parse_document(bytes: &[u8]) -> Result<Document, ImageError> {
    let any: AnyDocument = parse(bytes, "manifest")?;
    match any {
        AnyDocument { manifests: Some(manifests), config: None, layers: None } => Ok(Document::Index(manifests)),
        AnyDocument { manifests: None, config: Some(config), layers: Some(layers) } => {
            Ok(Document::Manifest(Manifest { config, layers }))
        }
        _ => Err(ImageError::Malformed("the manifest is neither an image manifest (version 2) nor an index".into())),
    }
}

/// Chooses the manifest for a platform; one that names no platform serves where no other does.
pub fn choose<'a>(index: &'a [Descriptor], platform: &Platform) -> Result<&'a Descriptor, ImageError> {
    let fits = |d: &&Descriptor| d.platform.as_ref().is_some_and(|p| platform.matches(&p.os, &p.architecture));
    let unsaid = |d: &&Descriptor| d.platform.is_none();
    let found = index.iter().find(fits).or_else(|| index.iter().find(unsaid));
    found.ok_or_else(|| ImageError::Platform(platform.clone()))
}

/// What an image's configuration says that matters for running it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// Runs first, with `command` as its arguments.
    pub entry_point: Vec<String>,
    /// See `entry_point`.
    pub command: Vec<String>,
    /// `NAME=value`.
    pub environment: Vec<String>,
    /// Empty is `/`.
    pub working_directory: String,
    /// `user`, `user:group`, `uid`, `uid:gid`; empty is root.
    pub user: String,
    /// By name, `SIGTERM` if the image doesn't say.
    pub stop_signal: Option<String>,
}

/// Reads a configuration: what matters for running, and the digests of the unpacked layers.
pub fn parse_config(bytes: &[u8], platform: &Platform) -> Result<(ImageConfig, Vec<Digest>), ImageError> {
    #[derive(Deserialize)]
    struct File {
        architecture: String,
        os: String,
        config: Option<Config>,
        rootfs: RootFs,
    }
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "PascalCase", default)]
    struct Config {
        entrypoint: Option<Vec<String>>,
        cmd: Option<Vec<String>>,
        env: Option<Vec<String>>,
        working_dir: Option<String>,
        user: Option<String>,
        stop_signal: Option<String>,
        #[serde(flatten)]
        _others: BTreeMap<String, serde::de::IgnoredAny>,
    }
    #[derive(Deserialize)]
    struct RootFs {
        diff_ids: Vec<Digest>,
    }
    let file: File = parse(bytes, "image configuration")?;
    if !platform.matches(&file.os, &file.architecture) {
        return Err(ImageError::Platform(platform.clone()));
    }
    let config = file.config.unwrap_or_default();
    let config = ImageConfig {
        entry_point: config.entrypoint.unwrap_or_default(),
        command: config.cmd.unwrap_or_default(),
        environment: config.env.unwrap_or_default(),
        working_directory: config.working_dir.unwrap_or_default(),
        user: config.user.unwrap_or_default(),
        stop_signal: config.stop_signal,
    };
    Ok((config, file.rootfs.diff_ids))
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8], what: &str) -> Result<T, ImageError> {
    serde_json::from_slice(bytes).map_err(|error| ImageError::Malformed(format!("the {what} can't be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linux(architecture: &str) -> Platform {
        Platform { os: "linux".into(), architecture: architecture.into() }
    }

    fn index(platforms: &[Option<&str>]) -> Vec<Descriptor> {
        let descriptor = |(n, architecture): (usize, &Option<&str>)| Descriptor {
            media_type: String::new(),
            digest: Digest::sha256(&[n as u8]),
            size: 0,
            platform: architecture.map(|a| DescriptorPlatform { os: "linux".into(), architecture: a.into() }),
        };
        platforms.iter().enumerate().map(descriptor).collect()
    }

    #[test]
    fn an_index_gives_the_manifest_for_the_platform() {
        let all = index(&[Some("arm64"), Some("unknown"), Some("amd64")]);
        assert_eq!(choose(&all, &linux("amd64")).unwrap(), &all[2]);
        let error = choose(&all, &linux("riscv64")).unwrap_err().to_string();
        assert_eq!(error, "image Manifest does not contain descriptor matching platform 'linux/riscv64'");
    }

    #[test]
    fn a_descriptor_without_a_platform_serves_where_none_fits() {
        let all = index(&[None, Some("amd64")]);
        assert_eq!(choose(&all, &linux("amd64")).unwrap(), &all[1]);
        assert_eq!(choose(&all, &linux("arm64")).unwrap(), &all[0]);
    }

    #[test]
    fn a_configuration_for_another_architecture_is_refused() {
        let config = br#"{"architecture":"s390x","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
        assert!(matches!(parse_config(config, &linux("amd64")), Err(ImageError::Platform(_))));
    }

    #[test]
    fn a_configuration_is_read_with_nulls_and_unknown_fields() {
        let config = br#"{"architecture":"amd64","os":"linux","rootfs":{"diff_ids":[]},
            "config":{"Cmd":["nginx"],"Entrypoint":null,"Env":["A=b"],"ExposedPorts":{"80/tcp":{}},"User":"www"}}"#;
        let (config, layers) = parse_config(config, &linux("amd64")).unwrap();
        assert_eq!((config.command, config.user, layers), (vec!["nginx".to_owned()], "www".to_owned(), vec![]));
    }

    #[test]
    fn what_is_no_image_is_said_to_be_none() {
        for text in ["", "{}", "[]", r#"{"schemaVersion":1,"fsLayers":[]}"#, r#"{"manifests":[],"layers":[]}"#] {
            assert!(matches!(parse_document(text.as_bytes()), Err(ImageError::Malformed(_))), "{text}");
        }
    }
}
