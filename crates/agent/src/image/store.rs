//! The images of one host: what was pulled, and what of it is still needed.

use super::{
    BlobKind, BlobSource, Digest, ImageConfig, ImageError, ImageLimits, Platform,
    blob::at_most,
    layers::{LayerId, Layers},
    manifest::{Document, Manifest, choose, parse_config, parse_document},
};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The image store of a host, in a folder that only its owner can enter.
pub struct ImageStore {
    records: PathBuf,
    layers: Layers,
    limits: ImageLimits,
    platform: Platform,
    /// Pulls hold it shared, the removal of what isn't needed holds it alone.
    in_use: tokio::sync::RwLock<()>,
    /// Pulled since the last removal.
    recent: Mutex<BTreeSet<Digest>>,
}

/// An image that is ready to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pulled {
    /// Of the manifest, which an index may have led to.
    pub digest: Digest,
    /// What it asks for.
    pub config: ImageConfig,
    /// Diff ids, the lowest layer first.
    pub layers: Vec<Digest>,
}

/// How many layers of one image are brought in at once.
const LAYERS_AT_ONCE: usize = 3;

impl ImageStore {
    /// Takes a folder, makes it if need be.
    pub fn open(folder: &Path, limits: ImageLimits) -> io::Result<Self> {
        let records = folder.join("manifests");
        fs::create_dir_all(&records)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        let layers = Layers::open(folder.join("layers"), limits.clone())?;
        Ok(Self { records, layers, limits, platform: Platform::host(), in_use: Default::default(), recent: Mutex::default() })
    }

    /// Brings in the image that a digest names, or finds that it is there already.
    pub async fn pull(&self, source: &dyn BlobSource, namespace: &str, digest: &Digest) -> Result<Pulled, ImageError> {
        let _shared = self.in_use.read().await;
        let pulled = self.fetch(source, namespace, digest).await?;
        self.recent().insert(pulled.digest.clone());
        Ok(pulled)
    }

    async fn fetch(&self, source: &dyn BlobSource, namespace: &str, digest: &Digest) -> Result<Pulled, ImageError> {
        if let Some(pulled) = self.recorded(digest) {
            return Ok(pulled);
        }
        let from = From { source, namespace, limits: &self.limits };
        let (digest, manifest) = self.manifest(&from, digest).await?;
        if let Some(pulled) = self.recorded(&digest) {
            return Ok(pulled);
        }
        let config = from.document(BlobKind::Content, &manifest.config.digest).await?;
        let (config, diffs) = parse_config(&config, &self.platform)?;
        let layers = self.layer_ids(&manifest, diffs)?;
        self.bring(&from, &layers).await?;
        let pulled = Pulled { digest, config, layers: layers.into_iter().map(|layer| layer.diff).collect() };
        self.record(&pulled)?;
        Ok(pulled)
    }

    /// How large images may be here.
    pub fn limits(&self) -> &ImageLimits {
        &self.limits
    }

    /// The folders of an image's layers, the lowest first.
    pub fn layer_paths(&self, pulled: &Pulled) -> Vec<PathBuf> {
        pulled.layers.iter().map(|diff| self.layers.path(diff)).collect()
    }

    /// Removes the images whose manifest isn't named and that were not pulled since the last call, and the layers that no image is left
    /// for. Does nothing while an image is being pulled.
    pub async fn gc(&self, in_use: &BTreeSet<Digest>) -> io::Result<()> {
        let Ok(_alone) = self.in_use.try_write() else { return Ok(()) };
        let recent = std::mem::take(&mut *self.recent());
        let mut needed = BTreeSet::new();
        for entry in fs::read_dir(&self.records)? {
            let path = entry?.path();
            match read_record(&path).filter(|pulled| in_use.contains(&pulled.digest) || recent.contains(&pulled.digest)) {
                Some(pulled) => needed.extend(pulled.layers),
                None => fs::remove_file(&path)?,
            }
        }
        self.layers.retain(&needed)
    }

    fn recent(&self) -> MutexGuard<'_, BTreeSet<Digest>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn manifest(&self, from: &From<'_>, digest: &Digest) -> Result<(Digest, Manifest), ImageError> {
        let mut digest = digest.clone();
        // An index may name an index; images don't go deeper.
        for _ in 0..3 {
            match parse_document(&from.document(BlobKind::Manifest, &digest).await?)? {
                Document::Manifest(manifest) => return Ok((digest, manifest)),
                Document::Index(index) => digest = choose(&index, &self.platform)?.digest.clone(),
            }
        }
        Err(ImageError::Malformed("the index leads to one index after the other".into()))
    }

    fn layer_ids(&self, manifest: &Manifest, diffs: Vec<Digest>) -> Result<Vec<LayerId>, ImageError> {
        if manifest.layers.len() != diffs.len() {
            return Err(ImageError::Malformed("the manifest and the configuration differ in the number of layers".into()));
        }
        if diffs.len() > self.limits.layers {
            return Err(ImageError::Refused(format!("the image has more than {} layers", self.limits.layers)));
        }
        let ids =
            manifest.layers.iter().zip(diffs).map(|(layer, diff)| LayerId { blob: layer.digest.clone(), size: layer.size, diff });
        Ok(ids.collect())
    }

    async fn bring(&self, from: &From<'_>, layers: &[LayerId]) -> Result<(), ImageError> {
        let one = |layer: LayerId| async move {
            let open = async || Ok(at_most(from.source.open(from.namespace, BlobKind::Content, &layer.blob).await?, layer.size));
            self.layers.ensure(&layer, open).await
        };
        // Collected first: a stream over borrowed layers isn't general enough for the compiler in a spawned task.
        let work: Vec<_> = layers.iter().cloned().map(one).collect();
        let mut running = futures::stream::iter(work).buffer_unordered(LAYERS_AT_ONCE);
        while let Some(done) = running.next().await {
            done?;
        }
        Ok(())
    }

    fn recorded(&self, digest: &Digest) -> Option<Pulled> {
        let pulled = read_record(&self.records.join(digest.hex()))?;
        self.layer_paths(&pulled).iter().all(|path| path.is_dir()).then_some(pulled)
    }

    fn record(&self, pulled: &Pulled) -> Result<(), ImageError> {
        let text = serde_json::to_vec(pulled).map_err(|error| ImageError::Failed(error.to_string()))?;
        Ok(crate::disk::write_whole(&self.records.join(pulled.digest.hex()), &text)?)
    }
}

fn read_record(path: &Path) -> Option<Pulled> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Where an image is pulled from.
struct From<'a> {
    source: &'a dyn BlobSource,
    namespace: &'a str,
    limits: &'a ImageLimits,
}

impl From<'_> {
    /// A manifest, index or configuration, verified.
    async fn document(&self, kind: BlobKind, digest: &Digest) -> Result<Vec<u8>, ImageError> {
        let mut stream = self.source.open(self.namespace, kind, digest).await?;
        let mut document = Vec::new();
        while let Some(part) = stream.next().await {
            document.extend_from_slice(&part?);
            if document.len() as u64 > self.limits.document_bytes {
                return Err(ImageError::Refused(format!("{digest} has more than {} bytes", self.limits.document_bytes)));
            }
        }
        let mut hasher = digest.hasher();
        hasher.update(&document);
        match hasher.finish() {
            found if found == *digest => Ok(document),
            found => Err(ImageError::Digest { what: "the manifest".into(), expected: digest.clone(), found }),
        }
    }
}
