//! What the targets have in common.

#[path = "../../crates/wire/tests/hostile/schema.rs"]
mod schema;

use http::{HeaderMap, HeaderValue, Method};
use schema::{OPERATIONS, SERVICE};
use wire::{Dialect, Protocol, Request};

/// The texts that an input is made of, with NUL characters between them; what isn't there is empty.
pub fn texts<const N: usize>(data: &[u8]) -> [String; N] {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(N, '\0');
    std::array::from_fn(|_| parts.next().unwrap_or_default().to_owned())
}

/// Reads a request of an operation whose input has members of all kinds, in all places, and answers it with what was read.
///
/// The first line is a path, a query and a header's value with blanks between them; the rest is the body.
pub fn decode(protocol: Protocol, data: &[u8]) {
    let request = request(data);
    let dialect = Dialect { service: &SERVICE, protocol, query_mode: data.len() % 2 == 0 };
    let _ = Dialect::of(&SERVICE, &request).match_operation(&request);
    let operation = &OPERATIONS[0];
    match dialect.decode(operation, &request) {
        Ok(input) => {
            if let Err(fault) = dialect.validate(operation, &input) {
                dialect.encode_fault("id", &fault);
            }
            dialect.encode(operation, "id", &input);
        }
        Err(fault) => {
            assert!((400..600).contains(&fault.status), "{fault:?}");
            dialect.encode_fault("id", &fault);
        }
    }
}

fn request(data: &[u8]) -> Request {
    let cut = data.iter().position(|byte| *byte == b'\n');
    let (line, body) = cut.map_or((&b""[..], data), |at| (&data[..at], &data[at + 1..]));
    let line = String::from_utf8_lossy(line);
    let mut parts = line.splitn(3, ' ');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let (path, query, header) = (part(), part(), part());
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&header) {
        headers.insert("x-list", value);
    }
    let path = if path.is_empty() { "/put/label".to_owned() } else { path };
    Request { method: Method::POST, path, query, headers, body: body.to_vec().into() }
}
