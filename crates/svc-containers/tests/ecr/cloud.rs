//! A cloud that has nothing but ECR, and what the tests do to it again and again.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use front::{
    Front, Recorder,
    testing::{Bench, Reply},
};
use http::Request;
use model::ecr::blob_namespace;
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc};
use svc_containers::ecr::{self, Blobs, Ecr, Registry};

pub const ACCOUNT: &str = "111122223333";
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

pub struct Cloud {
    pub bench: Bench,
    pub ecr: Arc<Ecr>,
    pub folder: Arc<tempfile::TempDir>,
}

impl Cloud {
    pub fn new() -> Self {
        Self::on(spine::Store::ephemeral(), Arc::new(tempfile::tempdir().unwrap()))
    }

    /// The same records and bytes, of which nothing is remembered.
    pub fn restarted(&self) -> Self {
        Self::on(self.ecr.store.clone(), self.folder.clone())
    }

    /// On these records and bytes.
    pub fn on(store: spine::Store, folder: Arc<tempfile::TempDir>) -> Self {
        Self::furnished(store, folder, |front| front)
    }

    /// With somebody who keeps a trail of the calls.
    pub fn recorded(recorder: Arc<dyn Recorder>) -> Self {
        Self::furnished(spine::Store::ephemeral(), Arc::new(tempfile::tempdir().unwrap()), |front| front.recorder(recorder))
    }

    fn furnished(store: spine::Store, folder: Arc<tempfile::TempDir>, furnish: impl FnOnce(Front) -> Front) -> Self {
        let (mut kept, path) = (None, folder.path().to_owned());
        let bench = Bench::on(store, |front, store, _| {
            let ecr = Arc::new(Ecr { store: store.clone(), blobs: Blobs::open(&path).unwrap() });
            kept = Some(ecr.clone());
            furnish(front).service(ecr::service(&ecr)).mount(Arc::new(Registry::new(ecr)))
        });
        Self { bench, ecr: kept.unwrap(), folder }
    }

    /// With a repository.
    pub async fn with(repository: &str) -> Self {
        let cloud = Self::new();
        cloud.ok("CreateRepository", json!({"repositoryName": repository})).await;
        cloud
    }

    pub async fn call(&self, operation: &str, input: Value) -> Reply {
        self.bench.json("ecr", operation, input).await
    }

    /// Calls an operation that has to succeed.
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        let reply = self.call(operation, input).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        reply.json()
    }

    /// Calls an operation that has to fail with a code, without changing anything; its message.
    pub async fn fails(&self, operation: &str, input: Value, code: &str) -> String {
        let before = self.ecr.store.snapshot().revision();
        let reply = self.call(operation, input).await;
        assert_eq!(reply.code(), code, "{operation}: {} {}", reply.status, reply.text());
        assert_eq!(self.ecr.store.snapshot().revision(), before, "{operation} changed something");
        reply.message()
    }

    /// `Basic` with a password of the default account and region.
    pub async fn login(&self) -> String {
        let token = self.ok("GetAuthorizationToken", json!({})).await;
        format!("Basic {}", token["authorizationData"][0]["authorizationToken"].as_str().unwrap())
    }

    /// A request to the registry.
    pub async fn registry(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        let login = self.login().await;
        let mut request =
            Request::builder().method(method).uri(path).header("host", "localhost:4566").header("authorization", login);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.bench.send(request.body(body.into()).unwrap()).await
    }

    /// Pushes a blob at once; its digest.
    pub async fn blob(&self, repository: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        let reply = self.registry("POST", &format!("/v2/{repository}/blobs/uploads/?digest={digest}"), &[], bytes.to_vec()).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        digest
    }

    /// Pushes an image of one layer whose bytes are `content`; its digest.
    pub async fn image(&self, repository: &str, tag: &str, content: &str) -> String {
        let manifest = self.layers_of(repository, content).await;
        let path = format!("/v2/{repository}/manifests/{tag}");
        let reply = self.registry("PUT", &path, &[("content-type", OCI_MANIFEST)], manifest.clone()).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        digest(manifest.as_bytes())
    }

    /// Pushes the layers of such an image; its manifest.
    pub async fn layers_of(&self, repository: &str, content: &str) -> String {
        let config = self.blob(repository, format!("{{\"config\": {content:?}}}").as_bytes()).await;
        let layer = self.blob(repository, content.as_bytes()).await;
        manifest(&config, &layer, content.len())
    }

    /// Pushes what says something of an image, such as a signature; its digest.
    pub async fn referrer(&self, repository: &str, subject: &str, artifact_type: &str) -> String {
        let mut manifest: Value = serde_json::from_str(&self.layers_of(repository, artifact_type).await).unwrap();
        manifest["artifactType"] = json!(artifact_type);
        manifest["subject"] = json!({"mediaType": OCI_MANIFEST, "digest": subject, "size": 1});
        let manifest = manifest.to_string();
        let digest = digest(manifest.as_bytes());
        let path = format!("/v2/{repository}/manifests/{digest}");
        let reply = self.registry("PUT", &path, &[("content-type", OCI_MANIFEST)], manifest).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        digest
    }

    /// Where the bytes of a blob stand.
    pub fn file(&self, digest: &str) -> PathBuf {
        let (account, region) = (model::AccountId::parse(ACCOUNT).unwrap(), model::Region::parse("us-east-1").unwrap());
        self.folder.path().join(blob_namespace(&account, &region)).join(digest.replacen(':', "/", 1))
    }
}

pub fn manifest(config: &str, layer: &str, size: usize) -> String {
    json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer, "size": size}],
    })
    .to_string()
}

pub fn digest(bytes: &[u8]) -> String {
    ecr::blobs::digest_of(bytes)
}

pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
