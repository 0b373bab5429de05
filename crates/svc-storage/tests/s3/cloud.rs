//! A front with S3, KMS and IAM in the process of a test: what it is sent are the bytes that clients send.

use bytes::Bytes;
use front::{
    calls::Calls,
    testing::{Bench, Reply},
};
use http::Request;
use spine::Store;
use std::sync::Arc;
use svc_storage::s3::{self, Blobs, Storage};
use tempfile::TempDir;

/// A cloud of one service.
pub struct Cloud {
    pub bench: Bench,
    pub s3: Arc<Storage>,
    folder: TempDir,
}

impl Cloud {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let store = Store::ephemeral();
        let s3 = Arc::new(Storage { store: store.clone(), blobs, calls: Calls::default() });
        let bench = Bench::on(store, |front, store, _| {
            let front = front.service(s3::service(&s3)).service(svc_secrets::kms::service(&Arc::new(store.clone())));
            front.mount(Arc::new(s3::Browser::new(&s3)))
        });
        Self { bench, s3, folder }
    }

    /// Where the bytes are.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// With a bucket.
    pub async fn with(bucket: &str) -> Self {
        let cloud = Self::new();
        cloud.ok("PUT", &format!("/{bucket}"), "").await;
        cloud
    }

    /// Sends a request, signed by a key of the tutorials of an account.
    pub async fn send_as(
        &self,
        account: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let scope = format!("Credential={account}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00");
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost:4566");
        request = request.header("x-amz-date", "20260101T000000Z").header("authorization", format!("AWS4-HMAC-SHA256 {scope}"));
        if !headers.iter().any(|(name, _)| *name == "x-amz-content-sha256") {
            request = request.header("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
        }
        let body: Bytes = body.into();
        request = request.header("content-length", body.len());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.bench.send(request.body(body).unwrap()).await
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        self.send_as("111122223333", method, path, headers, body).await
    }

    /// Sends what has to succeed.
    pub async fn ok(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Reply {
        let reply = self.send(method, path, &[], body).await;
        assert!(reply.status < 300, "{method} {path}: {} {}", reply.status, reply.text());
        reply
    }

    /// Sends what has to fail, with that code.
    pub async fn fails(&self, method: &str, path: &str, body: impl Into<Bytes>, code: &str) -> Reply {
        let reply = self.send(method, path, &[], body).await;
        assert_eq!(reply.element("Code"), code, "{method} {path}: {} {}", reply.status, reply.text());
        reply
    }

    /// Sends a request that nobody has signed.
    pub async fn anonymous(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost:4566");
        let body: Bytes = body.into();
        request = request.header("content-length", body.len());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.bench.send(request.body(body).unwrap()).await
    }

    /// Calls an operation of KMS, which has to succeed.
    pub async fn kms(&self, operation: &str, input: serde_json::Value) -> serde_json::Value {
        let reply = self.bench.account("111122223333").region("us-east-1").json("kms", operation, input).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        if reply.body.is_empty() { serde_json::Value::Null } else { reply.json() }
    }

    /// The text of an object.
    pub async fn get(&self, path: &str) -> String {
        self.ok("GET", path, "").await.text()
    }
}

/// A header of an answer; empty if there is none.
pub fn header(reply: &Reply, name: &str) -> String {
    reply.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// The texts of all elements of a name.
pub fn all(reply: &Reply, name: &str) -> Vec<String> {
    let text = reply.text();
    let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
    text.split(&begin).skip(1).map(|piece| piece.split(&end).next().unwrap_or_default().to_owned()).collect()
}
