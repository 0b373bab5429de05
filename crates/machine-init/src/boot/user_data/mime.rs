//! As much of MIME (RFC 2045, RFC 2046) as user data are written in: multi-part messages whose parts are plain, base64 or quoted-printable.

use base64::{Engine, engine::general_purpose::STANDARD};

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its type without parameters, in lower case.
    pub kind: String,
    /// What it is, decoded.
    pub body: Vec<u8>,
}

/// The parts of a multi-part message; `None` if the bytes are none.
pub fn message(bytes: &[u8]) -> Option<Vec<Piece>> {
    let (headers, body) = split(bytes)?;
    let kind = headers.get("content-type")?;
    let boundary = parameter(kind, "boundary").filter(|_| kind.to_ascii_lowercase().starts_with("multipart/"))?;
    Some(between(body, &boundary).into_iter().map(piece).collect())
}

fn piece(bytes: &[u8]) -> Piece {
    // A part without headers begins with an empty line.
    let (headers, body) = match bytes.first() {
        Some(b'\n' | b'\r') => (Headers(Vec::new()), after_line(bytes)),
        _ => split(bytes).unwrap_or((Headers(Vec::new()), bytes)),
    };
    let kind = headers.get("content-type").unwrap_or("text/plain");
    if kind.to_ascii_lowercase().starts_with("multipart/") {
        return Piece { kind: "text/plain".into(), body: bytes.to_vec() };
    }
    let body = match headers.get("content-transfer-encoding").map(str::to_ascii_lowercase).as_deref() {
        Some("base64") => from_base64(body),
        Some("quoted-printable") => from_quoted_printable(body),
        _ => body.to_vec(),
    };
    Piece { kind: kind.split(';').next().unwrap_or(kind).trim().to_ascii_lowercase(), body }
}

struct Headers(Vec<(String, String)>);

impl Headers {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Headers up to the first empty line, and the rest. `None` unless every line is a header or goes on with one.
fn split(bytes: &[u8]) -> Option<(Headers, &[u8])> {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut rest = bytes;
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = std::str::from_utf8(&rest[..end]).ok()?.trim_end_matches('\r');
        rest = &rest[end + 1..];
        if line.is_empty() {
            return (!headers.is_empty()).then_some((Headers(headers), rest));
        }
        if line.starts_with([' ', '\t']) {
            let (_, value) = headers.last_mut()?;
            value.push(' ');
            value.push_str(line.trim());
        } else if let Some(("From", _)) = line.split_once(' ') {
            // The line before a message in a mailbox, which some tools write.
        } else {
            let (name, value) = line.split_once(':').filter(|(name, _)| !name.contains(' '))?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }
}

fn parameter(value: &str, name: &str) -> Option<String> {
    let mut parameters = value.split(';').skip(1).filter_map(|it| it.split_once('='));
    let (_, value) = parameters.find(|(known, _)| known.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty())
}

/// What stands between the lines of a boundary; the line end before one belongs to it.
fn between<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let open = format!("--{boundary}");
    let close = format!("--{boundary}--");
    let mut pieces = Vec::new();
    let mut start = None;
    let mut at = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        if text == open.as_bytes() || text == close.as_bytes() {
            pieces.extend(start.map(|start: usize| trim_line_end(&body[start..at.max(start)])));
            start = (text == open.as_bytes()).then_some(at + line.len());
            if start.is_none() {
                return pieces;
            }
        }
        at += line.len();
    }
    pieces.extend(start.map(|start| &body[start..]));
    pieces
}

fn trim_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

fn after_line(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1);
    &bytes[end..]
}

/// What can't be decoded is left as it is: the first line will not be understood, and the console says so.
fn from_base64(body: &[u8]) -> Vec<u8> {
    let packed: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(packed).unwrap_or_else(|_| body.to_vec())
}

fn from_quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|byte| (*byte as char).to_digit(16));
        (rest, _) = match (first, after, digit(0).zip(digit(1))) {
            (b'=', [b'\r', b'\n', after @ ..] | [b'\n', after @ ..], _) => (after, ()),
            (b'=', [_, _, after @ ..], Some((high, low))) => (after, decoded.push((high * 16 + low) as u8)),
            _ => (after, decoded.push(*first)),
        };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_multi_part_messages_are_taken() {
        assert_eq!(message(b"#!/bin/sh\necho a: b\n\n"), None);
        assert_eq!(message(b"Content-Type: text/plain\n\nhi"), None);
        assert_eq!(message(b"Content-Type: multipart/mixed\n\nhi"), None, "no boundary");
        assert_eq!(message(b"Content-Type: multipart/mixed; boundary=b\n\nhi"), Some(vec![]));
    }

    #[test]
    fn parts_are_cut_where_the_boundary_stands() {
        let found = message(b"Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\none\n\n--b\nContent-Type: A/B; x=y\n\ntwo\n--b--\nafter").unwrap();
        assert_eq!(found[0], Piece { kind: "text/plain".into(), body: b"one\n".to_vec() });
        assert_eq!(found[1], Piece { kind: "a/b".into(), body: b"two".to_vec() });
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn quoted_printable_is_decoded() {
        assert_eq!(from_quoted_printable(b"a=3D=\r\nb=\n=C3=A4 =zz="), "a=bä =zz=".as_bytes());
    }
}
