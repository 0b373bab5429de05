//! Operations that take their bodies as they come, with two of S3's as the service: what is put is answered in a header of the error,
//! so that a test sees what the handler saw.

use crate::{Access, Incoming, Service, Streamed, body, testing::Bench};
use api::s3 as sdk;
use bytes::Bytes;
use http::Request;
use model::{AccountId, Region};
use spine::Store;
use std::sync::{Arc, Mutex};
use wire::{Fault, sigv4::body_hash};

/// What has arrived whole.
type Seen = Mutex<Vec<(String, Vec<(String, String)>)>>;

async fn put(
    _: crate::Cx,
    seen: Arc<Seen>,
    _: sdk::PutObjectRequest,
    mut body: Incoming,
) -> Result<Streamed<sdk::PutObjectOutput>, Fault> {
    let bytes = body.collect(1 << 20).await?;
    seen.lock().unwrap().push((String::from_utf8(bytes).unwrap(), body.trailers().to_vec()));
    Ok(sdk::PutObjectOutput { e_tag: Some("\"e\"".into()), ..Default::default() }.into())
}

async fn get(
    _: crate::Cx,
    _: Arc<Seen>,
    input: sdk::GetObjectRequest,
    _: Incoming,
) -> Result<Streamed<sdk::GetObjectOutput>, Fault> {
    if input.key == "same" {
        return Ok(Streamed::from(sdk::GetObjectOutput::default()).status(304));
    }
    let pieces = [Ok::<_, std::io::Error>(Bytes::from_static(b"one")), Ok(Bytes::from_static(b"two"))];
    let output = sdk::GetObjectOutput { content_length: Some(6), ..Default::default() };
    Ok(Streamed::from(output).body(body::streaming(futures::stream::iter(pieces))).status(206).header("x-amz-extra", "1"))
}

fn bench(seen: &Arc<Seen>) -> Bench {
    let service = Service::new(&sdk::SERVICE)
        .op_streaming::<sdk::PutObject, _, _>(Access::anyone(), seen, put)
        .op_streaming::<sdk::GetObject, _, _>(Access::anyone(), seen, get)
        .unsigned(|_, request| {
            let open = request.path.starts_with("/open/");
            open.then(|| (AccountId::parse("111122223333").unwrap(), Region::parse("eu-west-1").unwrap()))
        });
    Bench::on(Store::ephemeral(), |front, _, _| front.service(service))
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &'static str) -> Request<Bytes> {
    let scope = "Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00";
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost:4566");
    request = request.header("x-amz-date", "20260101T000000Z").header("authorization", format!("AWS4-HMAC-SHA256 {scope}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::from_static(body.as_bytes())).unwrap()
}

fn code(text: &str) -> &str {
    text.split_once("<Code>").and_then(|(_, rest)| rest.split_once('<')).map_or("", |(code, _)| code)
}

#[tokio::test]
async fn a_body_is_held_against_what_was_stated_of_it() {
    let seen = Arc::new(Seen::default());
    let bench = bench(&seen);
    let right = body_hash(b"hello");
    for (headers, outcome) in [
        (vec![("x-amz-content-sha256", right.as_str())], ""),
        (vec![("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), ("content-length", "5")], ""),
        (vec![], ""),
        (vec![("x-amz-content-sha256", &*body_hash(b"other"))], "XAmzContentSHA256Mismatch"),
        (vec![("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), ("content-length", "6")], "IncompleteBody"),
    ] {
        seen.lock().unwrap().clear();
        let reply = bench.send(request("PUT", "/b/k", &headers, "hello")).await;
        assert_eq!(code(&reply.text()), outcome, "{headers:?}: {}", reply.text());
        let expected = if outcome.is_empty() { vec![("hello".to_owned(), vec![])] } else { vec![] };
        assert_eq!(*seen.lock().unwrap(), expected, "{headers:?}");
    }
}

#[tokio::test]
async fn chunks_are_undone_and_trailers_told() {
    let seen = Arc::new(Seen::default());
    let bench = bench(&seen);
    let headers = |length| {
        [
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-decoded-content-length", length),
            ("content-encoding", "aws-chunked,gzip"),
        ]
    };
    let chunks = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    let reply = bench.send(request("PUT", "/b/k", &headers("5"), chunks)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let trailers = vec![("x-amz-checksum-crc32".to_owned(), "NhCmhg==".to_owned())];
    assert_eq!(*seen.lock().unwrap(), [("hello".to_owned(), trailers)]);
    for (length, body) in [("6", chunks), ("5", "5\r\nhello\r\n")] {
        assert_eq!(code(&bench.send(request("PUT", "/b/k", &headers(length), body)).await.text()), "IncompleteBody", "{body:?}");
    }
    assert_eq!(code(&bench.send(request("PUT", "/b/k", &headers("5"), "zz\r\n")).await.text()), "InvalidRequest");
}

#[tokio::test]
async fn answers_stream_and_have_their_own_status() {
    let bench = bench(&Arc::default());
    let reply = bench.send(request("GET", "/b/k", &[], "")).await;
    assert_eq!((reply.status, &*reply.text(), &reply.headers["x-amz-extra"]), (206, "onetwo", &"1".parse().unwrap()));
    assert_eq!(reply.headers["content-length"], "6");
    let same = bench.send(request("GET", "/b/same", &[], "")).await;
    assert_eq!((same.status, same.body.len()), (304, 0));
}

#[tokio::test]
async fn who_is_unsigned_comes_in_where_the_service_says_so() {
    let seen = Arc::new(Seen::default());
    let bench = bench(&seen);
    let unsigned = |path: &str| Request::put(path).header("host", "localhost:4566").body(Bytes::from_static(b"x")).unwrap();
    assert_eq!(bench.send(unsigned("/open/k")).await.status, 200);
    assert_eq!(bench.send(unsigned("/shut/k")).await.status, 403);
    assert_eq!(seen.lock().unwrap().len(), 1);
}
