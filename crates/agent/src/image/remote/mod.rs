//! Pulling from any registry (OCI distribution specification, "Pulling"; CNCF distribution, "Token Authentication").
//!
//! Pulls only, one repository at a time, with or without credentials. Registries at loopback addresses are spoken to without TLS, as
//! Docker does. The host's own certificate authorities are trusted.

mod auth;
mod client;

use super::{BlobError, BlobKind, BlobSource, BlobStream, Digest};
use auth::Credentials;
use client::{Client, Failure};
use futures::StreamExt;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header::ACCEPT};
use http_body_util::{BodyExt, BodyStream, Limited};
use logic::image_reference::{DOCKER_HUB, ImageReference, Version};
use model::Env;
use std::{io, net::IpAddr, sync::Arc, time::Duration};

/// Manifests and indexes, in OCI's and in Docker's form.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json, \
                         application/vnd.docker.distribution.manifest.v2+json";
const DOCUMENT_BYTES: usize = 4 << 20;
/// A blob of which nothing has come for so long has failed.
const SILENCE: Duration = Duration::from_secs(60);

/// Registries anywhere. Connections are kept between pulls.
#[derive(Clone)]
pub struct Remote {
    client: Arc<Client>,
    env: Env,
}

impl Remote {
    /// Trusts the host's certificate authorities; where there are none, every pull over TLS fails.
    pub fn new(env: Env) -> Self {
        Self { client: Arc::new(Client::new(env.clone())), env }
    }

    /// Finds which manifest or index a reference means now, and where its blobs come from.
    pub async fn resolve(&self, reference: &ImageReference, login: Option<(String, String)>) -> Result<(Digest, Repository), String> {
        let base = format!("{}/v2/{}", endpoint(&reference.registry), reference.repository);
        let credentials = Credentials::new(login, &reference.repository);
        let repository = Repository { remote: self.clone(), base, credentials: Arc::new(credentials) };
        let digest = match &reference.version {
            Version::Digest(digest) => digest.parse().map_err(|error| format!("{error}"))?,
            Version::Tag(tag) => repository.digest_of(tag).await.map_err(|why| explain(reference, tag, &why))?,
        };
        Ok((digest, repository))
    }
}

/// In containerd's words, which ECS passes on.
fn explain(reference: &ImageReference, tag: &str, why: &Failure) -> String {
    let name = format!("{}/{}:{tag}", reference.registry, reference.repository);
    let why = match why {
        Failure::Status(StatusCode::NOT_FOUND) => format!("{name}: not found"),
        Failure::Status(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            "pull access denied, repository does not exist or may require authorization".into()
        }
        other => other.to_string(),
    };
    format!("failed to resolve ref {name}: {why}")
}

fn endpoint(registry: &str) -> String {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    let loopback = host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match registry {
        // The name in references is not the name of the machine.
        DOCKER_HUB => "https://registry-1.docker.io".into(),
        _ if loopback => format!("http://{registry}"),
        _ => format!("https://{registry}"),
    }
}

/// One repository of a registry.
pub struct Repository {
    remote: Remote,
    base: String,
    credentials: Arc<Credentials>,
}

impl Repository {
    async fn digest_of(&self, tag: &str) -> Result<Digest, Failure> {
        let uri = self.uri(BlobKind::Manifest, tag)?;
        let head = self.remote.client.send(Method::HEAD, uri.clone(), manifest_headers(), &self.credentials).await?;
        let said = head.headers().get("docker-content-digest").and_then(|value| value.to_str().ok()?.parse().ok());
        if let Some(digest) = said {
            return Ok(digest);
        }
        let answer = self.remote.client.send(Method::GET, uri, manifest_headers(), &self.credentials).await?;
        let body = Limited::new(answer.into_body(), DOCUMENT_BYTES).collect().await;
        Ok(Digest::sha256(&body.map_err(|error| Failure::Other(error.to_string()))?.to_bytes()))
    }

    fn uri(&self, kind: BlobKind, name: &str) -> Result<Uri, Failure> {
        let folder = match kind {
            BlobKind::Manifest => "manifests",
            BlobKind::Content => "blobs",
        };
        format!("{}/{folder}/{name}", self.base).parse().map_err(|error| Failure::Other(format!("{error}")))
    }
}

fn manifest_headers() -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(MANIFESTS))])
}

#[async_trait::async_trait]
impl BlobSource for Repository {
    async fn open(&self, _: &str, kind: BlobKind, digest: &Digest) -> Result<BlobStream, BlobError> {
        let headers = match kind {
            BlobKind::Manifest => manifest_headers(),
            BlobKind::Content => HeaderMap::new(),
        };
        let failed = |why: Failure| match why {
            Failure::Status(StatusCode::NOT_FOUND) => BlobError::NotFound(digest.to_string()),
            other => BlobError::Failed(other.to_string()),
        };
        let uri = self.uri(kind, &digest.to_string()).map_err(failed)?;
        let answer = self.remote.client.send(Method::GET, uri, headers, &self.credentials).await.map_err(failed)?;
        let env = self.remote.env.clone();
        let parts = futures::stream::unfold(BodyStream::new(answer.into_body()), move |mut body| {
            let silence = env.sleep(SILENCE);
            async move {
                let part = tokio::select! {
                    part = body.next() => part?.map_err(io::Error::other),
                    () = silence => Err(io::Error::new(io::ErrorKind::TimedOut, "the registry has fallen silent")),
                };
                Some((part.map(|frame| frame.into_data().unwrap_or_default()), body))
            }
        });
        Ok(parts.boxed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_spoken_to_in_the_clear() {
        for (registry, url) in [
            ("docker.io", "https://registry-1.docker.io"),
            ("public.ecr.aws", "https://public.ecr.aws"),
            ("localhost:5000", "http://localhost:5000"),
            ("127.0.0.2:80", "http://127.0.0.2:80"),
            ("localhost.example.com", "https://localhost.example.com"),
            ("10.0.0.1:5000", "https://10.0.0.1:5000"),
        ] {
            assert_eq!(endpoint(registry), url);
        }
    }
}
