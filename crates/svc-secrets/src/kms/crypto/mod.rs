//! What keys do: aws-lc-rs, told what to do in AWS's names.
//!
//! No records and no requests here. Symmetric keys are made of the cloud's dice; the library draws by itself what an asymmetric key, its
//! signature or its padding needs.

mod mac;
mod make;
mod oaep;
mod sign;
mod wrap;

pub use mac::{mac, verify_mac};
pub use make::{Made, imported, make};
pub use oaep::{decrypt, encrypt, most_bytes};
pub use sign::{Message, sign, signing_algorithms, verify};
pub use wrap::{WRAPPING_ALGORITHMS, unwrap};

/// The library couldn't do it: what it was given isn't what it has to be, or the machine has no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library refused")]
pub struct Refused;

impl From<aws_lc_rs::error::Unspecified> for Refused {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

impl From<aws_lc_rs::error::KeyRejected> for Refused {
    fn from(_: aws_lc_rs::error::KeyRejected) -> Self {
        Self
    }
}
