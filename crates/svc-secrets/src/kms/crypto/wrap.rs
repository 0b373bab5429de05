//! Unwrapping the material that is imported (KMS developer guide, "Select a wrapping algorithm").

use super::{Refused, decrypt};
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesBlockCipher, AesKek, KeyWrapPadded};

/// How material can be wrapped here. `RSAES_PKCS1_V1_5` is no longer offered by AWS, and SM2 is for China.
pub const WRAPPING_ALGORITHMS: &[&str] =
    &["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"];

/// The material that was wrapped for the private key.
///
/// # Errors
/// If it wasn't, or not so.
pub fn unwrap(algorithm: &str, private: &[u8], wrapped: &[u8]) -> Result<Vec<u8>, Refused> {
    if !algorithm.starts_with("RSA_AES_KEY_WRAP") {
        return decrypt(algorithm, private, wrapped);
    }
    // The AES key that is wrapped by RSA comes first, and takes as many bytes as the RSA key's modulus has.
    let modulus = modulus_len(private)?;
    let (key, material) = wrapped.split_at_checked(modulus).ok_or(Refused)?;
    let key = decrypt(algorithm, private, key)?;
    let cipher: &'static AesBlockCipher = match key.len() {
        16 => &AES_128,
        32 => &AES_256,
        _ => return Err(Refused),
    };
    let mut opened = vec![0; material.len()];
    Ok(AesKek::new(cipher, &key)?.unwrap_with_padding(material, &mut opened)?.to_vec())
}

fn modulus_len(private: &[u8]) -> Result<usize, Refused> {
    Ok(aws_lc_rs::rsa::KeyPair::from_pkcs8(private)?.public_modulus_len())
}
