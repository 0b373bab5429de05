//! `ReEncrypt`: the plaintext never leaves.

use super::super::{
    cipher::{self, Opened, Source},
    errors, keys,
};
use super::{check_tokens, dry};
use api::kms as sdk;
use front::{
    Answer, Cx,
    kms::{self, Found},
};
use spine::Tx;
use wire::Bytes;

/// `ReEncrypt`. That the caller may do so from the one key has been looked at; that it may to the other is looked at here.
pub fn re_encrypt(cx: &Cx, tx: &mut Tx, input: &sdk::ReEncryptRequest) -> Answer<sdk::ReEncryptResponse> {
    check_tokens(input.grant_tokens.as_ref())?;
    if input.dry_run_modifiers.is_some() {
        return Err(errors::not_built("DryRunModifiers"));
    }
    let source = Source {
        key_id: input.source_key_id.as_deref(),
        algorithm: input.source_encryption_algorithm,
        context: input.source_encryption_context.as_ref(),
        blob: input.ciphertext_blob.as_ref(),
    };
    let opened = cipher::open(cx, tx, source, "ReEncrypt")?;
    let to = kms::find(cx, tx, &input.destination_key_id)?;
    authorize(cx, input, &opened, &to)?;
    let to = cipher::encrypting(cx, tx, &input.destination_key_id, "ReEncrypt")?;
    let context = input.destination_encryption_context.as_ref();
    let (sealed, algorithm) = cipher::encrypt(cx, tx, &to, input.destination_encryption_algorithm, (&opened.plaintext, context))?;
    dry(input.dry_run)?;
    Ok(sdk::ReEncryptResponse {
        ciphertext_blob: Some(Bytes::from(sealed)),
        source_key_id: Some(opened.key.key.arn().to_string()),
        key_id: Some(to.key.arn().to_string()),
        source_encryption_algorithm: Some(opened.algorithm),
        destination_encryption_algorithm: Some(algorithm),
        source_key_material_id: opened.material,
        destination_key_material_id: symmetric_material(&to, algorithm),
    })
}

fn symmetric_material(key: &Found, algorithm: sdk::EncryptionAlgorithmSpec) -> Option<String> {
    key.material().filter(|_| algorithm == sdk::EncryptionAlgorithmSpec::SymmetricDefault).map(str::to_owned)
}

fn authorize(cx: &Cx, input: &sdk::ReEncryptRequest, from: &Opened, to: &Found) -> Answer<()> {
    let algorithm = input.destination_encryption_algorithm.unwrap_or(sdk::EncryptionAlgorithmSpec::SymmetricDefault);
    let context = input.destination_encryption_context.as_ref();
    let told = keys::with_context(cx, &input.destination_key_id, context, algorithm.as_str());
    let told = told.with("kms:ReEncryptOnSameKey", (from.key.key == to.key).to_string());
    cx.authorize("kms:ReEncryptTo", &[to.key.arn()], &told)
}
