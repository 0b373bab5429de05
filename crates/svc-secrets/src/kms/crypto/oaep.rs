//! Encryption with RSA keys (RFC 8017, section 7.1).

use super::Refused;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};

/// The padding that a name ending so means, of an algorithm of encryption or of wrapping.
pub(super) fn padding(algorithm: &str) -> &'static OaepAlgorithm {
    if algorithm.ends_with("SHA_1") { &OAEP_SHA1_MGF1SHA1 } else { &OAEP_SHA256_MGF1SHA256 }
}

fn encrypting(public: &[u8]) -> Result<OaepPublicEncryptingKey, Refused> {
    Ok(OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(public)?)?)
}

/// The most bytes that a key encrypts at once.
///
/// # Errors
/// If it is no public key of RSA.
pub fn most_bytes(algorithm: &str, public: &[u8]) -> Result<usize, Refused> {
    Ok(encrypting(public)?.max_plaintext_size(padding(algorithm)))
}

/// Encrypts with a public key.
///
/// # Errors
/// If it is none, or the plaintext is too long for it.
pub fn encrypt(algorithm: &str, public: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Refused> {
    let key = encrypting(public)?;
    let mut sealed = vec![0; key.ciphertext_size()];
    Ok(key.encrypt(padding(algorithm), plaintext, &mut sealed, None)?.to_vec())
}

/// Decrypts with a private key in PKCS #8.
///
/// # Errors
/// If it is none, or the ciphertext isn't its.
pub fn decrypt(algorithm: &str, private: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, Refused> {
    let key = OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(private)?)?;
    let mut opened = vec![0; key.min_output_size()];
    Ok(key.decrypt(padding(algorithm), ciphertext, &mut opened, None)?.to_vec())
}
