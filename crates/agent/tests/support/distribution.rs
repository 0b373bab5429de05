//! The reference implementation of a registry, CNCF distribution, where it is installed.
#![allow(dead_code, missing_docs)]

use super::registry::Shelf;
use agent::image::Digest;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

const PROGRAM: &str = "/usr/bin/docker-registry";

/// A running registry, which is killed when this is dropped.
pub struct Distribution {
    pub address: String,
    client: Client<HttpConnector, Full<Bytes>>,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Distribution {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Distribution {
    /// Starts one; says loudly if there is none.
    pub async fn start(test: &str) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            eprintln!("SKIPPED {test}: it needs {PROGRAM} (Debian package docker-registry)");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let store = folder.path().join("store");
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nhttp: {{addr: '{address}'}}\nstorage: {{filesystem: {{rootdirectory: '{}'}}}}\n",
            store.display()
        );
        let file = folder.path().join("config.yml");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(PROGRAM);
        command.arg("serve").arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let registry = Self { address, client, process, _folder: folder };
        registry.wait().await;
        Some(registry)
    }

    async fn wait(&self) {
        for _ in 0..600 {
            if tokio::net::TcpStream::connect(&self.address).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{PROGRAM} does not listen");
    }

    /// Pushes the shelf's image as `team/app:v1`.
    pub async fn push(&self, shelf: &Shelf) {
        let manifest = shelf.blobs.bytes(&shelf.digest.to_string()).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        for digest in [&document["config"]["digest"], &document["layers"][0]["digest"]] {
            let digest: Digest = digest.as_str().unwrap().parse().unwrap();
            self.push_blob(&digest, shelf.blobs.bytes(&digest.to_string()).unwrap()).await;
        }
        let url = format!("http://{}/v2/team/app/manifests/v1", self.address);
        assert_eq!(self.send(Method::PUT, &url, manifest, "application/vnd.oci.image.manifest.v1+json").await.0, 201);
    }

    async fn push_blob(&self, digest: &Digest, bytes: Vec<u8>) {
        let url = format!("http://{}/v2/team/app/blobs/uploads/", self.address);
        let (status, location) = self.send(Method::POST, &url, vec![], "application/octet-stream").await;
        assert_eq!(status, 202);
        let url = format!("{}&digest={digest}", location.unwrap());
        assert_eq!(self.send(Method::PUT, &url, bytes, "application/octet-stream").await.0, 201);
    }

    async fn send(&self, method: Method, url: &str, body: Vec<u8>, kind: &str) -> (StatusCode, Option<String>) {
        let request = Request::builder().method(method).uri(url).header(header::CONTENT_TYPE, kind);
        let response = self.client.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
        let location = response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned());
        (response.status(), location)
    }
}
