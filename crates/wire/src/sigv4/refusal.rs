//! Why a signature was not accepted, without the words that a service has for it.

use crate::Time;

/// Why a signature was not accepted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// Parts of the signature are missing or can't be read; the text says which, in AWS's words.
    #[error("{0}")]
    Incomplete(String),
    /// It was made by another version or algorithm.
    #[error("the signing algorithm `{0}` is not supported")]
    UnsupportedAlgorithm(String),
    /// The signer's clock is too far from ours, or the request is too old.
    #[error("signed at {signed:?}, seen at {now:?}")]
    Skewed {
        /// When the request says that it was signed.
        signed: Time,
        /// When it was seen.
        now: Time,
    },
    /// The presigned address was valid for that many seconds and isn't any more.
    #[error("presigned at {at:?} for {expires_s} s")]
    Expired {
        /// When it was signed.
        at: Time,
        /// For how long.
        expires_s: i64,
    },
    /// Headers that have to be signed are not: their names, joined by commas.
    #[error("headers not signed: {0}")]
    HeadersNotSigned(String),
    /// The body is not the one that was signed.
    #[error("the body's SHA-256 is {found}, not {stated}")]
    PayloadMismatch {
        /// What the request says.
        stated: String,
        /// What the body has.
        found: String,
    },
    /// Another secret was used, or another request was signed. What was to be signed helps whoever writes a client.
    #[error("the signature does not match")]
    Mismatch {
        /// The canonical request as we made it.
        canonical_request: String,
        /// The string to sign as we made it.
        string_to_sign: String,
    },
}
