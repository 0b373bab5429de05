//! Making keys, looking at them, and what is changed of them at a stroke.

use super::super::{crypto, errors, facts, views};
use super::{check_tokens, own_alive, own_usable, tags};
use api::kms as sdk;
use front::{
    Answer, Cx,
    kms::{self, Found},
    records::key,
};
use logic::kms::{State, default_policy, state};
use model::{
    Env, Key,
    kms::{KeyKind, KeyMaterialSpec, KeyOrigin, KeyUsage, KmsKey, KmsKeySpec, Secret, Tags},
};
use spine::{Store, Tx};
use std::sync::Arc;
use wire::Fault;

/// What a key is to be.
#[derive(Clone)]
struct Wish {
    kind: KeyKind,
    usage: KeyUsage,
    origin: KeyOrigin,
    policy: String,
    checked: bool,
    description: String,
    tags: Tags,
}

/// `CreateKey`. The material is made first, where blocking is allowed.
pub async fn create(cx: Cx, store: Arc<Store>, input: sdk::CreateKeyRequest) -> Answer<sdk::CreateKeyResponse> {
    let wish = read(&cx, &input)?;
    let made = match wish.origin {
        KeyOrigin::Kms => Some(make(&cx.env, wish.kind).await?),
        KeyOrigin::External => None,
    };
    store.transact(|tx| write(&cx, tx, &wish, made.as_ref())).await
}

/// Makes material where blocking is allowed.
pub(super) async fn make(env: &Env, kind: KeyKind) -> Answer<crypto::Made> {
    let env = env.clone();
    let made = tokio::task::spawn_blocking(move || crypto::make(kind, &env)).await;
    made.map_err(Fault::internal)?.map_err(Fault::internal)
}

fn read(cx: &Cx, input: &sdk::CreateKeyRequest) -> Answer<Wish> {
    if input.multi_region == Some(true) {
        return Err(errors::not_built("MultiRegion"));
    }
    if input.custom_key_store_id.is_some() || input.xks_key_id.is_some() {
        return Err(errors::not_built("custom key stores"));
    }
    let kind = kind(input)?;
    if let Some(policy) = &input.policy {
        facts::check(policy)?;
    }
    Ok(Wish {
        kind,
        usage: usage(kind, input.key_usage)?,
        origin: origin(input.origin)?,
        policy: input.policy.clone().unwrap_or_else(|| default_policy(&cx.account, &cx.region)),
        checked: input.policy.is_some() && input.bypass_policy_lockout_safety_check != Some(true),
        description: input.description.clone().unwrap_or_default(),
        tags: tags::added(&Tags::new(), input.tags.as_deref().unwrap_or_default())?,
    })
}

fn kind(input: &sdk::CreateKeyRequest) -> Answer<KeyKind> {
    let older = input.customer_master_key_spec.map(|spec| spec.as_str());
    let newer = input.key_spec.map(|spec| spec.as_str());
    if older.is_some() && newer.is_some() {
        return Err(errors::validation(
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.",
        ));
    }
    let name = newer.or(older).unwrap_or(KeyKind::Symmetric.as_str());
    KeyKind::parse(name).ok_or_else(|| match name {
        "SM2" => errors::unsupported("KeySpec SM2 is only supported in China Regions."),
        _ => errors::not_built(format_args!("KeySpec {name}")),
    })
}

fn usage(kind: KeyKind, asked: Option<sdk::KeyUsageType>) -> Answer<KeyUsage> {
    let Some(asked) = asked else {
        let text = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.";
        return if kind == KeyKind::Symmetric { Ok(KeyUsage::EncryptDecrypt) } else { Err(errors::validation(text)) };
    };
    let on_curve = matches!(kind, KeyKind::P256 | KeyKind::P384 | KeyKind::P521);
    if asked == sdk::KeyUsageType::KeyAgreement && on_curve {
        return Err(errors::not_built("KeyUsage KEY_AGREEMENT"));
    }
    let fits = KeyUsage::parse(asked.as_str()).filter(|usage| kind.usages().contains(usage));
    let text = format!("KeyUsage {} is not compatible with KeySpec {}", asked.as_str(), kind.as_str());
    fits.ok_or_else(|| errors::validation(text))
}

fn origin(asked: Option<sdk::OriginType>) -> Answer<KeyOrigin> {
    let name = asked.unwrap_or(sdk::OriginType::AwsKms).as_str();
    KeyOrigin::parse(name).ok_or_else(|| errors::not_built(format_args!("Origin {name}")))
}

fn write(cx: &Cx, tx: &mut Tx, wish: &Wish, made: Option<&crypto::Made>) -> Answer<sdk::CreateKeyResponse> {
    let at: Key<KmsKey> = key(cx, cx.env.uuid());
    let material = made.map(|_| cx.env.hex(64));
    let spec = KmsKeySpec {
        created: cx.now,
        description: wish.description.clone(),
        usage: wish.usage,
        kind: wish.kind,
        origin: wish.origin,
        manager: None,
        policy: wish.policy.clone(),
        enabled: true,
        deletion: None,
        rotation: None,
        on_demand: Vec::new(),
        material: material.clone(),
        had_material: None,
        valid_to: None,
        public_key: made.and_then(|made| made.public.clone()).map(Secret::new),
        tags: wish.tags.clone(),
    };
    if wish.checked {
        facts::refuse_lockout(cx, tx, &at, &spec, &wish.policy)?;
    }
    if let (Some(id), Some(made)) = (&material, made) {
        tx.create(&at.material(id), &KeyMaterialSpec { bytes: Secret::new(made.bytes.clone()) })?;
    }
    tx.create(&at, &spec)?;
    let found = Found { key: at, spec: Arc::new(spec), plan: Arc::default() };
    Ok(sdk::CreateKeyResponse { key_metadata: Some(views::metadata(&found, cx.now)) })
}

/// `DescribeKey`. Asked of an alias that AWS has for a service, it makes the key that AWS manages (API reference, `DescribeKey`).
pub fn describe(cx: &Cx, tx: &mut Tx, input: &sdk::DescribeKeyRequest) -> Answer<sdk::DescribeKeyResponse> {
    check_tokens(input.grant_tokens.as_ref())?;
    let found = match kms::managed_service(&input.key_id) {
        Some(service) => kms::managed(cx, tx, service)?,
        None => kms::find(cx, tx, &input.key_id)?,
    };
    Ok(sdk::DescribeKeyResponse { key_metadata: Some(views::metadata(&found, cx.now)) })
}

/// `EnableKey`.
pub fn enable(cx: &Cx, tx: &mut Tx, input: &sdk::EnableKeyRequest) -> Answer<()> {
    set_enabled(cx, tx, &input.key_id, true)
}

/// `DisableKey`.
pub fn disable(cx: &Cx, tx: &mut Tx, input: &sdk::DisableKeyRequest) -> Answer<()> {
    set_enabled(cx, tx, &input.key_id, false)
}

fn set_enabled(cx: &Cx, tx: &mut Tx, named: &str, enabled: bool) -> Answer<()> {
    let found = own_alive(cx, tx, named)?;
    if state(&found.spec, cx.now) == State::PendingImport {
        return Err(errors::invalid_state(&found.key.arn(), "pending import"));
    }
    Ok(tx.update_spec(&found.key, |spec| spec.enabled = enabled)?)
}

/// `UpdateKeyDescription`.
pub fn update_description(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateKeyDescriptionRequest) -> Answer<()> {
    let found = own_alive(cx, tx, &input.key_id)?;
    Ok(tx.update_spec(&found.key, |spec| spec.description = input.description.clone())?)
}

/// `GetPublicKey`.
pub fn public_key(cx: &Cx, tx: &mut Tx, input: &sdk::GetPublicKeyRequest) -> Answer<sdk::GetPublicKeyResponse> {
    check_tokens(input.grant_tokens.as_ref())?;
    let found = kms::find(cx, tx, &input.key_id)?;
    if found.spec.kind.symmetric_bytes().is_some() {
        let (arn, kind) = (found.key.arn(), found.spec.kind.as_str());
        return Err(errors::unsupported(format!("{arn} key spec is {kind} which is not valid for GetPublicKey.")));
    }
    kms::usable(&found, cx.now)?;
    Ok(views::public_key(&found))
}

/// The key of an operation on its rotation, which symmetric keys have whose material the cloud makes.
pub(super) fn rotatable(cx: &Cx, tx: &Tx, named: &str, operation: &str) -> Answer<Found> {
    let found = own_usable(cx, tx, named)?;
    refuse_rotation(&found, operation)?;
    Ok(found)
}

/// Refuses keys that are never rotated.
pub(super) fn refuse_rotation(found: &Found, operation: &str) -> Answer<()> {
    let (arn, spec) = (found.key.arn(), &found.spec);
    if spec.kind != KeyKind::Symmetric {
        let kind = spec.kind.as_str();
        return Err(errors::unsupported(format!("{arn} key spec is {kind} which is not valid for {operation}.")));
    }
    if spec.origin == KeyOrigin::External {
        return Err(errors::unsupported(format!("{arn} origin is EXTERNAL which is not valid for this operation.")));
    }
    Ok(())
}
