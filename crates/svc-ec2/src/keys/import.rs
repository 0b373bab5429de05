//! Reading public keys that people bring: OpenSSH's line, RFC 4716, or an RSA key's DER in base64 (EC2 API reference, `ImportKeyPair`).

use super::{Public, colons, ed25519_fingerprint, rsa};
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use model::ec2::KeyType;
use ssh_key::{
    PublicKey,
    public::{KeyData, RsaPublicKey},
};

/// The lengths of RSA keys that EC2 takes, in bits.
const RSA_BITS: [usize; 3] = [1024, 2048, 4096];

/// The key in the material, with `name` as its comment; none if EC2 takes no such key.
pub fn import(material: &[u8], name: &str) -> Option<Public> {
    let mut key = read(std::str::from_utf8(material).ok()?.trim())?;
    key.set_comment(name);
    let (key_type, fingerprint) = match key.key_data() {
        KeyData::Rsa(rsa) => (KeyType::Rsa, rsa_fingerprint(rsa)?),
        KeyData::Ed25519(_) => (KeyType::Ed25519, ed25519_fingerprint(&key)),
        _ => return None,
    };
    Some(Public { key_type, line: key.to_openssh().ok()?, fingerprint })
}

fn read(text: &str) -> Option<PublicKey> {
    match text {
        _ if text.starts_with("---- BEGIN SSH2 PUBLIC KEY ----") => PublicKey::from_bytes(&rfc4716(text)?).ok(),
        _ if text.contains(' ') => PublicKey::from_openssh(text).ok(),
        _ => der(&STANDARD.decode(text.lines().map(str::trim).collect::<String>()).ok()?),
    }
}

/// What stands between the markers of RFC 4716, section 3, without its headers and their continuations.
fn rfc4716(text: &str) -> Option<Vec<u8>> {
    let mut body = String::new();
    let mut lines = text.lines().map(str::trim_end).skip(1);
    while let Some(line) = lines.next() {
        if line == "---- END SSH2 PUBLIC KEY ----" {
            return STANDARD.decode(body).ok();
        }
        let mut header = line.contains(':').then_some(line);
        if header.is_none() {
            body.push_str(line);
        }
        while header.is_some_and(|line| line.ends_with('\\')) {
            header = lines.next();
        }
    }
    None
}

fn der(bytes: &[u8]) -> Option<PublicKey> {
    let key = aws_lc_rs::rsa::PublicKey::from_der(bytes).ok()?;
    let (modulus, exponent) = (key.modulus(), key.exponent());
    rsa::ssh(modulus.big_endian_without_leading_zero(), exponent.big_endian_without_leading_zero(), "").ok()
}

/// The MD5 of the SubjectPublicKeyInfo; none if the key is not of a length that EC2 takes.
fn rsa_fingerprint(key: &RsaPublicKey) -> Option<String> {
    let (modulus, exponent) = (key.n.as_positive_bytes()?, key.e.as_positive_bytes()?);
    let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
    let info = RSA_BITS.contains(&bits).then(|| rsa::subject_public_key_info(modulus, exponent))??;
    Some(colons(&Md5::digest(info.as_ref())))
}
