//! What a request says of its own signature: who signed, when, which parts, and what of the body.

use super::{Head, LONGEST_EXPIRY_S, Refusal, Scope};
use crate::Time;
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A signature that was read and not yet verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Who signed, and the scope.
    pub scope: Scope,
    /// When it was signed.
    pub at: Time,
    /// The same as it was written, `YYYYMMDDTHHMMSSZ`.
    pub timestamp: String,
    /// The names of the headers that are signed, lower case, in the signer's order.
    pub signed_headers: Vec<String>,
    /// The signature; 32 bytes.
    pub signature: Vec<u8>,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
    /// Where the signature was found.
    pub form: Form,
    /// What it says of the body.
    pub payload: Payload,
}

/// Where a signature is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// In the header `Authorization`.
    Header,
    /// In the query string (a presigned address), with the seconds for which it is valid.
    Presigned {
        /// Seconds after [`Claim::at`].
        expires_s: i64,
    },
}

/// What a signature says of the body (header `x-amz-content-sha256`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Payload {
    /// Nothing: the body's hash is signed without being named.
    Unstated,
    /// The hex SHA-256 of the body.
    Hash(String),
    /// The body isn't signed.
    Unsigned,
    /// The body comes in `aws-chunked` pieces.
    Streaming {
        /// Each piece has a signature.
        signed: bool,
        /// Trailing headers follow the last piece.
        trailer: bool,
    },
}

impl Payload {
    /// What the header says of a body that comes without a signature.
    ///
    /// # Errors
    /// As for a signed one.
    pub fn stated(headers: &http::HeaderMap) -> Result<Self, Refusal> {
        let stated = headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
        stated.map_or(Ok(Payload::Unstated), Payload::parse)
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        Ok(match text {
            "UNSIGNED-PAYLOAD" => Payload::Unsigned,
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Payload::Streaming { signed: true, trailer: false },
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Payload::Streaming { signed: true, trailer: true },
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Payload::Streaming { signed: false, trailer: true },
            hash if hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => Payload::Hash(hash.to_ascii_lowercase()),
            other if other.starts_with("STREAMING-") => return Err(Refusal::UnsupportedAlgorithm(shorten(other))),
            _ => {
                return Err(Refusal::Incomplete(
                    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a streaming value or a valid SHA-256 in hex.".into(),
                ));
            }
        })
    }

    /// As it stands in the canonical request, for those that are not the hash of a body.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Payload::Unstated => "",
            Payload::Hash(hash) => hash,
            Payload::Unsigned => "UNSIGNED-PAYLOAD",
            Payload::Streaming { signed: true, trailer: false } => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Payload::Streaming { signed: true, trailer: true } => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            Payload::Streaming { signed: false, .. } => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        }
    }
}

impl Claim {
    /// The signature that the request carries; `None` where it carries none.
    pub fn read(head: Head<'_>) -> Result<Option<Self>, Refusal> {
        if let Some(value) = header(head, "authorization") {
            return Self::from_header(head, value);
        }
        let query = decoded_query(head.query);
        if query.contains_key("X-Amz-Algorithm") { Self::from_query(head, &query).map(Some) } else { Ok(None) }
    }

    /// Whether the whole body is needed to verify the claim.
    pub fn covers_body(&self) -> bool {
        matches!(self.payload, Payload::Unstated | Payload::Hash(_))
    }

    /// Schemes that are not AWS's (`Basic`, `Bearer`) are no signature and are left to whoever wants them.
    fn from_header(head: Head<'_>, value: &str) -> Result<Option<Self>, Refusal> {
        let (scheme, parts) = value.trim().split_once([' ', '\t']).unwrap_or((value.trim(), ""));
        if scheme != ALGORITHM {
            let foreign = scheme != "AWS" && !scheme.starts_with("AWS4-");
            return if foreign { Ok(None) } else { Err(Refusal::UnsupportedAlgorithm(shorten(scheme))) };
        }
        let parts: BTreeMap<&str, &str> = parts.split(',').filter_map(|part| part.trim().split_once('=')).collect();
        let timestamp = header(head, "x-amz-date").map(str::to_owned).or_else(|| header(head, "date").and_then(from_http_date));
        let missing = ["Credential", "Signature", "SignedHeaders"].into_iter().filter(|name| !parts.contains_key(name));
        let mut complaints: Vec<String> =
            missing.map(|name| format!("Authorization header requires '{name}' parameter.")).collect();
        if timestamp.is_none() {
            complaints.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".into());
        }
        let (Some(timestamp), true) = (timestamp, complaints.is_empty()) else {
            return Err(Refusal::Incomplete(complaints.join(" ")));
        };
        let payload = header(head, "x-amz-content-sha256").map_or(Ok(Payload::Unstated), Payload::parse)?;
        let token = header(head, "x-amz-security-token").map(str::to_owned);
        Self::new(parts["Credential"], parts["SignedHeaders"], parts["Signature"], timestamp, token, Form::Header, payload)
            .map(Some)
    }

    fn from_query(head: Head<'_>, query: &BTreeMap<String, String>) -> Result<Self, Refusal> {
        let missing = || {
            Refusal::Incomplete("AWS query-string parameters must include 'X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders' and 'X-Amz-Date'. Re-examine the query-string parameters.".into())
        };
        let part = |name: &str| query.get(name).ok_or_else(missing);
        if part("X-Amz-Algorithm")? != ALGORITHM {
            return Err(Refusal::UnsupportedAlgorithm(shorten(part("X-Amz-Algorithm")?)));
        }
        let expires_s =
            query.get("X-Amz-Expires").map_or(Ok(super::SKEW_MS / 1000), |text| text.parse().map_err(|_| bad_expiry()))?;
        if !(0..=LONGEST_EXPIRY_S).contains(&expires_s) {
            return Err(bad_expiry());
        }
        let scope = part("X-Amz-Credential")?;
        let stated = query.get("X-Amz-Content-Sha256").map(String::as_str).or_else(|| header(head, "x-amz-content-sha256"));
        let payload = match stated {
            Some(text) => Payload::parse(text)?,
            None if scope.contains("/s3/") => Payload::Unsigned,
            None => Payload::Unstated,
        };
        let token = query.get("X-Amz-Security-Token").cloned();
        let form = Form::Presigned { expires_s };
        Self::new(
            scope,
            part("X-Amz-SignedHeaders")?,
            part("X-Amz-Signature")?,
            part("X-Amz-Date")?.clone(),
            token,
            form,
            payload,
        )
    }

    fn new(
        credential: &str,
        signed_headers: &str,
        signature: &str,
        timestamp: String,
        session_token: Option<String>,
        form: Form,
        payload: Payload,
    ) -> Result<Self, Refusal> {
        let scope = Scope::parse(credential)?;
        let at = parse_timestamp(&timestamp).ok_or_else(|| {
            Refusal::Incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
                shorten(&timestamp)
            ))
        })?;
        if !timestamp.starts_with(&scope.date) {
            return Err(Refusal::Incomplete(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{timestamp}'.",
                scope.date,
                &timestamp[..8]
            )));
        }
        let signed_headers: Vec<String> = signed_headers.split(';').map(str::to_ascii_lowercase).collect();
        if !signed_headers.iter().any(|name| name == "host") {
            return Err(Refusal::Incomplete("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".into()));
        }
        // A signature that is no hex can't match anything; it is refused with those that are wrong.
        let signature = hex::decode(signature).unwrap_or_default();
        Ok(Self { scope, at, timestamp, signed_headers, signature, session_token, form, payload })
    }
}

fn header<'a>(head: Head<'a>, name: &str) -> Option<&'a str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}

fn bad_expiry() -> Refusal {
    Refusal::Incomplete(format!("X-Amz-Expires must be a number between 0 and {LONGEST_EXPIRY_S} seconds"))
}

fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

/// The first value of each parameter.
fn decoded_query(query: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.rev().map(|(name, value)| (decode(name), decode(value))).collect()
}

/// `YYYYMMDDTHHMMSSZ` as a moment. Read by hand: a general parser takes as long as the signature's hash.
fn parse_timestamp(text: &str) -> Option<Time> {
    let shaped = text.len() == 16 && text.is_ascii() && &text[8..9] == "T" && text.ends_with('Z');
    let number = |from: usize, to: usize| {
        let digits = &text[from..to];
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<i16>().ok()).flatten()
    };
    let small = |from: usize| number(from, from + 2).and_then(|number| i8::try_from(number).ok());
    if !shaped {
        return None;
    }
    let date = jiff::civil::Date::new(number(0, 4)?, small(4)?, small(6)?).ok()?;
    let time = jiff::civil::Time::new(small(9)?, small(11)?, small(13)?, 0).ok()?;
    Some(Time(date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond()))
}

/// The header `Date` in the form that a string to sign has.
fn from_http_date(text: &str) -> Option<String> {
    let moment = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(moment.strftime("%Y%m%dT%H%M%SZ").to_string())
}

/// The moment as it stands in signatures and in AWS's messages about them: `YYYYMMDDTHHMMSSZ`.
pub fn basic_format(time: Time) -> String {
    let moment = jiff::Timestamp::from_millisecond(time.0).unwrap_or_default();
    moment.strftime("%Y%m%dT%H%M%SZ").to_string()
}
