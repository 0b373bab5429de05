//! Addresses that the SDK signs, for somebody who has no key.

use crate::{cloud::Cloud, web};
use anyhow::Result;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use bytes::Bytes;
use http::{Request, Response};
use std::time::Duration;

const BUCKET: &str = "rust-presigned";

pub async fn run(cloud: &Cloud) -> Result<()> {
    let s3 = cloud.objects();
    s3.create_bucket().bucket(BUCKET).send().await?;
    let minute = PresigningConfig::expires_in(Duration::from_secs(60))?;
    let put = s3.put_object().bucket(BUCKET).key("from a stranger").content_type("text/plain").presigned(minute.clone()).await?;
    let answer = follow(cloud, &put, "hello").await?;
    assert_eq!(answer.status(), 200, "{answer:?}");
    let get = s3.get_object().bucket(BUCKET).key("from a stranger").presigned(minute).await?;
    let answer = follow(cloud, &get, "").await?;
    assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str()?), (200, "text/plain"));
    assert_eq!(answer.body(), "hello");
    let other = get.uri().replace("stranger", "friend");
    let answer = web::send(cloud, Request::get(other).body(Bytes::new())?).await?;
    let text = String::from_utf8_lossy(answer.body());
    assert!(answer.status() == 403 && text.contains("<Code>SignatureDoesNotMatch</Code>"), "{text}");
    Ok(())
}

async fn follow(cloud: &Cloud, signed: &PresignedRequest, body: &'static str) -> Result<Response<Bytes>> {
    let request = Request::builder().method(signed.method()).uri(signed.uri());
    let request = signed.headers().fold(request, |request, (name, value)| request.header(name, value));
    web::send(cloud, request.body(Bytes::from(body))?).await
}
