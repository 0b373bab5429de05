//! What the verification of a signature costs: a JSON call of 1 KiB as boto3 signs it, with the signing key derived before, beside
//! the hash of its body alone, which no verification can do without.

use aws_credential_types::Credentials;
use aws_lc_rs::digest::{SHA256, digest};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use criterion::{Criterion, criterion_group, criterion_main};
use http::Request;
use std::{
    hint::black_box,
    time::{Duration, SystemTime},
};
use wire::{
    Time,
    sigv4::{Claim, Head, Keys, Style},
};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: Time = Time(1_700_000_000_000);

/// A request with the headers that clients send, signed.
fn signed(body: &[u8]) -> Request<Vec<u8>> {
    let identity = Credentials::new("AKIDEXAMPLE", SECRET, None, None, "bench").into();
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(NOW.0 as u64);
    let params = v4::SigningParams::builder().identity(&identity).region("eu-west-1").name("ecs").time(time);
    let params = params.settings(SigningSettings::default()).build().expect("parameters").into();
    let mut request = Request::post("http://localhost:4566/")
        .header("host", "localhost:4566")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AmazonEC2ContainerServiceV20141113.DescribeTasks")
        .body(body.to_vec())
        .expect("a request");
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().expect("text")));
    let signable = SignableRequest::new("POST", "http://localhost:4566/", headers, SignableBody::Bytes(body)).expect("signable");
    let (instructions, _) = sign(signable, &params).expect("a signature").into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}

fn verification(c: &mut Criterion) {
    let body = vec![b'x'; 1024];
    let request = signed(&body);
    let head = Head { method: "POST", path: "/", query: "", headers: request.headers() };
    let keys = Keys::default();
    c.bench_function("sigv4/verify", |b| {
        b.iter(|| {
            let claim = Claim::read(black_box(head)).expect("well formed").expect("signed");
            claim.verify(head, &body, SECRET, Style::Common, NOW, &keys).expect("the right signature")
        });
    });
    c.bench_function("sigv4/read", |b| b.iter(|| Claim::read(black_box(head))));
    c.bench_function("sigv4/hash of the body alone", |b| b.iter(|| digest(&SHA256, black_box(&body))));
}

criterion_group!(benches, verification);
criterion_main!(benches);
