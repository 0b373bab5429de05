//! Encrypting and decrypting with a key of whatever kind, as `Encrypt`, `Decrypt`, `ReEncrypt` and the data keys do.

use super::{crypto, errors};
use api::kms::EncryptionAlgorithmSpec as Algorithm;
use front::{
    Answer, Cx,
    kms::{self, Found},
};
use logic::kms::{Ciphertext, EncryptionContext};
use model::kms::{KeyKind, KeyUsage};
use spine::{Read, Tx};
use wire::{Bytes, Fault};

/// What is said of the key that decrypts.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) key_id: Option<&'a str>,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) context: Option<&'a EncryptionContext>,
    pub(super) blob: Option<&'a Bytes>,
}

/// What came out of a ciphertext.
pub(super) struct Opened {
    pub(super) key: Found,
    pub(super) plaintext: Vec<u8>,
    pub(super) algorithm: Algorithm,
    /// The id of the material of a symmetric key.
    pub(super) material: Option<String>,
}

/// The key that is to encrypt, if it can.
pub(super) fn encrypting(cx: &Cx, read: &impl Read, named: &str, operation: &str) -> Answer<Found> {
    let found = kms::find(cx, read, named)?;
    kms::usable(&found, cx.now)?;
    kms::usage(&found, KeyUsage::EncryptDecrypt, operation)?;
    Ok(found)
}

/// Encrypts with a key that can.
pub(super) fn encrypt(
    cx: &Cx,
    tx: &Tx,
    key: &Found,
    algorithm: Option<Algorithm>,
    (plaintext, context): (&[u8], Option<&EncryptionContext>),
) -> Answer<(Vec<u8>, Algorithm)> {
    let algorithm = algorithm_of(key, algorithm)?;
    if algorithm == Algorithm::SymmetricDefault {
        let none = EncryptionContext::new();
        return Ok((kms::encrypt(&cx.env, tx, key, plaintext, context.unwrap_or(&none))?, algorithm));
    }
    refuse_context(context)?;
    let public = key.spec.public_key.as_ref().map(|key| key.bytes()).unwrap_or_default();
    let most = crypto::most_bytes(algorithm.as_str(), public).map_err(Fault::internal)?;
    if plaintext.len() > most {
        let (name, kind) = (algorithm.as_str(), key.spec.kind.as_str());
        return Err(errors::validation(format!(
            "Algorithm {name} and key spec {kind} cannot encrypt data larger than {most} bytes."
        )));
    }
    let sealed = crypto::encrypt(algorithm.as_str(), public, plaintext).map_err(Fault::internal)?;
    Ok((sealed, algorithm))
}

/// Opens a ciphertext. One of a symmetric key names its key; with another one, it has to be said.
pub(super) fn open(cx: &Cx, tx: &Tx, source: Source<'_>, operation: &str) -> Answer<Opened> {
    let blob = source.blob.ok_or_else(|| errors::validation("CiphertextBlob must be specified."))?;
    match source.algorithm.unwrap_or(Algorithm::SymmetricDefault) {
        Algorithm::SymmetricDefault => open_symmetric(cx, tx, source, blob, operation),
        algorithm => open_asymmetric(cx, tx, source, (blob, algorithm), operation),
    }
}

fn open_symmetric(cx: &Cx, tx: &Tx, source: Source<'_>, blob: &[u8], operation: &str) -> Answer<Opened> {
    let named = source.key_id.map(|named| kms::find(cx, tx, named)).transpose()?;
    if let Some(named) = &named {
        kms::usage(named, KeyUsage::EncryptDecrypt, operation)?;
        algorithm_of(named, None)?;
    }
    let ciphertext = Ciphertext::parse(blob).ok_or_else(errors::invalid_ciphertext)?;
    if named.is_some_and(|named| named.key != ciphertext.key) {
        return Err(errors::incorrect_key());
    }
    let here = ciphertext.key.region == cx.region;
    let key = kms::at(tx, &ciphertext.key)?.filter(|_| here).ok_or_else(errors::ciphertext_of_nobody)?;
    kms::usable(&key, cx.now)?;
    let none = EncryptionContext::new();
    let plaintext = kms::decrypt(tx, &ciphertext, source.context.unwrap_or(&none))?.ok_or_else(errors::invalid_ciphertext)?;
    Ok(Opened { key, plaintext, algorithm: Algorithm::SymmetricDefault, material: Some(ciphertext.material) })
}

fn open_asymmetric(
    cx: &Cx,
    tx: &Tx,
    source: Source<'_>,
    (blob, algorithm): (&[u8], Algorithm),
    operation: &str,
) -> Answer<Opened> {
    let named = source.key_id.ok_or_else(|| errors::validation("KeyId is required for asymmetric KMS keys."))?;
    let key = encrypting(cx, tx, named, operation)?;
    algorithm_of(&key, Some(algorithm))?;
    refuse_context(source.context)?;
    let private = material(tx, &key)?;
    let opened = crypto::decrypt(algorithm.as_str(), &private, blob);
    let plaintext = opened.map_err(|_| errors::invalid_ciphertext())?;
    Ok(Opened { key, plaintext, algorithm, material: None })
}

/// The material of a key that can be used.
pub(super) fn material(read: &impl Read, key: &Found) -> Answer<Vec<u8>> {
    let lost = || Fault::internal(format_args!("the key {} has no material", key.key.arn()));
    let id = key.material().ok_or_else(lost)?;
    let material = read.spec(&key.key.material(id))?.ok_or_else(lost)?;
    Ok(material.bytes.bytes().to_vec())
}

/// The algorithm of a key; symmetric encryption where none is said.
fn algorithm_of(key: &Found, asked: Option<Algorithm>) -> Answer<Algorithm> {
    let algorithm = asked.unwrap_or(Algorithm::SymmetricDefault);
    let fits = match algorithm {
        Algorithm::SymmetricDefault => key.spec.kind == KeyKind::Symmetric,
        Algorithm::RsaesOaepSha1 | Algorithm::RsaesOaepSha256 => key.spec.kind.is_rsa(),
        Algorithm::Sm2Pke => false,
    };
    if fits { Ok(algorithm) } else { Err(errors::incompatible(algorithm.as_str(), key.spec.kind.as_str())) }
}

fn refuse_context(context: Option<&EncryptionContext>) -> Answer<()> {
    let text = "You cannot specify an encryption context for a cryptographic operation with an asymmetric KMS key.";
    if context.is_some_and(|context| !context.is_empty()) { Err(errors::validation(text)) } else { Ok(()) }
}
