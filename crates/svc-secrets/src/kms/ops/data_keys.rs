//! Data keys, and randomness.

use super::super::{cipher, errors};
use super::{check_tokens, dry, no_recipient};
use api::kms as sdk;
use front::{Answer, Cx, kms::Found};
use logic::kms::EncryptionContext;
use spine::Tx;
use wire::Bytes;

/// What a data key is to be.
struct Wish<'a> {
    key_id: &'a str,
    bytes: Option<i32>,
    spec: Option<sdk::DataKeySpec>,
    context: Option<&'a EncryptionContext>,
    operation: &'static str,
}

/// A data key.
struct DataKey {
    plaintext: Vec<u8>,
    sealed: Vec<u8>,
    under: Found,
}

/// `GenerateDataKey`.
pub fn generate(cx: &Cx, tx: &mut Tx, input: &sdk::GenerateDataKeyRequest) -> Answer<sdk::GenerateDataKeyResponse> {
    check_tokens(input.grant_tokens.as_ref())?;
    no_recipient(input.recipient.as_ref())?;
    let wish = Wish {
        key_id: &input.key_id,
        bytes: input.number_of_bytes,
        spec: input.key_spec,
        context: input.encryption_context.as_ref(),
        operation: "GenerateDataKey",
    };
    let made = make(cx, tx, &wish)?;
    dry(input.dry_run)?;
    Ok(sdk::GenerateDataKeyResponse {
        ciphertext_blob: Some(Bytes::from(made.sealed)),
        plaintext: Some(Bytes::from(made.plaintext)),
        key_id: Some(made.under.key.arn().to_string()),
        ciphertext_for_recipient: None,
        key_material_id: made.under.material().map(str::to_owned),
    })
}

/// `GenerateDataKeyWithoutPlaintext`.
pub fn generate_sealed(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::GenerateDataKeyWithoutPlaintextRequest,
) -> Answer<sdk::GenerateDataKeyWithoutPlaintextResponse> {
    check_tokens(input.grant_tokens.as_ref())?;
    let wish = Wish {
        key_id: &input.key_id,
        bytes: input.number_of_bytes,
        spec: input.key_spec,
        context: input.encryption_context.as_ref(),
        operation: "GenerateDataKeyWithoutPlaintext",
    };
    let made = make(cx, tx, &wish)?;
    dry(input.dry_run)?;
    Ok(sdk::GenerateDataKeyWithoutPlaintextResponse {
        ciphertext_blob: Some(Bytes::from(made.sealed)),
        key_id: Some(made.under.key.arn().to_string()),
        key_material_id: made.under.material().map(str::to_owned),
    })
}

fn make(cx: &Cx, tx: &Tx, wish: &Wish<'_>) -> Answer<DataKey> {
    let length = match (wish.bytes, wish.spec) {
        (Some(bytes), None) => usize::try_from(bytes).unwrap_or_default(),
        (None, Some(sdk::DataKeySpec::Aes256)) => 32,
        (None, Some(sdk::DataKeySpec::Aes128)) => 16,
        _ => return Err(errors::validation("Please specify either number of bytes or key spec.")),
    };
    let under = cipher::encrypting(cx, tx, wish.key_id, wish.operation)?;
    let mut plaintext = vec![0; length];
    cx.env.dice.fill(&mut plaintext);
    let (sealed, _) = cipher::encrypt(cx, tx, &under, None, (&plaintext, wish.context))?;
    Ok(DataKey { plaintext, sealed, under })
}

/// `GenerateRandom`.
pub fn random(cx: &Cx, _: &mut Tx, input: &sdk::GenerateRandomRequest) -> Answer<sdk::GenerateRandomResponse> {
    no_recipient(input.recipient.as_ref())?;
    if input.custom_key_store_id.is_some() {
        return Err(errors::not_built("custom key stores"));
    }
    let length = input.number_of_bytes.and_then(|bytes| usize::try_from(bytes).ok());
    let mut plaintext = vec![0; length.ok_or_else(|| errors::validation("NumberOfBytes is required."))?];
    cx.env.dice.fill(&mut plaintext);
    Ok(sdk::GenerateRandomResponse { plaintext: Some(Bytes::from(plaintext)), ciphertext_for_recipient: None })
}
