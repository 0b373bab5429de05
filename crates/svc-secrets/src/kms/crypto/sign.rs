//! Signatures: of messages, and of digests that somebody has made of theirs.

use super::{Refused, make::curve};
use api::kms::SigningAlgorithmSpec as Algorithm;
use aws_lc_rs::{
    digest::{self, Digest, SHA256, SHA384, SHA512},
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256K1_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, EcdsaKeyPair,
        Ed25519KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256,
        RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
        RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use model::kms::KeyKind;

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// The message, of which a digest is made here.
    Raw(&'a [u8]),
    /// A digest of it.
    Digest(&'a [u8]),
}

/// With what keys of a kind sign (API reference, `CreateKey`, "Asymmetric KMS keys").
pub const fn signing_algorithms(kind: KeyKind) -> &'static [Algorithm] {
    match kind {
        KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 => &[
            Algorithm::RsassaPkcs1V15Sha256,
            Algorithm::RsassaPkcs1V15Sha384,
            Algorithm::RsassaPkcs1V15Sha512,
            Algorithm::RsassaPssSha256,
            Algorithm::RsassaPssSha384,
            Algorithm::RsassaPssSha512,
        ],
        KeyKind::P256 | KeyKind::P256K1 => &[Algorithm::EcdsaSha256],
        KeyKind::P384 => &[Algorithm::EcdsaSha384],
        KeyKind::P521 => &[Algorithm::EcdsaSha512],
        KeyKind::Ed25519 => &[Algorithm::Ed25519Sha512],
        _ => &[],
    }
}

/// Signs with a private key in PKCS #8, which is of a kind that has the algorithm. The inner error is for a digest that isn't as long as
/// the algorithm's.
///
/// # Errors
/// If the library refuses.
pub fn sign(kind: KeyKind, algorithm: Algorithm, private: &[u8], message: Message<'_>) -> Result<Option<Vec<u8>>, Refused> {
    if kind == KeyKind::Ed25519 {
        let Message::Raw(message) = message else { return Ok(None) };
        return Ok(Some(Ed25519KeyPair::from_pkcs8(private)?.try_sign(message)?.as_ref().to_vec()));
    }
    let Some(digest) = digested(algorithm, message) else { return Ok(None) };
    if let Some(curve) = curve(kind) {
        return Ok(Some(EcdsaKeyPair::from_pkcs8(curve, private)?.sign_digest(&digest)?.as_ref().to_vec()));
    }
    let pair = KeyPair::from_pkcs8(private)?;
    let mut signature = vec![0; pair.public_modulus_len()];
    match message {
        Message::Raw(message) => pair.sign(encoding(algorithm), &SystemRandom::new(), message, &mut signature)?,
        Message::Digest(_) => pair.sign_digest(encoding(algorithm), &digest, &mut signature)?,
    }
    Ok(Some(signature))
}

/// Whether a signature is a public key's; none for a digest that isn't as long as the algorithm's.
pub fn verify(kind: KeyKind, algorithm: Algorithm, public: &[u8], message: Message<'_>, signature: &[u8]) -> Option<bool> {
    let key = UnparsedPublicKey::new(verification(kind, algorithm), public);
    let verified = match message {
        Message::Raw(message) => key.verify(message, signature),
        Message::Digest(_) if kind == KeyKind::Ed25519 => return None,
        Message::Digest(_) => key.verify_digest(&digested(algorithm, message)?, signature),
    };
    Some(verified.is_ok())
}

fn digested(algorithm: Algorithm, message: Message<'_>) -> Option<Digest> {
    use Algorithm::{EcdsaSha256, EcdsaSha384, RsassaPkcs1V15Sha256, RsassaPkcs1V15Sha384, RsassaPssSha256, RsassaPssSha384};
    let hash = match algorithm {
        RsassaPssSha256 | RsassaPkcs1V15Sha256 | EcdsaSha256 => &SHA256,
        RsassaPssSha384 | RsassaPkcs1V15Sha384 | EcdsaSha384 => &SHA384,
        _ => &SHA512,
    };
    match message {
        Message::Raw(message) => Some(digest::digest(hash, message)),
        Message::Digest(digest) => Digest::import_less_safe(digest, hash).ok(),
    }
}

fn encoding(algorithm: Algorithm) -> &'static dyn RsaEncoding {
    match algorithm {
        Algorithm::RsassaPssSha256 => &RSA_PSS_SHA256,
        Algorithm::RsassaPssSha384 => &RSA_PSS_SHA384,
        Algorithm::RsassaPssSha512 => &RSA_PSS_SHA512,
        Algorithm::RsassaPkcs1V15Sha256 => &RSA_PKCS1_SHA256,
        Algorithm::RsassaPkcs1V15Sha384 => &RSA_PKCS1_SHA384,
        _ => &RSA_PKCS1_SHA512,
    }
}

fn verification(kind: KeyKind, algorithm: Algorithm) -> &'static dyn VerificationAlgorithm {
    match (kind, algorithm) {
        (KeyKind::P256, _) => &ECDSA_P256_SHA256_ASN1,
        (KeyKind::P256K1, _) => &ECDSA_P256K1_SHA256_ASN1,
        (KeyKind::P384, _) => &ECDSA_P384_SHA384_ASN1,
        (KeyKind::P521, _) => &ECDSA_P521_SHA512_ASN1,
        (KeyKind::Ed25519, _) => &ED25519,
        (_, Algorithm::RsassaPssSha256) => &RSA_PSS_2048_8192_SHA256,
        (_, Algorithm::RsassaPssSha384) => &RSA_PSS_2048_8192_SHA384,
        (_, Algorithm::RsassaPssSha512) => &RSA_PSS_2048_8192_SHA512,
        (_, Algorithm::RsassaPkcs1V15Sha256) => &RSA_PKCS1_2048_8192_SHA256,
        (_, Algorithm::RsassaPkcs1V15Sha384) => &RSA_PKCS1_2048_8192_SHA384,
        _ => &RSA_PKCS1_2048_8192_SHA512,
    }
}
