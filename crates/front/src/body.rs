//! Bodies on their way in and out.

use bytes::{Bytes, BytesMut};
use futures::Stream;
use http::HeaderMap;
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use std::time::Duration;
use wire::{
    body::{ChunkDecoder, Signer, gunzip},
    sigv4::{Claim, Payload, SigningKey},
};

/// Any failure of a body under way.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A body of a request or an answer, of known or unknown length.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// How long a client may take from one piece of a body to the next. It is the peer's time that counts here, not the cloud's.
const PATIENCE: Duration = Duration::from_secs(60);

/// A body of bytes.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// No body.
pub fn empty() -> Body {
    full(Bytes::new())
}

/// A body of pieces as they come.
pub fn streaming<E: Into<BodyError> + 'static>(pieces: impl Stream<Item = Result<Bytes, E>> + Send + 'static) -> Body {
    use futures::TryStreamExt;
    BodyExt::boxed_unsync(StreamBody::new(pieces.map_ok(Frame::data).map_err(Into::into)))
}

/// Why a request's body was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is larger than that.
    #[error("the request's body is larger than {0} bytes")]
    TooLarge(usize),
    /// The client sent nothing for too long.
    #[error("the request's body did not come in time")]
    TooSlow,
    /// The connection broke, or what came is not HTTP.
    #[error("the request's body could not be read")]
    Broken,
    /// Its encoding can't be undone.
    #[error(transparent)]
    Encoding(#[from] wire::body::BodyError),
    /// An encoding that isn't known.
    #[error("the content encoding `{0}` is not supported")]
    UnknownEncoding(String),
}

/// The next piece of a body; `None` at its end. A client that sends nothing for a minute is given up.
pub async fn next(body: &mut Body) -> Result<Option<Bytes>, ReadError> {
    loop {
        let frame = tokio::time::timeout(PATIENCE, body.frame()).await.map_err(|_| ReadError::TooSlow)?;
        let Some(frame) = frame else { return Ok(None) };
        if let Ok(data) = frame.map_err(|_| ReadError::Broken)?.into_data() {
            return Ok(Some(data));
        }
    }
}

/// Reads a whole body, of at most `limit` bytes.
pub async fn read(mut body: Body, limit: usize) -> Result<Bytes, ReadError> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = next(&mut body).await? {
        if bytes.len() + piece.len() > limit {
            return Err(ReadError::TooLarge(limit));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

/// Undoes the content encodings of a body and takes them from the headers; the trailing headers of `aws-chunked` join the others.
pub(crate) fn decode(
    body: Bytes,
    headers: &mut HeaderMap,
    claim: Option<&Claim>,
    key: Option<SigningKey>,
    limit: usize,
) -> Result<Bytes, ReadError> {
    let body = undo_chunks(body, headers, claim, key)?;
    let encodings = headers.remove(http::header::CONTENT_ENCODING);
    let encodings = encodings.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    let mut body = body;
    for encoding in encodings.split(',').map(str::trim).rev() {
        body = match encoding {
            "" | "identity" | "aws-chunked" => body,
            "gzip" => gunzip(&body, limit)?.into(),
            other => return Err(ReadError::UnknownEncoding(other.chars().take(32).collect())),
        };
    }
    Ok(body)
}

fn undo_chunks(body: Bytes, headers: &mut HeaderMap, claim: Option<&Claim>, key: Option<SigningKey>) -> Result<Bytes, ReadError> {
    let Some((claim, Payload::Streaming { signed, .. })) = claim.map(|claim| (claim, &claim.payload)) else { return Ok(body) };
    let signer = key.filter(|_| *signed).map(|key| Signer::new(claim, key));
    let mut decoder = ChunkDecoder::new(signer);
    let mut plain = Vec::with_capacity(body.len());
    decoder.decode(&body, &mut plain)?;
    let stated = headers.get("x-amz-decoded-content-length").and_then(|value| value.to_str().ok()?.parse().ok());
    for (name, value) in decoder.finish(stated)? {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    Ok(plain.into())
}
