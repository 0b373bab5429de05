//! Images of registries elsewhere, pulled over the OCI distribution protocol: Docker Hub and any other that the host reaches.
//!
//! [`Registries`] is the way in. [`endpoint`] knows where a repository is, [`access`] proves who asks, [`exchange`] asks, and
//! [`download`] hands bodies to the image store, which verifies and keeps them as it does those of the cloud's own registry.
//! Nothing here writes to the disk, and nothing is pushed. docs/adr/0009-remote-registries.md says why this client is our own.
//!
//! A registry is taken for hostile: every answer is bounded in length and in time, credentials go nowhere but to the
//! registry and the token server it names, and those are behind HTTPS unless they are on this host.

mod access;
mod challenge;
mod connect;
mod download;
mod endpoint;
mod exchange;
mod failure;
mod patience;

pub use patience::Patience;

use super::{BlobError, BlobKind, BlobSource, BlobStream, Digest, ImageError, ImageLimits, ImageStore, Pulled};
use access::Access;
use connect::Roads;
use download::Download;
use endpoint::Repository;
use exchange::{Answer, Ask, Exchange};
use failure::Failure;
use http::{Method, StatusCode};
use logic::image_reference::{self, ImageReference, Version};
use model::Env;
use patience::{Attempts, GivenUp, within};
use std::sync::{Arc, OnceLock};

/// What a manifest may be (OCI image specification, "Media Types"; Docker's image manifest version 2, schema 2).
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";
/// Where a registry says what a tag leads to (OCI distribution specification, "Pulling manifests").
const DIGEST_HEADER: &str = "docker-content-digest";

/// The registries that this host reaches.
pub struct Registries {
    env: Env,
    limits: ImageLimits,
    patience: Patience,
    /// The host's certificates are read when they are first needed.
    roads: OnceLock<Result<Roads, rustls::Error>>,
}

impl Registries {
    /// With the bounds of the image store that it pulls into.
    pub fn new(env: Env, limits: ImageLimits, patience: Patience) -> Self {
        Self { env, limits, patience, roads: OnceLock::new() }
    }

    /// Brings an image in. Without its digest in the reference, the registry is always asked what the tag leads to now; what is in
    /// the store already isn't fetched again.
    pub async fn pull(
        &self,
        store: &ImageStore,
        reference: &str,
        credentials: Option<(String, String)>,
    ) -> Result<Pulled, ImageError> {
        let image = self.image(reference, credentials)?;
        let pull = async { store.pull(&image, "", &image.resolve().await?).await };
        let late = || ImageError::Failed("context deadline exceeded: the pull took too long".into());
        within(&self.env, self.patience.pull, pull).await.unwrap_or_else(|| Err(late()))
    }

    /// An image somewhere. Nothing is asked yet.
    pub fn image(&self, reference: &str, credentials: Option<(String, String)>) -> Result<RemoteImage, ImageError> {
        let reference = image_reference::parse(reference).map_err(|error| ImageError::Malformed(error.to_string()))?;
        let repository = Repository::of(&reference).map_err(|failure| ImageError::Failed(failure.to_string()))?;
        let roads = self.roads.get_or_init(Roads::of_this_host).as_ref();
        let client = roads.map_err(|error| ImageError::Failed(error.to_string()))?.client();
        let exchange = Exchange { client, env: self.env.clone(), patience: self.patience.clone() };
        let access = Access::new(credentials);
        Ok(RemoteImage(Arc::new(Remote { reference, repository, limits: self.limits.clone(), exchange, access })))
    }
}

/// An image in a registry elsewhere, and the source of its blobs.
pub struct RemoteImage(Arc<Remote>);

/// The state of one pull.
struct Remote {
    reference: ImageReference,
    repository: Repository,
    limits: ImageLimits,
    exchange: Exchange,
    access: Access,
}

impl RemoteImage {
    /// The digest that the reference names, or that its tag leads to now.
    pub async fn resolve(&self) -> Result<Digest, ImageError> {
        let tag = match &self.0.reference.version {
            Version::Digest(digest) => return digest.parse().map_err(|error| ImageError::Malformed(format!("{error}"))),
            Version::Tag(tag) => tag,
        };
        let mut attempts = Attempts::new(&self.0.exchange.env, &self.0.exchange.patience, 0);
        loop {
            match self.0.lead(tag).await {
                Ok(digest) => return Ok(digest),
                Err(failure) => attempts.failed(failure).await.map_err(|why| self.0.explain(BlobKind::Manifest, why))?,
            }
        }
    }
}

impl Remote {
    async fn ask(&self, ask: Ask) -> Result<Answer, Failure> {
        self.access.ask(&self.exchange, &self.repository, ask).await
    }

    /// What a tag leads to: the registry's word for it, or the digest of the manifest itself where it gives none.
    async fn lead(&self, tag: &str) -> Result<Digest, Failure> {
        let get = Ask { accept: Some(MANIFESTS), ..Ask::get(self.repository.manifest(tag)) };
        match self.ask(Ask { method: Method::HEAD, ..get.clone() }).await {
            Ok(answer) => {
                let header = answer.response.headers().get(DIGEST_HEADER).and_then(|value| value.to_str().ok());
                if let Some(digest) = header.and_then(|value| value.parse().ok()) {
                    return Ok(digest);
                }
            }
            Err(Failure::Status { status: StatusCode::METHOD_NOT_ALLOWED, .. }) => {}
            Err(failure) => return Err(failure),
        }
        let most = usize::try_from(self.limits.document_bytes).unwrap_or(usize::MAX);
        let manifest = self.exchange.small_body(self.ask(get).await?, most).await?;
        Ok(Digest::sha256(&manifest))
    }

    /// What is said in the end, in ECS's words: which step failed, after how many attempts, and why.
    fn explain(&self, kind: BlobKind, given_up: GivenUp) -> BlobError {
        let GivenUp { attempts, failure } = given_up;
        let why = match (kind, &failure) {
            (BlobKind::Manifest, Failure::NotFound(_)) => self.reference.to_string(),
            _ => failure.to_string(),
        };
        let step = match (kind, &failure) {
            (BlobKind::Manifest, _) => {
                format!("pull image manifest has been retried {attempts} time(s): failed to resolve ref {}", self.reference)
            }
            (BlobKind::Content, Failure::Broken { .. }) => {
                format!("ref pull has been retried {attempts} time(s): failed to copy: httpReadSeeker")
            }
            (BlobKind::Content, _) => {
                format!("ref pull has been retried {attempts} time(s): failed to copy: httpReadSeeker: failed open")
            }
        };
        match failure {
            Failure::NotFound(_) => BlobError::NotFound(format!("{step}: {why}")),
            _ => BlobError::Failed(format!("{step}: {why}")),
        }
    }
}

#[async_trait::async_trait]
impl BlobSource for RemoteImage {
    async fn open(&self, _: &str, kind: BlobKind, digest: &Digest) -> Result<BlobStream, BlobError> {
        let Remote { repository, limits, .. } = &*self.0;
        let (ask, most) = match kind {
            BlobKind::Manifest => {
                let url = repository.manifest(&digest.to_string());
                (Ask { accept: Some(MANIFESTS), ..Ask::get(url) }, limits.document_bytes)
            }
            BlobKind::Content => (Ask::get(repository.blob(digest)), limits.layer_bytes),
        };
        let download = Download::open(self.0.clone(), ask, most).await.map_err(|why| self.0.explain(kind, why))?;
        Ok(download.stream(kind))
    }
}
