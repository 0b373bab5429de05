//! What the tests of this crate have in common: images made in memory, and the announcement of a skipped test.
#![allow(dead_code, missing_docs)]

pub mod contract;
pub mod distribution;
pub mod machine;
pub mod real;
pub mod registry;
pub mod workload;

use agent::image::{BlobError, BlobKind, BlobSource, BlobStream, Digest};
use bytes::Bytes;
use futures::{StreamExt, stream};
use std::{
    collections::HashMap,
    io::Write,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

/// Says loudly that a test proves nothing here, and why; `true` means: go on.
pub fn is_root(test: &str) -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        eprintln!("SKIPPED {test}: it needs root");
    }
    root
}

/// Blobs in memory, cut in small parts, with a count of how often one was opened.
#[derive(Default)]
pub struct MemoryBlobs {
    blobs: HashMap<Digest, Vec<u8>>,
    pub opened: AtomicUsize,
}

#[async_trait::async_trait]
impl BlobSource for MemoryBlobs {
    async fn open(&self, _: &str, _: BlobKind, digest: &Digest) -> Result<BlobStream, BlobError> {
        self.opened.fetch_add(1, SeqCst);
        let blob = self.blobs.get(digest).ok_or_else(|| BlobError::NotFound(digest.to_string()))?;
        let parts: Vec<_> = blob.chunks(1000).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
        Ok(stream::iter(parts).boxed())
    }
}

impl MemoryBlobs {
    pub fn add(&mut self, blob: Vec<u8>) -> Digest {
        let digest = Digest::sha256(&blob);
        self.blobs.insert(digest.clone(), blob);
        digest
    }

    /// A blob's bytes.
    pub fn bytes(&self, digest: &str) -> Option<Vec<u8>> {
        self.blobs.get(&digest.parse().ok()?).cloned()
    }

    /// Puts other bytes under a digest than those it is of.
    pub fn forge(&mut self, digest: &Digest, blob: Vec<u8>) {
        self.blobs.insert(digest.clone(), blob);
    }

    /// An image of tar archives, each compressed in the way it says; `config` is the `config` object.
    pub fn image(&mut self, layers: &[(Packing, Vec<u8>)], config: serde_json::Value) -> Digest {
        self.image_for(std::env::consts::ARCH, layers, config)
    }

    pub fn image_for(&mut self, arch: &str, layers: &[(Packing, Vec<u8>)], config: serde_json::Value) -> Digest {
        let architecture = if arch == "x86_64" { "amd64" } else { arch };
        let diffs: Vec<_> = layers.iter().map(|(_, tar)| Digest::sha256(tar)).collect();
        let config = serde_json::json!({
            "architecture": architecture, "os": "linux", "config": config,
            "rootfs": {"type": "layers", "diff_ids": diffs},
        });
        let config = self.add(config.to_string().into_bytes());
        let layers: Vec<_> = layers.iter().map(|(packing, tar)| self.add(packing.pack(tar))).collect();
        let layers: Vec<_> = layers.iter().map(|digest| serde_json::json!({"digest": digest})).collect();
        let manifest = serde_json::json!({"schemaVersion": 2, "config": {"digest": config}, "layers": layers});
        self.add(manifest.to_string().into_bytes())
    }
}

#[derive(Clone, Copy)]
pub enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    pub fn pack(self, tar: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => tar.to_vec(),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
                encoder.write_all(tar).unwrap();
                encoder.finish().unwrap()
            }
            Self::Zstd => zstd::encode_all(tar, 19).unwrap(),
        }
    }
}

/// Builds archives, hostile ones too: names are written as they are given.
pub struct Layer(tar::Builder<Vec<u8>>);

impl Layer {
    pub fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    pub fn entry(mut self, kind: tar::EntryType, name: &str, link: &str, mode: u32, content: &[u8]) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1_000_000_000);
        header.set_size(content.len() as u64);
        let gnu = header.as_gnu_mut().unwrap();
        gnu.name[..name.len()].copy_from_slice(name.as_bytes());
        gnu.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        self.0.append(&header, content).unwrap();
        self
    }

    pub fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(tar::EntryType::Regular, name, "", 0o644, content)
    }

    pub fn program(self, name: &str, content: &[u8]) -> Self {
        self.entry(tar::EntryType::Regular, name, "", 0o755, content)
    }

    pub fn folder(self, name: &str, mode: u32) -> Self {
        self.entry(tar::EntryType::Directory, name, "", mode, b"")
    }

    pub fn symlink(self, name: &str, target: &str) -> Self {
        self.entry(tar::EntryType::Symlink, name, target, 0o777, b"")
    }

    pub fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(tar::EntryType::Link, name, target, 0o644, b"")
    }

    /// Applies an extended header to the next entry.
    pub fn pax(mut self, records: &[(&str, &[u8])]) -> Self {
        self.0.append_pax_extensions(records.iter().copied()).unwrap();
        self
    }

    pub fn builder(&mut self) -> &mut tar::Builder<Vec<u8>> {
        &mut self.0
    }

    pub fn tar(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}
