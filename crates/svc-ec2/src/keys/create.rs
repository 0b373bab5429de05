//! Making keys. RSA takes long (tenths of a second, now and then seconds): call this where blocking is allowed.

use super::{Created, NotMade, Public, colons, ed25519_fingerprint, rsa};
use aws_lc_rs::{
    digest::{SHA1_FOR_LEGACY_USE_ONLY, digest},
    encoding::AsDer,
    rsa::{KeyPair, KeySize},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use model::ec2::KeyType;
use ssh_key::{
    LineEnding, PrivateKey, PublicKey,
    private::{Ed25519Keypair, Ed25519PrivateKey},
    public::Ed25519PublicKey,
};

/// Makes a key of that kind. `seed` is what an Ed25519 key is made of; the library draws what an RSA key needs by itself.
pub fn create(key_type: KeyType, name: &str, seed: &[u8; 32]) -> Result<Created, NotMade> {
    match key_type {
        KeyType::Rsa => create_rsa(name),
        KeyType::Ed25519 => create_ed25519(name, seed),
    }
}

/// 2048 bits, in PKCS #1. Its fingerprint is the SHA-1 of the private key in PKCS #8 (EC2 user guide, "Verify the fingerprint of your
/// key pair").
fn create_rsa(name: &str) -> Result<Created, NotMade> {
    let pair = KeyPair::generate(KeySize::Rsa2048)?;
    let pkcs8 = pair.as_der()?;
    let key = pair.public_key();
    let (modulus, exponent) = (key.modulus(), key.exponent());
    let line = rsa::ssh(modulus.big_endian_without_leading_zero(), exponent.big_endian_without_leading_zero(), name)?;
    let fingerprint = colons(digest(&SHA1_FOR_LEGACY_USE_ONLY, pkcs8.as_ref()).as_ref());
    let private = rsa::pkcs1_pem(pkcs8.as_ref()).ok_or(NotMade)?;
    Ok(Created { public: Public { key_type: KeyType::Rsa, line: line.to_openssh()?, fingerprint }, private })
}

fn create_ed25519(name: &str, seed: &[u8; 32]) -> Result<Created, NotMade> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NotMade)?;
    let public = Ed25519PublicKey::try_from(pair.public_key().as_ref()).map_err(|_| NotMade)?;
    let pair = Ed25519Keypair { public, private: Ed25519PrivateKey::from_bytes(seed) };
    let private = PrivateKey::new(pair.into(), name)?.to_openssh(LineEnding::LF)?.to_string();
    let key = PublicKey::new(public.into(), name);
    let fingerprint = ed25519_fingerprint(&key);
    Ok(Created { public: Public { key_type: KeyType::Ed25519, line: key.to_openssh()?, fingerprint }, private })
}
