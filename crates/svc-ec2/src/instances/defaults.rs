//! What holds for the instances of an account in a region unless they say otherwise: metadata options, credits, the serial console.

use super::errors::not_built;
use crate::{
    errors::{dry_run, invalid_value},
    records::key,
};
use api::ec2::{
    DefaultHttpTokensEnforcedState, DefaultInstanceMetadataEndpointState, DefaultInstanceMetadataTagsState,
    DisableSerialConsoleAccessRequest, DisableSerialConsoleAccessResult, EnableSerialConsoleAccessRequest,
    EnableSerialConsoleAccessResult, GetDefaultCreditSpecificationRequest, GetDefaultCreditSpecificationResult,
    GetInstanceMetadataDefaultsRequest, GetInstanceMetadataDefaultsResult, GetSerialConsoleAccessStatusRequest,
    GetSerialConsoleAccessStatusResult, HttpTokensEnforcedState, HttpTokensState, InstanceFamilyCreditSpecification,
    InstanceMetadataDefaultsResponse, InstanceMetadataEndpointState, InstanceMetadataTagsState, ManagedBy,
    MetadataDefaultHttpTokensState, ModifyDefaultCreditSpecificationRequest, ModifyDefaultCreditSpecificationResult,
    ModifyInstanceMetadataDefaultsRequest, ModifyInstanceMetadataDefaultsResult, UnlimitedSupportedInstanceFamily,
};
use front::{Answer, Cx};
use logic::{instance::Credits, instance_type::InstanceType};
use model::ec2::{InstanceDefaults, InstanceDefaultsSpec};
use spine::{Read, Tx};
use wire::Fault;

/// What holds here.
pub fn read(cx: &Cx, read: &impl Read) -> Answer<InstanceDefaultsSpec> {
    let found = read.spec(&key::<InstanceDefaults>(cx, InstanceDefaults::ID))?;
    Ok(found.map(|found| InstanceDefaultsSpec::clone(&found)).unwrap_or_default())
}

fn change(cx: &Cx, tx: &mut Tx, f: impl FnOnce(&mut InstanceDefaultsSpec)) -> Answer<InstanceDefaultsSpec> {
    let mut defaults = read(cx, tx)?;
    f(&mut defaults);
    let key = key::<InstanceDefaults>(cx, InstanceDefaults::ID);
    if tx.exists(&key)? {
        tx.put_spec(&key, &defaults)?
    } else {
        tx.create(&key, &defaults)?
    }
    Ok(defaults)
}

/// Whether `standard` or `unlimited` was said.
pub fn credits(text: &str) -> Answer<bool> {
    match text {
        "unlimited" => Ok(true),
        "standard" => Ok(false),
        other => {
            let message = format!("The CPU credit value '{other}' is not valid. Valid values are standard and unlimited");
            Err(Fault::client("InvalidCpuCredits.Malformed", message))
        }
    }
}

/// `standard` or `unlimited`.
pub fn credits_text(unlimited: bool) -> &'static str {
    if unlimited { "unlimited" } else { "standard" }
}

/// Whether the credits of a burstable type are unlimited here.
pub fn unlimited(cx: &Cx, at: &impl Read, kind: &InstanceType, credits: Credits) -> Answer<bool> {
    let family = kind.name.split('.').next().unwrap_or_default();
    Ok(read(cx, at)?.unlimited.get(family).copied().unwrap_or(credits.unlimited))
}

/// `GetDefaultCreditSpecification`.
pub fn get_credits(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetDefaultCreditSpecificationRequest,
) -> Answer<GetDefaultCreditSpecificationResult> {
    dry_run(input.dry_run)?;
    let family = input.instance_family;
    let set = read(cx, tx)?.unlimited.get(family.as_str()).copied();
    let unlimited = set.unwrap_or(family != UnlimitedSupportedInstanceFamily::T2);
    Ok(GetDefaultCreditSpecificationResult { instance_family_credit_specification: Some(family_view(family, unlimited)) })
}

/// `ModifyDefaultCreditSpecification`.
pub fn modify_credits(
    cx: &Cx,
    tx: &mut Tx,
    input: &ModifyDefaultCreditSpecificationRequest,
) -> Answer<ModifyDefaultCreditSpecificationResult> {
    let (family, unlimited) = (input.instance_family, credits(&input.cpu_credits)?);
    dry_run(input.dry_run)?;
    change(cx, tx, |defaults| {
        defaults.unlimited.insert(family.as_str().into(), unlimited);
    })?;
    Ok(ModifyDefaultCreditSpecificationResult { instance_family_credit_specification: Some(family_view(family, unlimited)) })
}

fn family_view(family: UnlimitedSupportedInstanceFamily, unlimited: bool) -> InstanceFamilyCreditSpecification {
    let cpu_credits = Some(credits_text(unlimited).into());
    InstanceFamilyCreditSpecification { instance_family: Some(family), cpu_credits }
}

/// `GetInstanceMetadataDefaults`.
pub fn get_metadata(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetInstanceMetadataDefaultsRequest,
) -> Answer<GetInstanceMetadataDefaultsResult> {
    dry_run(input.dry_run)?;
    let defaults = read(cx, tx)?;
    let account_level = InstanceMetadataDefaultsResponse {
        http_tokens: defaults.tokens_required.map(|yes| if yes { HttpTokensState::Required } else { HttpTokensState::Optional }),
        http_put_response_hop_limit: defaults.hop_limit,
        http_endpoint: defaults
            .endpoint_enabled
            .map(|yes| if yes { InstanceMetadataEndpointState::Enabled } else { InstanceMetadataEndpointState::Disabled }),
        instance_metadata_tags: defaults
            .metadata_tags
            .map(|yes| if yes { InstanceMetadataTagsState::Enabled } else { InstanceMetadataTagsState::Disabled }),
        http_tokens_enforced: defaults
            .tokens_enforced
            .map(|yes| if yes { HttpTokensEnforcedState::Enabled } else { HttpTokensEnforcedState::Disabled }),
        managed_by: Some(ManagedBy::Account),
        ..InstanceMetadataDefaultsResponse::default()
    };
    Ok(GetInstanceMetadataDefaultsResult { account_level: Some(account_level) })
}

/// `ModifyInstanceMetadataDefaults`. What isn't said stays as it is; `no-preference`, and a hop limit of -1, take a default away.
pub fn modify_metadata(
    cx: &Cx,
    tx: &mut Tx,
    input: &ModifyInstanceMetadataDefaultsRequest,
) -> Answer<ModifyInstanceMetadataDefaultsResult> {
    if input.http_tokens_enforced == Some(DefaultHttpTokensEnforcedState::Enabled) {
        return Err(not_built("HttpTokensEnforced"));
    }
    let hop_limit = input.http_put_response_hop_limit;
    if hop_limit.is_some_and(|limit| limit != -1 && !(1..=64).contains(&limit)) {
        let message =
            "Value for parameter HttpPutResponseHopLimit is invalid. Valid values are 1 to 64, and -1 for no preference";
        return Err(invalid_value(message));
    }
    dry_run(input.dry_run)?;
    change(cx, tx, |defaults| {
        if let Some(tokens) = input.http_tokens {
            defaults.tokens_required = match tokens {
                MetadataDefaultHttpTokensState::NoPreference => None,
                tokens => Some(tokens == MetadataDefaultHttpTokensState::Required),
            };
        }
        if let Some(limit) = hop_limit {
            defaults.hop_limit = Some(limit).filter(|limit| *limit != -1);
        }
        if let Some(endpoint) = input.http_endpoint {
            defaults.endpoint_enabled = match endpoint {
                DefaultInstanceMetadataEndpointState::NoPreference => None,
                endpoint => Some(endpoint == DefaultInstanceMetadataEndpointState::Enabled),
            };
        }
        if let Some(tags) = input.instance_metadata_tags {
            defaults.metadata_tags = match tags {
                DefaultInstanceMetadataTagsState::NoPreference => None,
                tags => Some(tags == DefaultInstanceMetadataTagsState::Enabled),
            };
        }
    })?;
    Ok(ModifyInstanceMetadataDefaultsResult { r#return: Some(true) })
}

/// Whether the account has the serial consoles of its instances.
pub fn serial_console_enabled(cx: &Cx, at: &impl Read) -> Answer<bool> {
    Ok(read(cx, at)?.serial_console)
}

/// `GetSerialConsoleAccessStatus`.
pub fn serial_console(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetSerialConsoleAccessStatusRequest,
) -> Answer<GetSerialConsoleAccessStatusResult> {
    dry_run(input.dry_run)?;
    let serial_console_access_enabled = Some(read(cx, tx)?.serial_console);
    Ok(GetSerialConsoleAccessStatusResult { serial_console_access_enabled, managed_by: Some(ManagedBy::Account) })
}

/// `EnableSerialConsoleAccess`.
pub fn enable_serial_console(
    cx: &Cx,
    tx: &mut Tx,
    input: &EnableSerialConsoleAccessRequest,
) -> Answer<EnableSerialConsoleAccessResult> {
    dry_run(input.dry_run)?;
    change(cx, tx, |defaults| defaults.serial_console = true)?;
    Ok(EnableSerialConsoleAccessResult { serial_console_access_enabled: Some(true) })
}

/// `DisableSerialConsoleAccess`.
pub fn disable_serial_console(
    cx: &Cx,
    tx: &mut Tx,
    input: &DisableSerialConsoleAccessRequest,
) -> Answer<DisableSerialConsoleAccessResult> {
    dry_run(input.dry_run)?;
    change(cx, tx, |defaults| defaults.serial_console = false)?;
    Ok(DisableSerialConsoleAccessResult { serial_console_access_enabled: Some(false) })
}
