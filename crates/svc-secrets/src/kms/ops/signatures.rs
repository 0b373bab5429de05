//! `Sign` and `Verify`.

use super::super::{cipher::material, crypto, errors};
use super::{check_tokens, dry};
use api::kms as sdk;
use crypto::{Message, signing_algorithms};
use front::{
    Answer, Cx,
    kms::{self, Found},
};
use model::kms::KeyUsage;
use sdk::{MessageType, SigningAlgorithmSpec as Algorithm};
use spine::{Read, Tx};
use wire::{Bytes, Fault};

/// The longest message that is taken whole, in bytes.
const LONGEST: usize = 4096;

/// `Sign`.
pub fn sign(cx: &Cx, tx: &mut Tx, input: &sdk::SignRequest) -> Answer<sdk::SignResponse> {
    check_tokens(input.grant_tokens.as_ref())?;
    let key = signing(cx, tx, &input.key_id, input.signing_algorithm, "Sign")?;
    let message = message(input.signing_algorithm, input.message_type, &input.message)?;
    let signed = crypto::sign(key.spec.kind, input.signing_algorithm, &material(tx, &key)?, message);
    let signature = signed.map_err(Fault::internal)?.ok_or_else(|| wrong_digest(input.signing_algorithm))?;
    dry(input.dry_run)?;
    Ok(sdk::SignResponse {
        key_id: Some(key.key.arn().to_string()),
        signature: Some(Bytes::from(signature)),
        signing_algorithm: Some(input.signing_algorithm),
    })
}

/// `Verify`.
pub fn verify(cx: &Cx, tx: &mut Tx, input: &sdk::VerifyRequest) -> Answer<sdk::VerifyResponse> {
    check_tokens(input.grant_tokens.as_ref())?;
    let key = signing(cx, tx, &input.key_id, input.signing_algorithm, "Verify")?;
    let message = message(input.signing_algorithm, input.message_type, &input.message)?;
    let public = key.spec.public_key.as_ref().map(|key| key.bytes()).unwrap_or_default();
    let verified = crypto::verify(key.spec.kind, input.signing_algorithm, public, message, &input.signature);
    if !verified.ok_or_else(|| wrong_digest(input.signing_algorithm))? {
        return Err(errors::invalid_signature());
    }
    dry(input.dry_run)?;
    Ok(sdk::VerifyResponse {
        key_id: Some(key.key.arn().to_string()),
        signature_valid: Some(true),
        signing_algorithm: Some(input.signing_algorithm),
    })
}

fn signing(cx: &Cx, read: &impl Read, named: &str, algorithm: Algorithm, operation: &str) -> Answer<Found> {
    let found = kms::find(cx, read, named)?;
    kms::usable(&found, cx.now)?;
    kms::usage(&found, KeyUsage::SignVerify, operation)?;
    if algorithm == Algorithm::Ed25519PhSha512 && found.spec.kind == model::kms::KeyKind::Ed25519 {
        return Err(errors::not_built("ED25519_PH_SHA_512"));
    }
    let fits = signing_algorithms(found.spec.kind).contains(&algorithm);
    if fits { Ok(found) } else { Err(errors::incompatible(algorithm.as_str(), found.spec.kind.as_str())) }
}

fn message(algorithm: Algorithm, kind: Option<MessageType>, bytes: &Bytes) -> Answer<Message<'_>> {
    match kind.unwrap_or(MessageType::Raw) {
        MessageType::Raw if bytes.len() > LONGEST => Err(errors::validation(format!(
            "1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length less than or equal to {LONGEST}"
        ))),
        MessageType::Raw => Ok(Message::Raw(bytes)),
        MessageType::Digest if algorithm == Algorithm::Ed25519Sha512 => {
            Err(errors::validation("MessageType DIGEST is not valid for signing algorithm ED25519_SHA_512."))
        }
        MessageType::Digest => Ok(Message::Digest(bytes)),
        MessageType::ExternalMu => {
            let text = format!("MessageType EXTERNAL_MU is not valid for signing algorithm {}.", algorithm.as_str());
            Err(errors::validation(text))
        }
    }
}

fn wrong_digest(algorithm: Algorithm) -> Fault {
    errors::validation(format!("Digest is invalid length for algorithm {}.", algorithm.as_str()))
}
