//! Registries on the loopback interface, well-behaved or not, that remember what they were asked.
#![allow(dead_code, missing_docs)]

use super::MemoryBlobs;
use agent::image::Digest;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;

pub type Reply = Response<UnsyncBoxBody<Bytes, io::Error>>;

/// A request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// A server that ends when it is dropped.
pub struct Registry {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Registry {
    /// `None` is no answer at all.
    pub async fn serve(answer: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (answer, log) = (Arc::new(answer), asked.clone());
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, log) = (answer.clone(), log.clone());
                let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                    let asked = Asked {
                        method: request.method().to_string(),
                        path: request.uri().path().into(),
                        query: request.uri().query().unwrap_or_default().into(),
                        headers: request.headers().clone(),
                    };
                    log.lock().unwrap().push(asked.clone());
                    let answer = answer(&asked);
                    async move {
                        match answer {
                            Some(reply) => Ok::<_, io::Error>(reply),
                            None => std::future::pending().await,
                        }
                    }
                });
                connections.spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service));
            }
        });
        Self { address, asked, task }
    }

    /// What came since this was asked last.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }

    pub fn image(&self, version: &str) -> String {
        format!("{}/team/app{version}", self.address)
    }
}

pub fn reply(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
    with_body(status, headers, Full::new(body.into()).map_err(|never| match never {}).boxed_unsync())
}

/// A body that breaks off.
pub fn cut(body: Vec<u8>) -> Reply {
    // The pause lets the server send what it has.
    let end = stream::once(async {
        tokio::task::yield_now().await;
        Err(io::Error::other("cut"))
    });
    let parts = stream::iter([Ok(Frame::data(Bytes::from(body)))]).chain(end);
    with_body(200, &[], StreamBody::new(parts).boxed_unsync())
}

/// A body without an end, that begins as it should.
pub fn endless(start: Vec<u8>) -> Reply {
    let start = stream::iter([Ok(Frame::data(Bytes::from(start)))]);
    let parts = start.chain(stream::repeat_with(|| Ok(Frame::data(Bytes::from_static(&[b' '; 10_000])))));
    with_body(200, &[], StreamBody::new(parts).boxed_unsync())
}

/// A body that begins, and then stands still.
pub fn stuck(start: Vec<u8>) -> Reply {
    let parts = stream::iter([Ok(Frame::data(Bytes::from(start)))]).chain(stream::pending());
    with_body(200, &[], StreamBody::new(parts).boxed_unsync())
}

fn with_body(status: u16, headers: &[(&str, &str)], body: UnsyncBoxBody<Bytes, io::Error>) -> Reply {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body).unwrap()
}

/// An error as registries give it.
pub fn error(status: u16, code: &str, message: &str) -> Reply {
    let body = json!({"errors": [{"code": code, "message": message}]}).to_string();
    reply(status, &[("content-type", "application/json")], body)
}

/// The repository `team/app` with one image, `v1`.
pub struct Shelf {
    pub blobs: MemoryBlobs,
    pub digest: Digest,
    pub layer: Digest,
}

impl Shelf {
    /// An image whose descriptors are complete, as a registry wants them.
    pub fn new(tar: Vec<u8>) -> Self {
        let mut blobs = MemoryBlobs::default();
        let architecture = if std::env::consts::ARCH == "x86_64" { "amd64" } else { std::env::consts::ARCH };
        let config = json!({
            "architecture": architecture, "os": "linux", "config": {"Cmd": ["/tool"]},
            "rootfs": {"type": "layers", "diff_ids": [Digest::sha256(&tar)]},
        });
        let config = config.to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": Digest::sha256(&config), "size": config.len()},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": Digest::sha256(&tar), "size": tar.len()}],
        });
        let layer = blobs.add(tar);
        blobs.add(config);
        let digest = blobs.add(manifest.to_string().into_bytes());
        Self { blobs, digest, layer }
    }

    /// The answer of a registry that does what it should.
    pub fn answer(&self, asked: &Asked) -> Reply {
        let Some((kind, name)) = asked.path.strip_prefix("/v2/team/app/").and_then(|rest| rest.split_once('/')) else {
            return error(404, "NAME_UNKNOWN", "repository name not known to registry");
        };
        let digest = if name == "v1" { self.digest.to_string() } else { name.into() };
        match (kind, self.blobs.bytes(&digest)) {
            ("manifests", Some(bytes)) => {
                assert!(asked.header("accept").unwrap().contains("application/vnd.oci.image.index.v1+json"));
                let bytes = if asked.method == "HEAD" { vec![] } else { bytes };
                reply(200, &[("docker-content-digest", &digest)], bytes)
            }
            ("blobs", Some(bytes)) => reply(200, &[], bytes),
            _ => error(404, "MANIFEST_UNKNOWN", "manifest unknown"),
        }
    }

    pub fn layer_path(&self) -> String {
        format!("/v2/team/app/blobs/{}", self.layer)
    }
}
