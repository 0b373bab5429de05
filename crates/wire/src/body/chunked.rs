//! `aws-chunked`: a body in pieces, each with its length and, where the payload is signed, a signature that stands on the piece
//! before it (Amazon S3 API reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
//! Chunks", and its sibling on trailing headers).
//!
//! ```text
//! 10000;chunk-signature=<64 hex>\r\n <65536 bytes> \r\n … 0;chunk-signature=<64 hex>\r\n
//! x-amz-checksum-crc32:<base64>\r\n x-amz-trailer-signature:<64 hex>\r\n \r\n
//! ```

use super::BodyError;
use crate::sigv4::{Claim, SigningKey, body_hash};
use aws_lc_rs::digest::{self, SHA256};

/// The longest line between chunks: a size, a signature, or a trailing header.
const LONGEST_LINE: usize = 4096;
/// The most trailing headers.
const MOST_TRAILERS: usize = 16;
const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

/// What signs the chunks of one request.
#[derive(Clone, Debug)]
pub struct Signer {
    key: SigningKey,
    timestamp: String,
    scope: String,
    previous: String,
}

impl Signer {
    /// Begins with the signature of the request's head, which `key` has verified.
    pub fn new(claim: &Claim, key: SigningKey) -> Self {
        let previous = hex::encode(&claim.signature);
        Self { key, timestamp: claim.timestamp.clone(), scope: claim.scope.without_key(), previous }
    }

    fn verify_chunk(&mut self, hash: &str, signature: &str) -> Result<(), BodyError> {
        let hashes = format!("{}\n{hash}", body_hash(b""));
        self.verify("AWS4-HMAC-SHA256-PAYLOAD", &hashes, signature)
    }

    fn verify(&mut self, algorithm: &str, hashes: &str, signature: &str) -> Result<(), BodyError> {
        let to_sign = [algorithm, &self.timestamp, &self.scope, &self.previous, hashes].join("\n");
        let given = hex::decode(signature).unwrap_or_default();
        if !self.key.verifies(to_sign.as_bytes(), &given) {
            return Err(BodyError::ChunkSignature);
        }
        self.previous = signature.to_ascii_lowercase();
        Ok(())
    }
}

/// Undoes `aws-chunked`, piece by piece as the bytes arrive.
///
/// What has been handed out is to be believed only when [`finish`](Self::finish) has returned: a chunk's signature is known to be
/// right at the chunk's end.
pub struct ChunkDecoder {
    signer: Option<Signer>,
    state: State,
    line: Vec<u8>,
    chunk: Option<(digest::Context, String)>,
    trailers: Vec<(String, String)>,
    decoded: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// In the line with a chunk's size.
    Size,
    /// In a chunk, with so many bytes to come.
    Data(u64),
    /// In the line break behind a chunk.
    DataEnd,
    /// In the lines behind the last chunk.
    Trailers,
    /// Behind the empty line.
    Done,
}

impl ChunkDecoder {
    /// `signer` is there for the payloads whose chunks are signed.
    pub fn new(signer: Option<Signer>) -> Self {
        Self { signer, state: State::Size, line: Vec::new(), chunk: None, trailers: Vec::new(), decoded: 0 }
    }

    /// Takes the next bytes of the body and appends what they decode to.
    pub fn decode(&mut self, mut input: &[u8], output: &mut Vec<u8>) -> Result<(), BodyError> {
        while !input.is_empty() {
            input = match self.state {
                State::Data(left) => self.data(left, input, output)?,
                State::Done => return Err(BodyError::Malformed("bytes behind the end")),
                _ => self.text(input)?,
            };
        }
        Ok(())
    }

    /// The trailing headers, once all of the body was fed. `stated` is the length in `x-amz-decoded-content-length`, if it was given.
    pub fn finish(mut self, stated: Option<u64>) -> Result<Vec<(String, String)>, BodyError> {
        let ended = self.state == State::Done || (self.state == State::Trailers && self.line.is_empty());
        if !ended || stated.is_some_and(|length| length != self.decoded) {
            return Err(BodyError::Incomplete);
        }
        self.verify_trailers()?;
        Ok(self.trailers)
    }

    fn data<'a>(&mut self, left: u64, input: &'a [u8], output: &mut Vec<u8>) -> Result<&'a [u8], BodyError> {
        let taken = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let (piece, rest) = input.split_at(taken);
        output.extend_from_slice(piece);
        self.decoded += taken as u64;
        if let Some((context, _)) = &mut self.chunk {
            context.update(piece);
        }
        let left = left - taken as u64;
        self.state = if left > 0 { State::Data(left) } else { State::DataEnd };
        if left == 0 {
            self.verify_chunk()?;
        }
        Ok(rest)
    }

    /// Collects a line up to its line feed.
    fn text<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], BodyError> {
        let end = input.iter().position(|byte| *byte == b'\n');
        let (piece, rest) = input.split_at(end.map_or(input.len(), |at| at + 1));
        if self.line.len() + piece.len() > LONGEST_LINE {
            return Err(BodyError::Malformed("a line is too long"));
        }
        self.line.extend_from_slice(piece);
        if end.is_some() {
            let line = std::mem::take(&mut self.line);
            self.take_line(&line)?;
        }
        Ok(rest)
    }

    fn take_line(&mut self, line: &[u8]) -> Result<(), BodyError> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line)).map_err(|_| BodyError::Malformed("not text"))?;
        match self.state {
            State::Size => return self.begin_chunk(line),
            State::DataEnd if line.is_empty() => self.state = State::Size,
            State::Trailers if line.is_empty() => self.state = State::Done,
            State::Trailers => return self.add_trailer(line),
            _ => return Err(BodyError::Malformed("a chunk is longer than it says")),
        }
        Ok(())
    }

    fn begin_chunk(&mut self, line: &str) -> Result<(), BodyError> {
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        let hex = !size.is_empty() && size.bytes().all(|b| b.is_ascii_hexdigit());
        let size = hex
            .then(|| u64::from_str_radix(size, 16).ok())
            .flatten()
            .ok_or(BodyError::Malformed("a chunk's size is no number"))?;
        if self.signer.is_some() {
            let signature = extension.trim().strip_prefix("chunk-signature=").ok_or(BodyError::ChunkSignature)?;
            self.chunk = Some((digest::Context::new(&SHA256), signature.to_owned()));
        }
        self.state = if size > 0 { State::Data(size) } else { State::Trailers };
        if size == 0 { self.verify_chunk() } else { Ok(()) }
    }

    fn verify_chunk(&mut self) -> Result<(), BodyError> {
        match (&mut self.signer, self.chunk.take()) {
            (Some(signer), Some((context, signature))) => signer.verify_chunk(&hex::encode(context.finish()), &signature),
            _ => Ok(()),
        }
    }

    fn add_trailer(&mut self, line: &str) -> Result<(), BodyError> {
        let (name, value) = line.split_once(':').ok_or(BodyError::Malformed("a trailing header has no colon"))?;
        if self.trailers.len() >= MOST_TRAILERS {
            return Err(BodyError::Malformed("too many trailing headers"));
        }
        self.trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        Ok(())
    }

    /// Trailing headers of a signed payload have a signature of their own, which is not handed out.
    fn verify_trailers(&mut self) -> Result<(), BodyError> {
        let is_signature = |(name, _): &(String, String)| name == TRAILER_SIGNATURE;
        let signature = self.trailers.extract_if(.., |trailer| is_signature(trailer)).last();
        let Some(signer) = &mut self.signer else { return Ok(()) };
        if self.trailers.is_empty() && signature.is_none() {
            return Ok(());
        }
        let (_, signature) = signature.ok_or(BodyError::ChunkSignature)?;
        let canonical: String = self.trailers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        signer.verify("AWS4-HMAC-SHA256-TRAILER", &body_hash(canonical.as_bytes()), &signature)
    }
}
