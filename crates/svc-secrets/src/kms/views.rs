//! From records to what the API shows.

use super::crypto::signing_algorithms;
use api::kms as sdk;
use front::kms::Found;
use logic::kms::{State, state};
use model::{
    Arn, Timestamp,
    kms::{GrantConstraint, KeyKind, KeyOrigin, KeyUsage, KmsAliasSpec, KmsGrantSpec, Rotation, Tags},
};
use wire::{Bytes, Time};

pub(super) fn time(at: Timestamp) -> Time {
    Time(at.0)
}

pub(super) fn metadata(found: &Found, now: Timestamp) -> sdk::KeyMetadata {
    let Found { key, spec, .. } = found;
    let state = state(spec, now);
    let external = spec.origin == KeyOrigin::External && state != State::PendingImport && spec.material.is_some();
    sdk::KeyMetadata {
        aws_account_id: Some(key.account.to_string()),
        key_id: key.id.clone(),
        arn: Some(key.arn().to_string()),
        creation_date: Some(time(spec.created)),
        enabled: Some(state == State::Enabled),
        description: Some(spec.description.clone()),
        key_usage: sdk::KeyUsageType::parse(spec.usage.as_str()),
        key_state: sdk::KeyState::parse(state.as_str()),
        deletion_date: spec.deletion.map(|deletion| time(deletion.at)),
        valid_to: spec.valid_to.filter(|_| external).map(time),
        origin: sdk::OriginType::parse(spec.origin.as_str()),
        expiration_model: external.then(|| match spec.valid_to {
            Some(_) => sdk::ExpirationModelType::KeyMaterialExpires,
            None => sdk::ExpirationModelType::KeyMaterialDoesNotExpire,
        }),
        key_manager: Some(if spec.manager.is_some() { sdk::KeyManagerType::Aws } else { sdk::KeyManagerType::Customer }),
        customer_master_key_spec: sdk::CustomerMasterKeySpec::parse(spec.kind.as_str()),
        key_spec: sdk::KeySpec::parse(spec.kind.as_str()),
        encryption_algorithms: encryption_algorithms(spec.kind, spec.usage),
        signing_algorithms: signing(spec.kind, spec.usage),
        mac_algorithms: mac_algorithm(spec.kind).map(|algorithm| vec![algorithm]),
        multi_region: Some(false),
        current_key_material_id: found.material().filter(|_| spec.kind == KeyKind::Symmetric).map(str::to_owned),
        ..Default::default()
    }
}

/// The algorithms of a key that encrypts.
pub(super) fn encryption_algorithms(kind: KeyKind, usage: KeyUsage) -> Option<Vec<sdk::EncryptionAlgorithmSpec>> {
    use sdk::EncryptionAlgorithmSpec::{RsaesOaepSha1, RsaesOaepSha256, SymmetricDefault};
    let of_kind = if kind.is_rsa() { vec![RsaesOaepSha1, RsaesOaepSha256] } else { vec![SymmetricDefault] };
    (usage == KeyUsage::EncryptDecrypt).then_some(of_kind)
}

/// The algorithms of a key that signs.
pub(super) fn signing(kind: KeyKind, usage: KeyUsage) -> Option<Vec<sdk::SigningAlgorithmSpec>> {
    (usage == KeyUsage::SignVerify).then(|| signing_algorithms(kind).to_vec())
}

/// The algorithm of a key for HMAC.
pub(super) fn mac_algorithm(kind: KeyKind) -> Option<sdk::MacAlgorithmSpec> {
    Some(match kind {
        KeyKind::Hmac224 => sdk::MacAlgorithmSpec::HmacSha224,
        KeyKind::Hmac256 => sdk::MacAlgorithmSpec::HmacSha256,
        KeyKind::Hmac384 => sdk::MacAlgorithmSpec::HmacSha384,
        KeyKind::Hmac512 => sdk::MacAlgorithmSpec::HmacSha512,
        _ => return None,
    })
}

pub(super) fn public_key(found: &Found) -> sdk::GetPublicKeyResponse {
    let (kind, usage) = (found.spec.kind, found.spec.usage);
    sdk::GetPublicKeyResponse {
        key_id: Some(found.key.arn().to_string()),
        public_key: found.spec.public_key.as_ref().map(|key| Bytes::copy_from_slice(key.bytes())),
        customer_master_key_spec: sdk::CustomerMasterKeySpec::parse(kind.as_str()),
        key_spec: sdk::KeySpec::parse(kind.as_str()),
        key_usage: sdk::KeyUsageType::parse(usage.as_str()),
        encryption_algorithms: encryption_algorithms(kind, usage),
        signing_algorithms: signing(kind, usage),
        key_agreement_algorithms: None,
        encapsulation_algorithms: None,
    }
}

pub(super) fn alias(name: &str, arn: &Arn, spec: &KmsAliasSpec) -> sdk::AliasListEntry {
    sdk::AliasListEntry {
        alias_name: Some(name.to_owned()),
        alias_arn: Some(arn.to_string()),
        target_key_id: Some(spec.target.clone()),
        creation_date: Some(time(spec.created)),
        last_updated_date: Some(time(spec.updated)),
    }
}

pub(super) fn grant(key: &Arn, id: &str, spec: &KmsGrantSpec) -> sdk::GrantListEntry {
    let constraints = spec.constraint.clone().map(|constraint| {
        let (subset, equals) = match constraint {
            GrantConstraint::Subset(pairs) => (Some(pairs), None),
            GrantConstraint::Equals(pairs) => (None, Some(pairs)),
        };
        sdk::GrantConstraints { encryption_context_subset: subset, encryption_context_equals: equals, source_arn: None }
    });
    sdk::GrantListEntry {
        key_id: Some(key.to_string()),
        grant_id: Some(id.to_owned()),
        name: spec.name.clone(),
        creation_date: Some(time(spec.created)),
        grantee_principal: Some(spec.grantee.clone()),
        retiring_principal: spec.retiring.clone(),
        issuing_account: Some(format!("arn:aws:iam::{}:root", spec.issuer)),
        operations: Some(spec.operations.iter().filter_map(|it| sdk::GrantOperation::parse(it.as_str())).collect()),
        constraints,
        grantee_service_principal: None,
        retiring_service_principal: None,
    }
}

pub(super) fn rotation(found: &Found, rotation: &Rotation) -> sdk::RotationsListEntry {
    let rotation_type = if rotation.on_demand { sdk::RotationType::OnDemand } else { sdk::RotationType::Automatic };
    sdk::RotationsListEntry {
        rotation_date: Some(time(rotation.at)),
        rotation_type: Some(rotation_type),
        ..material(found, &rotation.material)
    }
}

/// The material that a key was made with, which no rotation brought.
pub(super) fn first_material(found: &Found) -> Option<sdk::RotationsListEntry> {
    found.spec.material.as_ref().map(|id| material(found, id))
}

fn material(found: &Found, id: &str) -> sdk::RotationsListEntry {
    let current = found.material() == Some(id);
    sdk::RotationsListEntry {
        key_id: Some(found.key.arn().to_string()),
        key_material_id: Some(id.to_owned()),
        key_material_state: Some(if current { sdk::KeyMaterialState::Current } else { sdk::KeyMaterialState::NonCurrent }),
        ..Default::default()
    }
}

pub(super) fn tags(tags: &Tags) -> Vec<sdk::Tag> {
    let shown = |(key, value): (&String, &String)| sdk::Tag { tag_key: key.clone(), tag_value: value.clone() };
    tags.iter().map(shown).collect()
}
