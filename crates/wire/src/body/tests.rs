//! Bodies as clients encode them, and as nobody should.

use super::*;
use crate::Time;
use crate::sigv4::{Claim, Form, Payload, Scope, SigningKey, body_hash};
use proptest::prelude::*;
use std::io::Write;

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn scope() -> Scope {
    Scope::parse("AKID/20130524/us-east-1/s3/aws4_request").unwrap()
}

fn claim() -> Claim {
    Claim {
        scope: scope(),
        at: Time(0),
        timestamp: "20130524T000000Z".into(),
        signed_headers: vec!["host".into()],
        signature: vec![7; 32],
        session_token: None,
        form: Form::Header,
        payload: Payload::Streaming { signed: true, trailer: true },
    }
}

fn key() -> SigningKey {
    SigningKey::derive("secret", &scope())
}

/// Encodes chunks as a client does, written against AWS's description and not against the decoder.
fn encode(chunks: &[&[u8]], trailers: &[(&str, &str)]) -> Vec<u8> {
    let (key, mut previous, mut body) = (key(), hex::encode([7; 32]), Vec::new());
    let sign = |kind: &str, previous: &str, hashes: &str| {
        key.sign(
            format!("AWS4-HMAC-SHA256-{kind}\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n{previous}\n{hashes}")
                .as_bytes(),
        )
    };
    for chunk in chunks.iter().copied().chain([&b""[..]]) {
        previous = sign("PAYLOAD", &previous, &format!("{EMPTY}\n{}", body_hash(chunk)));
        write!(body, "{:x};chunk-signature={previous}\r\n", chunk.len()).unwrap();
        body.extend_from_slice(chunk);
        if !chunk.is_empty() {
            body.extend_from_slice(b"\r\n");
        }
    }
    if !trailers.is_empty() {
        let lines: String = trailers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let signature = sign("TRAILER", &previous, &body_hash(lines.as_bytes()));
        trailers.iter().for_each(|(name, value)| write!(body, "{name}:{value}\r\n").unwrap());
        write!(body, "x-amz-trailer-signature:{signature}\r\n").unwrap();
    }
    body.extend_from_slice(b"\r\n");
    body
}

type Decoded = (Vec<u8>, Vec<(String, String)>);

fn decode(body: &[u8], pieces: usize, signed: bool, stated: Option<u64>) -> Result<Decoded, BodyError> {
    let mut decoder = ChunkDecoder::new(signed.then(|| Signer::new(&claim(), key())));
    let mut output = Vec::new();
    body.chunks(pieces).try_for_each(|piece| decoder.decode(piece, &mut output))?;
    Ok((output, decoder.finish(stated)?))
}

#[test]
fn signed_chunks_and_trailers_are_decoded_however_they_arrive() {
    let body = encode(&[b"hello ", b"world"], &[("x-amz-checksum-crc32", "AAAAAA==")]);
    for pieces in 1..=body.len() {
        let (output, trailers) = decode(&body, pieces, true, Some(11)).unwrap();
        assert_eq!(output, b"hello world");
        assert_eq!(trailers, [("x-amz-checksum-crc32".to_owned(), "AAAAAA==".to_owned())]);
    }
}

#[test]
fn one_changed_byte_anywhere_is_noticed() {
    let good = encode(&[b"hello ", b"world"], &[("x-amz-checksum-crc32", "AAAAAA==")]);
    for at in 0..good.len() - 2 {
        let mut bad = good.clone();
        bad[at] ^= 1;
        let accepted =
            decode(&bad, bad.len(), true, None).is_ok_and(|decoded| decoded != decode(&good, good.len(), true, None).unwrap());
        assert!(!accepted, "byte {at} of {:?}", String::from_utf8_lossy(&good));
    }
}

#[test]
fn a_body_that_ends_early_is_incomplete() {
    let body = encode(&[b"hello ", b"world"], &[]);
    let zero = body.windows(3).position(|window| window == b"\r\n0").unwrap() + 2;
    for length in 0..zero {
        assert!(decode(&body[..length], 16, true, None).is_err(), "{length}");
    }
    assert_eq!(decode(&body, 16, true, Some(12)), Err(BodyError::Incomplete));
}

#[test]
fn unsigned_chunks_need_no_signature() {
    let body = b"5\r\nhello\r\n0\r\nx-amz-checksum-sha256: abc=\r\n\r\n";
    let (output, trailers) = decode(body, 3, false, Some(5)).unwrap();
    assert_eq!(output, b"hello");
    assert_eq!(trailers, [("x-amz-checksum-sha256".to_owned(), "abc=".to_owned())]);
    assert_eq!(decode(body, 3, true, None), Err(BodyError::ChunkSignature));
}

#[test]
fn malformed_chunks_are_refused() {
    for body in [
        "x\r\n",
        "-1\r\n",
        "+5\r\nhello\r\n",
        "ffffffffffffffffff\r\n",
        "2\r\nhello\r\n",
        "0\r\nno colon\r\n\r\n",
        "0\r\n\r\nmore",
    ] {
        assert!(matches!(decode(body.as_bytes(), 64, false, None), Err(BodyError::Malformed(_))), "{body}");
    }
    let endless = vec![b'0'; 10_000];
    assert!(matches!(decode(&endless, 512, false, None), Err(BodyError::Malformed(_))));
}

#[test]
fn a_gzip_bomb_stops_at_the_bound() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; 1 << 20]).unwrap();
    let bomb = encoder.finish().unwrap();
    assert_eq!(gunzip(&bomb, 1 << 20).unwrap().len(), 1 << 20);
    assert_eq!(gunzip(&bomb, 1000), Err(BodyError::TooLarge { limit: 1000 }));
    assert!(matches!(gunzip(&bomb[..bomb.len() - 9], 1 << 21), Err(BodyError::Malformed(_))));
    assert!(matches!(gunzip(b"plain", 100), Err(BodyError::Malformed(_))));
}

proptest! {
    #[test]
    fn hostile_bodies_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200), pieces in 1usize..50, signed: bool) {
        let _ = decode(&body, pieces, signed, None);
        let _ = gunzip(&body, 1000);
    }

    #[test]
    fn hostile_lines_never_panic(body in "[0-9a-f;:=\r\nx-]{0,120}", pieces in 1usize..50, signed: bool) {
        let _ = decode(body.as_bytes(), pieces, signed, Some(3));
    }
}
