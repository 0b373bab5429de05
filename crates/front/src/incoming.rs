//! A body on its way in, for operations that don't wait for all of it: decoded, and held against what was signed of it.
//!
//! What has been handed out is to be believed only when [`Incoming::next`] has answered that nothing more comes: hashes and the
//! signatures of chunks are known to be right at the end. A handler commits nothing before.

use crate::{
    Body,
    auth::{authenticate::Unknown, wording},
    body::{self, ReadError},
};
use aws_lc_rs::digest::{self, SHA256};
use bytes::Bytes;
use http::{HeaderMap, header};
use wire::{
    Fault, Service, Time,
    body::{BodyError, ChunkDecoder, Signer},
    sigv4::{Claim, Payload, Refusal, SigningKey},
};

/// What a client still sends after it was refused is read up to here, so that it gets to read why.
const PATIENCE_BYTES: u64 = 64 << 20;

/// A body that comes piece by piece.
pub struct Incoming {
    body: Body,
    coding: Coding,
    service: &'static Service,
    /// The length of what was encoded; none where the client doesn't say.
    length: Option<u64>,
    /// The length on the wire, as the head says, and how much has come.
    stated: Option<u64>,
    received: u64,
    /// Names of trailing headers that are to come.
    announced: Vec<String>,
    trailers: Vec<(String, String)>,
    /// Whether the client sends without being asked to (`Expect: 100-continue` was not given, or was answered).
    flows: bool,
}

/// How the body is encoded, and what it has to agree with.
enum Coding {
    /// As it is.
    Plain,
    /// As it is, with this hash.
    Hashed(Box<digest::Context>, String),
    /// `aws-chunked`.
    Chunked(Box<ChunkDecoder>, Option<u64>),
    /// All of it has come.
    Ended,
}

impl Incoming {
    /// No body.
    pub(crate) fn none(service: &'static Service) -> Self {
        Self::whole(service, Bytes::new())
    }

    /// One that has been read and verified already.
    pub(crate) fn whole(service: &'static Service, bytes: Bytes) -> Self {
        let length = Some(bytes.len() as u64);
        let body = body::full(bytes);
        let (announced, trailers) = (Vec::new(), Vec::new());
        Self { body, coding: Coding::Plain, service, length, stated: None, received: 0, announced, trailers, flows: false }
    }

    /// One whose head is `headers`, from which the encoding is taken: what is left there is what the client has encoded itself, and
    /// its length. `claim` and `key` are who has signed, if somebody has.
    pub(crate) fn new(
        service: &'static Service,
        body: Body,
        headers: &mut HeaderMap,
        payload: &Payload,
        signer: Option<(&Claim, SigningKey)>,
    ) -> Self {
        let stated = number(headers, header::CONTENT_LENGTH.as_str());
        let decoded = number(headers, "x-amz-decoded-content-length");
        let (coding, length) = match payload {
            Payload::Streaming { signed, .. } => {
                let signer = signer.filter(|_| *signed).map(|(claim, key)| Signer::new(claim, key));
                (Coding::Chunked(Box::new(ChunkDecoder::new(signer)), decoded), decoded)
            }
            Payload::Hash(hash) => (Coding::Hashed(Box::new(digest::Context::new(&SHA256)), hash.clone()), stated),
            Payload::Unsigned | Payload::Unstated => (Coding::Plain, stated),
        };
        if matches!(coding, Coding::Chunked(..)) {
            undo_headers(headers, length);
        }
        let flows = !headers.contains_key(header::EXPECT);
        let announced = headers.get("x-amz-trailer").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let announced =
            announced.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect();
        Self { body, coding, service, length, stated, received: 0, announced, trailers: Vec::new(), flows }
    }

    /// How many bytes will come, decoded, if the client says.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The names of the trailing headers that the head announces, in lower case.
    pub fn announced(&self) -> &[String] {
        &self.announced
    }

    /// The trailing headers, with names in lower case, once all of the body has come.
    pub fn trailers(&self) -> &[(String, String)] {
        &self.trailers
    }

    /// The next piece; none behind the last, once the whole was held against what was signed.
    ///
    /// # Errors
    /// In the service's words: that the body broke off, doesn't have the length that was stated, or isn't what was signed. None of
    /// what came before is to be used then.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        self.flows = true;
        loop {
            let piece = body::next(&mut self.body).await.map_err(|error| self.fault(error))?;
            let Some(piece) = piece else {
                self.flows = false;
                return self.end().map(|()| None);
            };
            self.received += piece.len() as u64;
            let plain = self.take(piece)?;
            if !plain.is_empty() {
                return Ok(Some(plain));
            }
        }
    }

    /// All of it, where it has at most so many bytes.
    ///
    /// # Errors
    /// As [`Incoming::next`], or `EntityTooLarge`.
    pub async fn collect(&mut self, limit: usize) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.next().await? {
            if bytes.len() + piece.len() > limit {
                return Err(self.fault(ReadError::TooLarge(limit)));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    fn take(&mut self, piece: Bytes) -> Result<Bytes, Fault> {
        match &mut self.coding {
            Coding::Plain => Ok(piece),
            Coding::Hashed(context, _) => {
                context.update(&piece);
                Ok(piece)
            }
            Coding::Chunked(decoder, _) => {
                let mut plain = Vec::with_capacity(piece.len());
                let decoded = decoder.decode(&piece, &mut plain);
                decoded.map_err(|error| self.fault(error.into()))?;
                Ok(plain.into())
            }
            Coding::Ended => Err(self.fault(ReadError::Broken)),
        }
    }

    fn end(&mut self) -> Result<(), Fault> {
        if self.stated.is_some_and(|stated| stated != self.received) {
            return Err(self.fault(BodyError::Incomplete.into()));
        }
        match std::mem::replace(&mut self.coding, Coding::Ended) {
            Coding::Plain | Coding::Ended => Ok(()),
            Coding::Hashed(context, stated) => {
                let found = hex::encode(context.finish());
                if found == stated { Ok(()) } else { Err(self.refused(Refusal::PayloadMismatch { stated, found })) }
            }
            Coding::Chunked(decoder, length) => {
                self.trailers = decoder.finish(length).map_err(|error| self.fault(error.into()))?;
                Ok(())
            }
        }
    }

    fn refused(&self, refusal: Refusal) -> Fault {
        wording::unknown(self.service, Unknown::Refused(refusal), Time(0))
    }

    fn fault(&self, error: ReadError) -> Fault {
        crate::api::unreadable(error)
    }
}

/// A client that is refused in the midst of sending finds a closed connection instead of the answer, unless what it sends is read.
impl Drop for Incoming {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.flows {
            let body = std::mem::take(&mut self.body);
            runtime.spawn(drain(body));
        }
    }
}

async fn drain(mut body: Body) {
    let mut read = 0;
    while let Ok(Some(piece)) = body::next(&mut body).await {
        read += piece.len() as u64;
        if read > PATIENCE_BYTES {
            return;
        }
    }
}

/// Takes `aws-chunked` from the headers, which then are those of what was encoded.
fn undo_headers(headers: &mut HeaderMap, length: Option<u64>) {
    let encodings = headers.remove(header::CONTENT_ENCODING);
    let text = encodings.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let own: Vec<&str> =
        text.split(',').map(str::trim).filter(|it| !it.is_empty() && !it.eq_ignore_ascii_case("aws-chunked")).collect();
    if let (false, Ok(value)) = (own.is_empty(), own.join(",").parse()) {
        headers.insert(header::CONTENT_ENCODING, value);
    }
    headers.remove(header::CONTENT_LENGTH);
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}
