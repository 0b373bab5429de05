//! Making keys, and reading those that are imported.

use super::Refused;
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
        ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
    },
};
use model::{Env, kms::KeyKind};

/// A key's material.
pub struct Made {
    /// The bytes of a symmetric key, PKCS #8 of an asymmetric one.
    pub bytes: Vec<u8>,
    /// The SubjectPublicKeyInfo of an asymmetric key.
    pub public: Option<Vec<u8>>,
}

/// Makes a key of the kind. RSA takes long (tenths of a second, now and then seconds): call this where blocking is allowed.
///
/// # Errors
/// If the machine has no randomness or no memory.
pub fn make(kind: KeyKind, env: &Env) -> Result<Made, Refused> {
    if let Some(length) = kind.symmetric_bytes() {
        let mut bytes = vec![0; length];
        env.dice.fill(&mut bytes);
        return Ok(Made { bytes, public: None });
    }
    if let Some(size) = rsa_size(kind) {
        return of_rsa(&KeyPair::generate(size)?);
    }
    if let Some(curve) = curve(kind) {
        return of_curve(&EcdsaKeyPair::generate(curve)?);
    }
    of_ed25519(&Ed25519KeyPair::from_seed_unchecked(&env.bytes::<32>())?)
}

/// Material that somebody brings for a key of the kind.
///
/// # Errors
/// If it is none for that kind.
pub fn imported(kind: KeyKind, bytes: &[u8]) -> Result<Made, Refused> {
    if let Some(length) = kind.symmetric_bytes() {
        return if bytes.len() == length { Ok(Made { bytes: bytes.to_vec(), public: None }) } else { Err(Refused) };
    }
    if let Some(size) = rsa_size(kind) {
        let pair = KeyPair::from_pkcs8(bytes)?;
        return if pair.public_modulus_len() == size.len() { of_rsa(&pair) } else { Err(Refused) };
    }
    match curve(kind) {
        Some(curve) => of_curve(&EcdsaKeyPair::from_pkcs8(curve, bytes)?),
        None => of_ed25519(&Ed25519KeyPair::from_pkcs8(bytes)?),
    }
}

/// The size of a kind of RSA keys.
fn rsa_size(kind: KeyKind) -> Option<KeySize> {
    Some(match kind {
        KeyKind::Rsa2048 => KeySize::Rsa2048,
        KeyKind::Rsa3072 => KeySize::Rsa3072,
        KeyKind::Rsa4096 => KeySize::Rsa4096,
        _ => return None,
    })
}

/// What a kind of keys on a curve signs with.
pub(super) fn curve(kind: KeyKind) -> Option<&'static EcdsaSigningAlgorithm> {
    Some(match kind {
        KeyKind::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
        KeyKind::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
        KeyKind::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
        KeyKind::P256K1 => &ECDSA_P256K1_SHA256_ASN1_SIGNING,
        _ => return None,
    })
}

fn of_rsa(pair: &KeyPair) -> Result<Made, Refused> {
    let private: Pkcs8V1Der<'_> = pair.as_der()?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der()?;
    Ok(Made { bytes: private.as_ref().to_vec(), public: Some(public.as_ref().to_vec()) })
}

fn of_curve(pair: &EcdsaKeyPair) -> Result<Made, Refused> {
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der()?;
    Ok(Made { bytes: pair.to_pkcs8v1()?.as_ref().to_vec(), public: Some(public.as_ref().to_vec()) })
}

fn of_ed25519(pair: &Ed25519KeyPair) -> Result<Made, Refused> {
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der()?;
    Ok(Made { bytes: pair.to_pkcs8v1()?.as_ref().to_vec(), public: Some(public.as_ref().to_vec()) })
}
