//! The canonical request and the string to sign (IAM user guide, "Create a signed AWS API request", steps 1 and 3).

use super::{Claim, Form, Head, Payload, Refusal, Style, body_hash};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');
const RESERVED_IN_ENCODED_PATH: &AsciiSet = &RESERVED_IN_PATH.remove(b'%');

/// The canonical request.
pub(super) fn request(claim: &Claim, head: Head<'_>, payload: &str, style: Style) -> Result<String, Refusal> {
    check_headers(claim, head, style)?;
    let mut text = String::with_capacity(1024);
    text.extend([head.method, "\n", &path(head.path, style), "\n", &query(head.query, claim.form), "\n"]);
    for name in &claim.signed_headers {
        text.extend([name, ":"]);
        write_values(&mut text, head, name);
        text.push('\n');
    }
    text.extend(["\n", &claim.signed_headers.join(";"), "\n", payload]);
    Ok(text)
}

/// What is signed in the end.
pub(super) fn string_to_sign(claim: &Claim, canonical: &str) -> String {
    ["AWS4-HMAC-SHA256", &claim.timestamp, &claim.scope.without_key(), &body_hash(canonical.as_bytes())].join("\n")
}

/// S3 accepts no `x-amz-` header that somebody on the way could have added. The hash of the payload is signed in its own line.
fn check_headers(claim: &Claim, head: Head<'_>, style: Style) -> Result<(), Refusal> {
    if style != Style::S3 {
        return Ok(());
    }
    let must_be_signed =
        |name: &&str| name.starts_with("x-amz-") && !(*name == "x-amz-content-sha256" && claim.payload != Payload::Unstated);
    let names = head.headers.keys().map(|name| name.as_str()).filter(must_be_signed);
    let left_out: Vec<&str> = names.filter(|name| !claim.signed_headers.iter().any(|signed| signed == name)).collect();
    if left_out.is_empty() { Ok(()) } else { Err(Refusal::HeadersNotSigned(left_out.join(", "))) }
}

/// All values of a header, joined by commas, with each run of spaces made one.
fn write_values(text: &mut String, head: Head<'_>, name: &str) {
    for (index, value) in head.headers.get_all(name).iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        let words = value.split([' ', '\t']).filter(|word| !word.is_empty());
        for (index, word) in words.enumerate() {
            if index > 0 {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
}

fn path(path: &str, style: Style) -> String {
    if path.is_empty() || path == "/" {
        return "/".into();
    }
    match style {
        Style::S3 => utf8_percent_encode(path, RESERVED_IN_ENCODED_PATH).to_string(),
        Style::Common => utf8_percent_encode(&without_dots(path), RESERVED_IN_PATH).to_string(),
    }
}

/// The path without `.`, `..` and empty segments (RFC 3986, section 6.2.2.3).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => _ = kept.pop(),
            name => kept.push(name),
        }
    }
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

/// The parameters in the order of their encoded names and values, without the signature of a presigned address.
fn query(query: &str, form: Form) -> String {
    if query.is_empty() {
        return String::new();
    }
    let recode = |text: &str| {
        let bytes: Vec<u8> = percent_decode_str(&text.replace('+', "%20")).collect();
        percent_encoding::percent_encode(&bytes, RESERVED).to_string()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut pairs: Vec<(String, String)> = pairs.map(|(name, value)| (recode(name), recode(value))).collect();
    pairs.retain(|(name, _)| form == Form::Header || name != "X-Amz-Signature");
    pairs.sort();
    pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}
