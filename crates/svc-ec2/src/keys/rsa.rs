//! RSA keys in the encodings that aws-lc-rs doesn't write.

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rsa::PublicKeyComponents,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ssh_key::{
    Error, Mpint, PublicKey,
    public::{KeyData, RsaPublicKey},
};

/// The public key of a modulus and an exponent, as OpenSSH has it.
pub fn ssh(modulus: &[u8], exponent: &[u8], comment: &str) -> Result<PublicKey, Error> {
    let key = RsaPublicKey { e: Mpint::from_positive_bytes(exponent)?, n: Mpint::from_positive_bytes(modulus)? };
    Ok(PublicKey::new(KeyData::Rsa(key), comment))
}

/// The SubjectPublicKeyInfo (RFC 5280, section 4.1) of a key.
pub fn subject_public_key_info(modulus: &[u8], exponent: &[u8]) -> Option<PublicKeyX509Der<'static>> {
    PublicKeyComponents { n: modulus, e: exponent }.as_der().ok()
}

/// A private key in PKCS #1 (RFC 8017, appendix A.1.2), out of the PKCS #8 (RFC 5208, section 5) that holds it.
pub fn pkcs1_pem(pkcs8: &[u8]) -> Option<String> {
    let (_, fields, _) = element(pkcs8)?;
    let (_, _version, rest) = element(fields)?;
    let (_, _algorithm, rest) = element(rest)?;
    let (OCTET_STRING, key, _) = element(rest)? else { return None };
    Some(pem("RSA PRIVATE KEY", key))
}

const OCTET_STRING: u8 = 4;

/// The first element of DER: its tag, what it holds, and what follows it (X.690, section 8.1).
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk()?;
    let (length, rest) = match first {
        0..0x80 => (usize::from(first), rest),
        _ => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f)).filter(|(digits, _)| digits.len() <= 4)?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
    };
    let (held, rest) = rest.split_at_checked(length)?;
    Some((tag, held, rest))
}

/// Textual encoding (RFC 7468, section 2).
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned() + "\n");
    format!("-----BEGIN {label}-----\n{}-----END {label}-----\n", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_short_is_no_element() {
        assert_eq!(element(&[4, 2, 7, 8, 9]), Some((4, &[7, 8][..], &[9][..])));
        assert_eq!(element(&[4, 0x81, 1, 7]), Some((4, &[7][..], &[][..])));
        for broken in [&[][..], &[4], &[4, 2, 7], &[4, 0x81], &[4, 0x85, 0, 0, 0, 0, 0], &[4, 0x84, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(element(broken), None, "{broken:?}");
        }
        assert!(pkcs1_pem(b"junk").is_none());
    }
}
