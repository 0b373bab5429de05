//! Pairs of data keys. They are made where blocking is allowed.

use super::super::{cipher, errors};
use super::{check_tokens, dry, keys::make, no_recipient};
use api::kms as sdk;
use front::{Answer, Cx, kms::Found};
use logic::kms::EncryptionContext;
use model::kms::KeyKind;
use spine::Store;
use std::sync::Arc;
use wire::Bytes;

/// A pair, and the key that its private half is sealed under.
struct Pair {
    private: Vec<u8>,
    sealed: Vec<u8>,
    public: Vec<u8>,
    under: Found,
}

/// `GenerateDataKeyPair`.
pub async fn generate(
    cx: Cx,
    store: Arc<Store>,
    input: sdk::GenerateDataKeyPairRequest,
) -> Answer<sdk::GenerateDataKeyPairResponse> {
    check_tokens(input.grant_tokens.as_ref())?;
    no_recipient(input.recipient.as_ref())?;
    let wish = (&*input.key_id, input.key_pair_spec, input.encryption_context.as_ref());
    let made = pair(&cx, &store, wish, "GenerateDataKeyPair").await?;
    dry(input.dry_run)?;
    Ok(sdk::GenerateDataKeyPairResponse {
        private_key_ciphertext_blob: Some(Bytes::from(made.sealed)),
        private_key_plaintext: Some(Bytes::from(made.private)),
        public_key: Some(Bytes::from(made.public)),
        key_id: Some(made.under.key.arn().to_string()),
        key_pair_spec: Some(input.key_pair_spec),
        ciphertext_for_recipient: None,
        key_material_id: made.under.material().map(str::to_owned),
    })
}

/// `GenerateDataKeyPairWithoutPlaintext`.
pub async fn generate_sealed(
    cx: Cx,
    store: Arc<Store>,
    input: sdk::GenerateDataKeyPairWithoutPlaintextRequest,
) -> Answer<sdk::GenerateDataKeyPairWithoutPlaintextResponse> {
    check_tokens(input.grant_tokens.as_ref())?;
    let wish = (&*input.key_id, input.key_pair_spec, input.encryption_context.as_ref());
    let made = pair(&cx, &store, wish, "GenerateDataKeyPairWithoutPlaintext").await?;
    dry(input.dry_run)?;
    Ok(sdk::GenerateDataKeyPairWithoutPlaintextResponse {
        private_key_ciphertext_blob: Some(Bytes::from(made.sealed)),
        public_key: Some(Bytes::from(made.public)),
        key_id: Some(made.under.key.arn().to_string()),
        key_pair_spec: Some(input.key_pair_spec),
        key_material_id: made.under.material().map(str::to_owned),
    })
}

async fn pair(
    cx: &Cx,
    store: &Store,
    (key_id, spec, context): (&str, sdk::DataKeyPairSpec, Option<&EncryptionContext>),
    operation: &str,
) -> Answer<Pair> {
    // Nothing is made for whom it would be refused to.
    cipher::encrypting(cx, &store.snapshot(), key_id, operation)?;
    let name = spec.as_str();
    let kind = KeyKind::parse(name).ok_or_else(|| match name {
        "SM2" => errors::unsupported("KeyPairSpec SM2 is only supported in China Regions."),
        _ => errors::not_built(format_args!("KeyPairSpec {name}")),
    })?;
    let made = make(&cx.env, kind).await?;
    let seal = |tx: &mut spine::Tx| {
        let under = cipher::encrypting(cx, tx, key_id, operation)?;
        let (sealed, _) = cipher::encrypt(cx, tx, &under, None, (&made.bytes, context))?;
        Answer::Ok((under, sealed))
    };
    let (under, sealed) = store.transact(seal).await?;
    Ok(Pair { private: made.bytes, sealed, public: made.public.unwrap_or_default(), under })
}
