//! `GenerateMac` and `VerifyMac`.

use super::super::{cipher::material, crypto, errors, views::mac_algorithm};
use super::{check_tokens, dry};
use api::kms as sdk;
use front::{
    Answer, Cx,
    kms::{self, Found},
};
use model::kms::KeyUsage;
use spine::{Read, Tx};
use wire::Bytes;

/// `GenerateMac`.
pub fn generate(cx: &Cx, tx: &mut Tx, input: &sdk::GenerateMacRequest) -> Answer<sdk::GenerateMacResponse> {
    check_tokens(input.grant_tokens.as_ref())?;
    let key = authenticating(cx, tx, &input.key_id, input.mac_algorithm, "GenerateMac")?;
    let mac = crypto::mac(input.mac_algorithm, &material(tx, &key)?, &input.message);
    dry(input.dry_run)?;
    Ok(sdk::GenerateMacResponse {
        mac: Some(Bytes::from(mac)),
        mac_algorithm: Some(input.mac_algorithm),
        key_id: Some(key.key.arn().to_string()),
    })
}

/// `VerifyMac`.
pub fn verify(cx: &Cx, tx: &mut Tx, input: &sdk::VerifyMacRequest) -> Answer<sdk::VerifyMacResponse> {
    check_tokens(input.grant_tokens.as_ref())?;
    let key = authenticating(cx, tx, &input.key_id, input.mac_algorithm, "VerifyMac")?;
    if !crypto::verify_mac(input.mac_algorithm, &material(tx, &key)?, &input.message, &input.mac) {
        return Err(errors::invalid_mac());
    }
    dry(input.dry_run)?;
    Ok(sdk::VerifyMacResponse {
        key_id: Some(key.key.arn().to_string()),
        mac_valid: Some(true),
        mac_algorithm: Some(input.mac_algorithm),
    })
}

fn authenticating(cx: &Cx, read: &impl Read, named: &str, algorithm: sdk::MacAlgorithmSpec, operation: &str) -> Answer<Found> {
    let found = kms::find(cx, read, named)?;
    kms::usable(&found, cx.now)?;
    kms::usage(&found, KeyUsage::GenerateVerifyMac, operation)?;
    let fits = mac_algorithm(found.spec.kind) == Some(algorithm);
    if fits { Ok(found) } else { Err(errors::incompatible(algorithm.as_str(), found.spec.kind.as_str())) }
}
