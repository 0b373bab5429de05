//! Importing material (KMS developer guide, "Importing key material for AWS KMS keys").

use super::super::{crypto, errors, views};
use super::{keys::make, own, own_alive};
use api::kms as sdk;
use aws_lc_rs::digest::{SHA256, digest};
use front::{Answer, Cx, kms::Found};
use model::{
    Key, Timestamp,
    kms::{ImportWrapping, ImportWrappingSpec, KeyKind, KeyMaterialSpec, KeyOrigin, Secret},
};
use spine::{Read, Store, Tx};
use std::{sync::Arc, time::Duration};
use wire::Bytes;

/// For how long a wrapping key and its token can be used.
const VALID_FOR: Duration = Duration::from_secs(86_400);

/// The furthest that material can expire from now.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// `GetParametersForImport`. The wrapping key is made first, where blocking is allowed.
pub async fn parameters(
    cx: Cx,
    store: Arc<Store>,
    input: sdk::GetParametersForImportRequest,
) -> Answer<sdk::GetParametersForImportResponse> {
    let algorithm = input.wrapping_algorithm.as_str();
    let found = external(own_alive(&cx, &store.snapshot(), &input.key_id)?)?;
    if !crypto::WRAPPING_ALGORITHMS.contains(&algorithm) {
        return Err(errors::unsupported(format!("Wrapping algorithm {algorithm} is not supported.")));
    }
    if found.spec.kind.symmetric_bytes().is_none() && !algorithm.starts_with("RSA_AES_KEY_WRAP") {
        return Err(errors::validation(format!("Wrapping algorithm {algorithm} is not valid for asymmetric key material.")));
    }
    let made = make(&cx.env, wrapping_kind(input.wrapping_key_spec)?).await?;
    let valid_to = cx.now + VALID_FOR;
    let id = cx.env.hex(32);
    let wrapping = ImportWrappingSpec { private_key: Secret::new(made.bytes), algorithm: algorithm.into(), valid_to };
    let at = wrapping_key(&found, &id);
    store.transact(|tx| tx.create(&at, &wrapping).map_err(wire::Fault::from)).await?;
    Ok(sdk::GetParametersForImportResponse {
        key_id: Some(found.key.arn().to_string()),
        import_token: Some(Bytes::from(id)),
        public_key: made.public.map(Bytes::from),
        parameters_valid_to: Some(views::time(valid_to)),
    })
}

fn wrapping_kind(spec: sdk::WrappingKeySpec) -> Answer<KeyKind> {
    KeyKind::parse(spec.as_str()).ok_or_else(|| errors::unsupported("WrappingKeySpec SM2 is only supported in China Regions."))
}

fn wrapping_key(found: &Found, token: &str) -> Key<ImportWrapping> {
    Key::new(&found.key.account, &found.key.region, format!("{}/{token}", found.key.id))
}

fn external(found: Found) -> Answer<Found> {
    let text = || format!("{} origin is AWS_KMS which is not valid for this operation.", found.key.arn());
    if found.spec.origin == KeyOrigin::External { Ok(found) } else { Err(errors::unsupported(text())) }
}

/// `ImportKeyMaterial`. A key takes only the material that it had before, if it had one.
pub fn import(cx: &Cx, tx: &mut Tx, input: &sdk::ImportKeyMaterialRequest) -> Answer<sdk::ImportKeyMaterialResponse> {
    refuse(input)?;
    let found = external(own_alive(cx, tx, &input.key_id)?)?;
    let valid_to = expiry(cx, input)?;
    let wrapping = wrapping(cx, tx, &found, &input.import_token)?;
    let unwrapped = crypto::unwrap(&wrapping.algorithm, wrapping.private_key.bytes(), &input.encrypted_key_material);
    let bytes = unwrapped.map_err(|_| errors::invalid_ciphertext())?;
    let made = crypto::imported(found.spec.kind, &bytes).map_err(|_| errors::wrong_material())?;
    let id = material_id(&found, &bytes);
    if before(&found).is_some_and(|before| *before != id) || input.key_material_id.as_ref().is_some_and(|named| *named != id) {
        return Err(errors::wrong_material());
    }
    tx.set_spec(&found.key.material(&id), &KeyMaterialSpec { bytes: Secret::new(made.bytes) })?;
    tx.update_spec(&found.key, |spec| {
        spec.material = Some(id.clone());
        spec.had_material = Some(id.clone());
        spec.valid_to = valid_to;
        spec.public_key = made.public.map(Secret::new);
    })?;
    let shown = Some(id).filter(|_| found.spec.kind == KeyKind::Symmetric);
    Ok(sdk::ImportKeyMaterialResponse { key_id: Some(found.key.arn().to_string()), key_material_id: shown })
}

fn refuse(input: &sdk::ImportKeyMaterialRequest) -> Answer<()> {
    if input.import_type == Some(sdk::ImportType::NewKeyMaterial) {
        return Err(errors::not_built("ImportType NEW_KEY_MATERIAL"));
    }
    if input.key_material_description.is_some() {
        return Err(errors::not_built("KeyMaterialDescription"));
    }
    Ok(())
}

fn expiry(cx: &Cx, input: &sdk::ImportKeyMaterialRequest) -> Answer<Option<Timestamp>> {
    let model = input.expiration_model.unwrap_or(sdk::ExpirationModelType::KeyMaterialExpires);
    match (model, input.valid_to) {
        (sdk::ExpirationModelType::KeyMaterialDoesNotExpire, None) => Ok(None),
        (sdk::ExpirationModelType::KeyMaterialDoesNotExpire, Some(_)) => {
            Err(errors::validation("A ValidTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE."))
        }
        (sdk::ExpirationModelType::KeyMaterialExpires, Some(end)) if end.0 > cx.now.0 && end.0 <= (cx.now + LONGEST).0 => {
            Ok(Some(Timestamp(end.0)))
        }
        (sdk::ExpirationModelType::KeyMaterialExpires, _) => Err(errors::validation(
            "A ValidTo date within the next 365 days must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES.",
        )),
    }
}

fn wrapping(cx: &Cx, tx: &Tx, found: &Found, token: &[u8]) -> Answer<Arc<ImportWrappingSpec>> {
    let id = std::str::from_utf8(token)
        .ok()
        .filter(|id| !id.is_empty() && !id.contains('/'))
        .ok_or_else(errors::invalid_import_token)?;
    let wrapping = tx.spec(&wrapping_key(found, id))?.ok_or_else(errors::invalid_import_token)?;
    if wrapping.valid_to <= cx.now { Err(errors::expired_import_token()) } else { Ok(wrapping) }
}

/// What imported material is known by: it says whether the same is imported again.
fn material_id(found: &Found, bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, &[found.key.id.as_bytes(), bytes].concat()))
}

fn before(found: &Found) -> Option<&String> {
    found.spec.had_material.as_ref()
}

/// `DeleteImportedKeyMaterial`.
pub fn delete(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::DeleteImportedKeyMaterialRequest,
) -> Answer<sdk::DeleteImportedKeyMaterialResponse> {
    let found = external(own(cx, tx, &input.key_id)?)?;
    let named = input.key_material_id.as_ref();
    let material = found.spec.material.as_ref().filter(|id| named.is_none_or(|named| named == *id));
    if named.is_some() && material.is_none() {
        return Err(errors::validation("The key material ID is not that of the KMS key."));
    }
    if let Some(id) = material {
        tx.delete(&found.key.material(id))?;
        tx.update_spec(&found.key, |spec| {
            spec.material = None;
            spec.valid_to = None;
        })?;
    }
    Ok(sdk::DeleteImportedKeyMaterialResponse { key_id: Some(found.key.arn().to_string()), key_material_id: material.cloned() })
}
