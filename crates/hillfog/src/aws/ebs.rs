//! Writing snapshots block by block (EBS direct APIs).

use super::{Aws, Call};
use anyhow::{Context, Result, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// SHA-256 of a block, or of blocks' checksums.
pub type Checksum = [u8; 32];

/// The checksum of bytes.
pub fn checksum(bytes: &[u8]) -> Checksum {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
}

impl Aws {
    /// `StartSnapshot`: the snapshot's id.
    pub async fn start_snapshot(&self, gib: u32, description: &str) -> Result<String> {
        let body = json!({ "VolumeSize": gib, "Description": description });
        let call = rest(Method::POST, "/snapshots".into(), Vec::new(), Bytes::from(body.to_string()));
        let answer = self.send(call).await.context("StartSnapshot failed")?;
        let made: Value = serde_json::from_slice(&answer.body)?;
        Ok(made["SnapshotId"].as_str().context("The answer to StartSnapshot has no SnapshotId")?.to_owned())
    }

    /// `PutSnapshotBlock`.
    pub async fn put_block(&self, snapshot: &str, index: u32, block: Bytes, sum: Checksum) -> Result<()> {
        let headers = vec![
            ("x-amz-data-length", block.len().to_string()),
            ("x-amz-checksum", STANDARD.encode(sum)),
            ("x-amz-checksum-algorithm", "SHA256".into()),
        ];
        let call = rest(Method::PUT, format!("/snapshots/{snapshot}/blocks/{index}"), headers, block);
        let answer = self.send(call).await.with_context(|| format!("PutSnapshotBlock of block {index} failed"))?;
        ensure!(answer.status == StatusCode::CREATED, "PutSnapshotBlock of block {index} was answered with {}", answer.status);
        Ok(())
    }

    /// `CompleteSnapshot`, with the checksums of all blocks in their order.
    pub async fn complete_snapshot(&self, snapshot: &str, sums: &[Checksum]) -> Result<()> {
        let headers = vec![
            ("x-amz-changedblockscount", sums.len().to_string()),
            ("x-amz-checksum", STANDARD.encode(checksum(sums.as_flattened()))),
            ("x-amz-checksum-algorithm", "SHA256".into()),
            ("x-amz-checksum-aggregation-method", "LINEAR".into()),
        ];
        let call = rest(Method::POST, format!("/snapshots/completion/{snapshot}"), headers, Bytes::new());
        self.send(call).await.context("CompleteSnapshot failed").map(drop)
    }
}

fn rest(method: Method, path: String, mut headers: Vec<(&'static str, String)>, body: Bytes) -> Call {
    let kind = if method == Method::PUT { "application/octet-stream" } else { "application/json" };
    headers.push(("content-type", kind.into()));
    Call { service: "ebs", method, path, headers, body }
}
