//! Somebody who has an account and makes requests.

use base64::{Engine, engine::general_purpose::STANDARD};
use front::{
    Front,
    testing::{
        Bench,
        xml::{self, Answer},
    },
};
use serde_json::{Value, json};
use spine::Store;
use std::sync::Arc;
use svc_containers::ecr::blobs::digest_of;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The root of an account in `us-east-1`. It must not outlive the server that it talks to.
pub struct User {
    bench: Bench,
    account: String,
}

impl User {
    /// An account for those who need only one.
    pub const FIRST: &str = "111122223333";

    pub(crate) fn new(front: &Arc<Front>, store: &Store, account: &str) -> Self {
        let mut bench = Bench::on(store.clone(), |bare, _, _| bare).account(account);
        bench.front = front.clone();
        Self { bench, account: account.into() }
    }

    /// Calls an operation of ECS.
    ///
    /// # Panics
    /// If it is refused, as in all the other calls.
    pub async fn ecs(&self, operation: &str, input: Value) -> Value {
        self.json("ecs", operation, input).await
    }

    /// Calls an operation of ELBv2; the answer's XML.
    pub async fn elb(&self, operation: &str, parameters: &[(&str, &str)]) -> String {
        self.form("elbv2", operation, parameters).await
    }

    /// Calls an operation of EC2.
    pub async fn ec2(&self, operation: &str, parameters: &[(&str, &str)]) -> Answer {
        xml::ok(&self.bench, "ec2", operation, parameters).await
    }

    /// Calls an operation of a service that speaks JSON.
    pub async fn json(&self, service: &str, operation: &str, input: Value) -> Value {
        let reply = self.bench.json(service, operation, input).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        reply.json()
    }

    /// Calls an operation of a service that speaks JSON, which is refused; the code.
    ///
    /// # Panics
    /// If it isn't.
    pub async fn refused(&self, service: &str, operation: &str, input: Value) -> String {
        let reply = self.bench.json(service, operation, input).await;
        assert!((400..500).contains(&reply.status), "{operation}: {}", reply.text());
        reply.code()
    }

    /// Calls an operation of a service that speaks the query protocol; the answer's XML.
    pub async fn form(&self, service: &str, operation: &str, parameters: &[(&str, &str)]) -> String {
        let reply = self.bench.form(service, operation, parameters).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        reply.text()
    }

    /// Pushes an image of one layer, which has `content` in it; what tasks name it by.
    pub async fn push(&self, repository: &str, tag: &str, content: &str) -> String {
        let config = format!("{{\"config\":{content:?}}}");
        let layers = json!([{"mediaType": "application/vnd.oci.image.layer.v1.tar",
            "digest": self.push_layer(repository, content.as_bytes()).await, "size": content.len()}]);
        let config = json!({"mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": self.push_layer(repository, config.as_bytes()).await, "size": config.len()});
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        let image = json!({"repositoryName": repository, "imageTag": tag, "imageManifest": manifest.to_string()});
        self.json("ecr", "PutImage", image).await;
        format!("{}.dkr.ecr.us-east-1.amazonaws.com/{repository}:{tag}", self.account)
    }

    async fn push_layer(&self, repository: &str, bytes: &[u8]) -> String {
        let digest = digest_of(bytes);
        let begun = self.json("ecr", "InitiateLayerUpload", json!({"repositoryName": repository})).await;
        let upload = &begun["uploadId"];
        let part = json!({"repositoryName": repository, "uploadId": upload, "partFirstByte": 0, "partLastByte": bytes.len() - 1,
            "layerPartBlob": STANDARD.encode(bytes)});
        self.json("ecr", "UploadLayerPart", part).await;
        let whole = json!({"repositoryName": repository, "uploadId": upload, "layerDigests": [digest]});
        self.json("ecr", "CompleteLayerUpload", whole).await;
        digest
    }
}
