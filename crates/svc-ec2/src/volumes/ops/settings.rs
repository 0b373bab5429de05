//! What an account has set for the encryption of what is new.

use crate::{
    errors::dry_run,
    volumes::encryption::{self, DEFAULT_ALIAS},
};
use api::ec2::{
    DisableEbsEncryptionByDefaultRequest, DisableEbsEncryptionByDefaultResult, EnableEbsEncryptionByDefaultRequest,
    EnableEbsEncryptionByDefaultResult, GetEbsDefaultKmsKeyIdRequest, GetEbsDefaultKmsKeyIdResult,
    GetEbsEncryptionByDefaultRequest, GetEbsEncryptionByDefaultResult, ModifyEbsDefaultKmsKeyIdRequest,
    ModifyEbsDefaultKmsKeyIdResult, ResetEbsDefaultKmsKeyIdRequest, ResetEbsDefaultKmsKeyIdResult, SSEType,
};
use front::{Answer, Cx};
use spine::Tx;

/// `EnableEbsEncryptionByDefault`.
pub fn enable(cx: &Cx, tx: &mut Tx, input: &EnableEbsEncryptionByDefaultRequest) -> Answer<EnableEbsEncryptionByDefaultResult> {
    dry_run(input.dry_run)?;
    encryption::set(cx, tx, |settings| settings.encryption_by_default = true)?;
    Ok(EnableEbsEncryptionByDefaultResult { ebs_encryption_by_default: Some(true) })
}

/// `DisableEbsEncryptionByDefault`.
pub fn disable(
    cx: &Cx,
    tx: &mut Tx,
    input: &DisableEbsEncryptionByDefaultRequest,
) -> Answer<DisableEbsEncryptionByDefaultResult> {
    dry_run(input.dry_run)?;
    encryption::set(cx, tx, |settings| settings.encryption_by_default = false)?;
    Ok(DisableEbsEncryptionByDefaultResult { ebs_encryption_by_default: Some(false) })
}

/// `GetEbsEncryptionByDefault`.
pub fn get(cx: &Cx, tx: &mut Tx, input: &GetEbsEncryptionByDefaultRequest) -> Answer<GetEbsEncryptionByDefaultResult> {
    dry_run(input.dry_run)?;
    let on = encryption::settings(cx, tx)?.encryption_by_default;
    let sse_type = Some(if on { SSEType::SseKms } else { SSEType::None });
    Ok(GetEbsEncryptionByDefaultResult { ebs_encryption_by_default: Some(on), sse_type })
}

/// `GetEbsDefaultKmsKeyId`.
pub fn default_key(cx: &Cx, tx: &mut Tx, input: &GetEbsDefaultKmsKeyIdRequest) -> Answer<GetEbsDefaultKmsKeyIdResult> {
    dry_run(input.dry_run)?;
    let key = encryption::settings(cx, tx)?.default_key;
    Ok(GetEbsDefaultKmsKeyIdResult { kms_key_id: Some(key.unwrap_or_else(|| DEFAULT_ALIAS.into())) })
}

/// `ModifyEbsDefaultKmsKeyId`.
pub fn set_default_key(cx: &Cx, tx: &mut Tx, input: &ModifyEbsDefaultKmsKeyIdRequest) -> Answer<ModifyEbsDefaultKmsKeyIdResult> {
    dry_run(input.dry_run)?;
    let arn = encryption::named_key(cx, tx, &input.kms_key_id)?.key.arn().to_string();
    encryption::set(cx, tx, |settings| settings.default_key = Some(arn.clone()))?;
    Ok(ModifyEbsDefaultKmsKeyIdResult { kms_key_id: Some(arn) })
}

/// `ResetEbsDefaultKmsKeyId`.
pub fn reset_default_key(cx: &Cx, tx: &mut Tx, input: &ResetEbsDefaultKmsKeyIdRequest) -> Answer<ResetEbsDefaultKmsKeyIdResult> {
    dry_run(input.dry_run)?;
    encryption::set(cx, tx, |settings| settings.default_key = None)?;
    Ok(ResetEbsDefaultKmsKeyIdResult { kms_key_id: Some(DEFAULT_ALIAS.into()) })
}
