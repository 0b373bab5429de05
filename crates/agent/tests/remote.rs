//! Pulling from a registry of another kind: with a token server, redirections, and faults.

mod support;

use agent::image::{BlobKind, BlobSource, Digest, ImageLimits, ImageStore, remote::Remote};
use bytes::Bytes;
use futures::TryStreamExt;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use logic::image_reference;
use model::Env;
use serde_json::json;
use std::{convert::Infallible, sync::Arc};
use support::{Layer, MemoryBlobs, Packing};
use tokio::net::TcpListener;

/// A registry of one image, `team/app:1`, that wants a token, which only `me`/`secret` gets, and keeps its blobs elsewhere.
struct Registry {
    blobs: MemoryBlobs,
    image: Digest,
    address: String,
}

impl Registry {
    async fn start() -> String {
        let mut blobs = MemoryBlobs::default();
        let image = blobs.image(&[(Packing::Gzip, Layer::new().file("a", b"1").tar())], json!({}));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let registry = Arc::new(Self { blobs, image, address: address.clone() });
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let registry = registry.clone();
                let answer = service_fn(move |request| {
                    let registry = registry.clone();
                    async move { Ok::<_, Infallible>(registry.answer(&request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
            }
        });
        address
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
        let said = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if path == "/token" {
            let known = said("authorization") == "Basic bWU6c2VjcmV0" && query.contains("scope=repository%3Ateam%2Fapp%3Apull");
            return if known { answer(StatusCode::OK, &[], json!({"token": "t"}).to_string()) } else { empty(StatusCode::UNAUTHORIZED) };
        }
        if let Some(hex) = path.strip_prefix("/elsewhere/") {
            // It has another origin, which is not told what the registry is told.
            return match said("authorization") {
                "" => self.blob(&format!("sha256:{hex}")).await,
                _ => empty(StatusCode::BAD_REQUEST),
            };
        }
        if said("authorization") != "Bearer t" {
            let challenge = format!("Bearer realm=\"http://{}/token\",service=\"registry\"", self.address);
            return answer(StatusCode::UNAUTHORIZED, &[("www-authenticate", challenge)], String::new());
        }
        match path.strip_prefix("/v2/team/app/") {
            Some("manifests/1") => answer(StatusCode::OK, &[("docker-content-digest", self.image.to_string())], String::new()),
            Some(path) if path.starts_with("manifests/sha256:") => self.blob(&path["manifests/".len()..]).await,
            Some(path) if path.starts_with("blobs/sha256:") => {
                let port = self.address.rsplit(':').next().unwrap();
                let location = format!("http://localhost:{port}/elsewhere/{}", &path["blobs/sha256:".len()..]);
                answer(StatusCode::TEMPORARY_REDIRECT, &[("location", location)], String::new())
            }
            _ => empty(StatusCode::NOT_FOUND),
        }
    }

    async fn blob(&self, digest: &str) -> Response<Full<Bytes>> {
        let opened = self.blobs.open("", BlobKind::Content, &digest.parse().unwrap()).await;
        let Ok(stream) = opened else { return empty(StatusCode::NOT_FOUND) };
        let parts: Vec<Bytes> = stream.try_collect().await.unwrap();
        Response::new(Full::new(Bytes::from(parts.concat())))
    }
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    answer(status, &[], String::new())
}

fn answer(status: StatusCode, headers: &[(&'static str, String)], body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    *response.headers_mut() = HeaderMap::from_iter(headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())));
    response
}

async fn pull(reference: &str, login: Option<(&str, &str)>) -> Result<Digest, String> {
    let folder = tempfile::tempdir().unwrap();
    let store = ImageStore::open(folder.path(), ImageLimits::default()).unwrap();
    let login = login.map(|(name, password)| (name.to_owned(), password.to_owned()));
    let reference = image_reference::parse(reference).unwrap();
    let (digest, repository) = Remote::new(Env::system()).resolve(&reference, login).await?;
    store.pull(&repository, "", &digest).await.map(|pulled| pulled.digest).map_err(|error| error.to_string())
}

#[tokio::test]
async fn an_image_is_pulled_with_a_token_and_through_redirections() {
    let registry = Registry::start().await;
    let login = Some(("me", "secret"));
    let digest = pull(&format!("{registry}/team/app:1"), login).await.unwrap();
    assert_eq!(pull(&format!("{registry}/team/app@{digest}"), login).await, Ok(digest));
}

#[tokio::test]
async fn what_cannot_be_pulled_says_why() {
    let registry = Registry::start().await;
    let name = format!("{registry}/team/app:2");
    assert_eq!(pull(&name, Some(("me", "secret"))).await.unwrap_err(), format!("failed to resolve ref {name}: {name}: not found"));
    let error = pull(&format!("{registry}/team/app:1"), Some(("me", "wrong"))).await.unwrap_err();
    assert!(error.ends_with("pull access denied, repository does not exist or may require authorization"), "{error}");
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = pull(&format!("{unused}/a"), None).await.unwrap_err();
    assert!(error.contains("failed to do request") && error.contains("refused"), "{error}");
}
