//! The encodings that a request's body may come in: `aws-chunked` with signed or unsigned chunks and trailing headers, and gzip.
//!
//! Both undo an encoding within bounds that they are given and know nothing of sockets: whoever reads the body feeds them.

mod chunked;
mod gzip;
#[cfg(test)]
mod tests;

pub use chunked::{ChunkDecoder, Signer};
pub use gzip::gunzip;

/// Why a body can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is not encoded as it says.
    #[error("the body is malformed: {0}")]
    Malformed(&'static str),
    /// It ends too early, or is shorter or longer than it says.
    #[error("the body has not the length that it says it has")]
    Incomplete,
    /// A chunk or the trailing headers have been changed on the way, or another key signed them.
    #[error("a chunk's signature does not match")]
    ChunkSignature,
    /// Decoded, it is larger than is allowed.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// What is allowed.
        limit: usize,
    },
}
