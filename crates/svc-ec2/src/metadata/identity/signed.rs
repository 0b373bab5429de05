//! What signs documents: keys with certificates of their own, plain signatures, and signed data of PKCS #7 (RFC 5652, section 5).
//!
//! EC2 signs `rsa2048` with RSA and `pkcs7` with DSA. DSA of the old kind is made by no library that is kept well; ECDSA takes its place.

use anyhow::{Context, Result, anyhow};
use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use model::ec2::IdentityKeySpec;
use rcgen::{CertificateParams, DnType};
use x509_parser::prelude::{FromDer, X509Certificate};
use yasna::{DERWriter, Tag, models::ObjectIdentifier};

const SIGNED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 2];
const DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 1];
const SHA256: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];
const RSA: &[u64] = &[1, 2, 840, 113_549, 1, 1, 1];
const ECDSA_WITH_SHA256: &[u64] = &[1, 2, 840, 10_045, 4, 3, 2];

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA of 2,048 bits with SHA-256 (PKCS #1, version 1.5).
    Rsa,
    /// On P-256, with SHA-256.
    Ecdsa,
}

/// Makes a key with a certificate that it signs itself. Blocks for tenths of a second where it is one of RSA.
pub fn new_key(algorithm: Algorithm) -> Result<IdentityKeySpec> {
    let pkcs8 = match algorithm {
        Algorithm::Rsa => KeyPair::generate(KeySize::Rsa2048)?.as_der()?.as_ref().to_vec(),
        Algorithm::Ecdsa => rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?.serialize_der(),
    };
    let signing = rcgen::KeyPair::try_from(pkcs8.as_slice())?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "Hillfog instance identity documents");
    params.distinguished_name.push(DnType::OrganizationName, "Hillfog");
    let certificate = params.self_signed(&signing)?;
    Ok(IdentityKeySpec { private_key: STANDARD.encode(pkcs8), certificate: STANDARD.encode(certificate.der()) })
}

/// A key that is ready to sign.
pub struct Signer {
    key: Pair,
    certificate: Vec<u8>,
    /// The certificate's issuer and serial number, in DER, by which signatures name it.
    issuer: Vec<u8>,
    serial: Vec<u8>,
}

enum Pair {
    Rsa(KeyPair),
    Ecdsa(EcdsaKeyPair),
}

impl Signer {
    /// Reads a key.
    pub fn of(algorithm: Algorithm, spec: &IdentityKeySpec) -> Result<Self> {
        let pkcs8 = STANDARD.decode(&spec.private_key)?;
        let key = match algorithm {
            Algorithm::Rsa => KeyPair::from_pkcs8(&pkcs8).map(Pair::Rsa),
            Algorithm::Ecdsa => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8).map(Pair::Ecdsa),
        };
        let key = key.map_err(|error| anyhow!("the key: {error}"))?;
        let certificate = STANDARD.decode(&spec.certificate)?;
        let (_, parsed) = X509Certificate::from_der(&certificate).context("the certificate")?;
        let (issuer, serial) = (parsed.issuer().as_raw().to_vec(), parsed.raw_serial().to_vec());
        Ok(Self { key, certificate, issuer, serial })
    }

    /// Signs a text.
    pub fn sign(&self, text: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.key {
            Pair::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature)?;
                Ok(signature)
            }
            Pair::Ecdsa(key) => Ok(key.sign(&random, text)?.as_ref().to_vec()),
        }
    }

    /// A text with its signature and the certificate, in DER.
    pub fn pkcs7(&self, text: &[u8], signature: &[u8]) -> Vec<u8> {
        yasna::construct_der(|writer| {
            writer.write_sequence(|content| {
                oid(content.next(), SIGNED_DATA);
                content.next().write_tagged(Tag::context(0), |writer| self.signed_data(writer, text, signature));
            });
        })
    }

    fn signed_data(&self, writer: DERWriter<'_>, text: &[u8], signature: &[u8]) {
        writer.write_sequence(|signed| {
            signed.next().write_u8(1);
            signed.next().write_set(|digests| algorithm(digests.next(), SHA256));
            signed.next().write_sequence(|held| {
                oid(held.next(), DATA);
                held.next().write_tagged(Tag::context(0), |writer| writer.write_bytes(text));
            });
            signed.next().write_tagged_implicit(Tag::context(0), |writer| {
                writer.write_set(|certificates| certificates.next().write_der(&self.certificate));
            });
            signed.next().write_set(|signers| self.signer_info(signers.next(), signature));
        });
    }

    fn signer_info(&self, writer: DERWriter<'_>, signature: &[u8]) {
        writer.write_sequence(|info| {
            info.next().write_u8(1);
            info.next().write_sequence(|who| {
                who.next().write_der(&self.issuer);
                who.next().write_bigint_bytes(&self.serial, true);
            });
            algorithm(info.next(), SHA256);
            match self.key {
                Pair::Rsa(_) => algorithm(info.next(), RSA),
                // Without parameters (RFC 5754, section 3.3).
                Pair::Ecdsa(_) => info.next().write_sequence(|algorithm| oid(algorithm.next(), ECDSA_WITH_SHA256)),
            }
            info.next().write_bytes(signature);
        });
    }
}

fn algorithm(writer: DERWriter<'_>, name: &[u64]) {
    writer.write_sequence(|algorithm| {
        oid(algorithm.next(), name);
        algorithm.next().write_null();
    });
}

fn oid(writer: DERWriter<'_>, name: &[u64]) {
    writer.write_oid(&ObjectIdentifier::from_slice(name));
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm};

    #[test]
    fn a_signature_is_the_certificates_and_stands_in_the_signed_data() {
        check(Algorithm::Rsa, &RSA_PKCS1_2048_8192_SHA256);
        check(Algorithm::Ecdsa, &ECDSA_P256_SHA256_ASN1);
    }

    fn check(algorithm: Algorithm, verified_by: &'static dyn VerificationAlgorithm) {
        let spec = new_key(algorithm).unwrap();
        let signer = Signer::of(algorithm, &spec).unwrap();
        let signature = signer.sign(b"document").unwrap();
        let certificate = STANDARD.decode(&spec.certificate).unwrap();
        let (_, parsed) = X509Certificate::from_der(&certificate).unwrap();
        let public = UnparsedPublicKey::new(verified_by, &parsed.public_key().subject_public_key.data);
        public.verify(b"document", &signature).unwrap();
        assert!(public.verify(b"another", &signature).is_err());
        let signed = signer.pkcs7(b"document", &signature);
        let holds = |part: &[u8]| signed.windows(part.len()).any(|window| window == part);
        assert!(holds(b"document") && holds(&signature) && holds(&certificate));
    }
}
