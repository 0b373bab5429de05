//! `Encrypt` and `Decrypt`.

use super::super::{
    cipher::{self, Source},
    errors,
};
use super::{check_tokens, dry, no_recipient};
use api::kms as sdk;
use front::{Answer, Cx};
use spine::Tx;
use wire::Bytes;

/// `Encrypt`.
pub fn encrypt(cx: &Cx, tx: &mut Tx, input: &sdk::EncryptRequest) -> Answer<sdk::EncryptResponse> {
    check_tokens(input.grant_tokens.as_ref())?;
    let key = cipher::encrypting(cx, tx, &input.key_id, "Encrypt")?;
    let what = (&*input.plaintext, input.encryption_context.as_ref());
    let (sealed, algorithm) = cipher::encrypt(cx, tx, &key, input.encryption_algorithm, what)?;
    dry(input.dry_run)?;
    Ok(sdk::EncryptResponse {
        ciphertext_blob: Some(Bytes::from(sealed)),
        key_id: Some(key.key.arn().to_string()),
        encryption_algorithm: Some(algorithm),
    })
}

/// `Decrypt`.
pub fn decrypt(cx: &Cx, tx: &mut Tx, input: &sdk::DecryptRequest) -> Answer<sdk::DecryptResponse> {
    check_tokens(input.grant_tokens.as_ref())?;
    no_recipient(input.recipient.as_ref())?;
    if input.dry_run_modifiers.is_some() {
        return Err(errors::not_built("DryRunModifiers"));
    }
    let source = Source {
        key_id: input.key_id.as_deref(),
        algorithm: input.encryption_algorithm,
        context: input.encryption_context.as_ref(),
        blob: input.ciphertext_blob.as_ref(),
    };
    let opened = cipher::open(cx, tx, source, "Decrypt")?;
    dry(input.dry_run)?;
    Ok(sdk::DecryptResponse {
        key_id: Some(opened.key.key.arn().to_string()),
        plaintext: Some(Bytes::from(opened.plaintext)),
        encryption_algorithm: Some(opened.algorithm),
        ciphertext_for_recipient: None,
        key_material_id: opened.material,
    })
}
