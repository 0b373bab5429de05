//! Signatures: the head of a request is read as a claim, and what is claimed is verified.
//!
//! An input is like a request of HTTP/1: a method, a path and a query with blanks between them, headers, an empty line, the body.
#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use wire::sigv4::{Claim, Head, Keys, Style};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().splitn(3, ' ');
    let mut part = || first.next().unwrap_or_default();
    let (method, path, query) = (part(), part(), part());
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    let head = Head { method, path, query, headers: &headers };
    let Ok(Some(claim)) = Claim::read(head) else { return };
    for style in [Style::Common, Style::S3] {
        // That a signature is right is found by nobody who doesn't know the secret.
        assert!(claim.verify(head, body.as_bytes(), "a secret", style, claim.at, &Keys::default()).is_err());
    }
});
