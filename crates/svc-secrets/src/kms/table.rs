//! The service's table: operation, who may call it on what, function.

use super::{
    facts,
    keys::{bypass, named, of_grant, of_new_grant, on, on_alias, on_ciphertext, with_ciphertext, with_context},
    ops::{
        aliases, data_keys, deletion, encrypt, grants, import, keys, lists, macs, pairs, policies, re_encrypt, rotation,
        signatures, tags,
    },
};
use api::kms as sdk;
use front::{Access, Cx, Service, Tagging, keys as front_keys};
use logic::policy::Context;
use model::Arn;
use spine::Store;
use std::sync::Arc;

const SYMMETRIC: &str = "SYMMETRIC_DEFAULT";

/// The service's table.
pub fn service(store: &Arc<Store>) -> Service {
    let service = Service::new(&sdk::SERVICE).resources(facts::facts).policies_bind_root();
    let service = of_ciphers(of_keys(service, store), store);
    of_imports(of_rotation(of_grants(of_aliases(of_signatures(service)))), store)
}

fn of_keys(service: Service, store: &Arc<Store>) -> Service {
    service
        .op_async::<sdk::CreateKey, _, _>(Access::all().keys(new_key).tagging("kms:TagResource", tagging), store, keys::create)
        .op::<sdk::DescribeKey>(
            Access::found(|cx, s, i: &sdk::DescribeKeyRequest| on(cx, s, &i.key_id)).keys(|_, i| named(&i.key_id)),
            keys::describe,
        )
        .op::<sdk::ListKeys>(Access::all(), lists::keys)
        .op::<sdk::EnableKey>(Access::found(|cx, s, i| on(cx, s, &i.key_id)), keys::enable)
        .op::<sdk::DisableKey>(Access::found(|cx, s, i| on(cx, s, &i.key_id)), keys::disable)
        .op::<sdk::UpdateKeyDescription>(Access::found(|cx, s, i| on(cx, s, &i.key_id)), keys::update_description)
        .op::<sdk::ScheduleKeyDeletion>(
            Access::found(|cx, s, i: &sdk::ScheduleKeyDeletionRequest| on(cx, s, &i.key_id)).keys(|_, i| {
                let days = i.pending_window_in_days.unwrap_or(30);
                Context::new().with("kms:ScheduleKeyDeletionPendingWindowInDays", days.to_string())
            }),
            deletion::schedule,
        )
        .op::<sdk::CancelKeyDeletion>(Access::found(|cx, s, i| on(cx, s, &i.key_id)), deletion::cancel)
        .op::<sdk::PutKeyPolicy>(
            Access::found(|cx, s, i: &sdk::PutKeyPolicyRequest| on(cx, s, &i.key_id))
                .keys(|_, i| bypass(i.bypass_policy_lockout_safety_check)),
            policies::put,
        )
        .op::<sdk::GetKeyPolicy>(Access::found(|cx, s, i| on(cx, s, &i.key_id)), policies::get)
        .op::<sdk::ListKeyPolicies>(Access::found(|cx, s, i| on(cx, s, &i.key_id)), lists::policies)
        .op::<sdk::TagResource>(
            Access::found(|cx, s, i: &sdk::TagResourceRequest| on(cx, s, &i.key_id))
                .keys(|_, i| front_keys::request_tags(pairs_of(&i.tags))),
            tags::tag,
        )
        .op::<sdk::UntagResource>(
            Access::found(|cx, s, i: &sdk::UntagResourceRequest| on(cx, s, &i.key_id))
                .keys(|_, i| front_keys::tag_keys(&i.tag_keys)),
            tags::untag,
        )
        .op::<sdk::ListResourceTags>(Access::found(|cx, s, i| on(cx, s, &i.key_id)), tags::list)
}

fn new_key(_: &Cx, input: &sdk::CreateKeyRequest) -> Context {
    let spec = input.key_spec.map(|it| it.as_str()).or(input.customer_master_key_spec.map(|it| it.as_str()));
    let usage = input.key_usage.unwrap_or(sdk::KeyUsageType::EncryptDecrypt);
    let origin = input.origin.unwrap_or(sdk::OriginType::AwsKms);
    bypass(input.bypass_policy_lockout_safety_check)
        .with("kms:KeySpec", spec.unwrap_or(SYMMETRIC))
        .with("kms:KeyUsage", usage.as_str())
        .with("kms:KeyOrigin", origin.as_str())
        .with("kms:MultiRegion", input.multi_region.unwrap_or_default().to_string())
}

fn tagging(cx: &Cx, input: &sdk::CreateKeyRequest) -> Tagging {
    let tags = input.tags.as_deref().unwrap_or_default();
    Tagging { resources: vec![cx.arn("kms", "key/*")], tags: pairs_of(tags).collect() }
}

fn pairs_of(tags: &[sdk::Tag]) -> impl Iterator<Item = (String, String)> {
    tags.iter().map(|tag| (tag.tag_key.clone(), tag.tag_value.clone()))
}

fn of_aliases(service: Service) -> Service {
    service
        .op::<sdk::CreateAlias>(
            Access::found(|cx, s, i: &sdk::CreateAliasRequest| on_alias(cx, s, &i.alias_name, Some(&i.target_key_id))),
            aliases::create,
        )
        .op::<sdk::UpdateAlias>(
            Access::found(|cx, s, i: &sdk::UpdateAliasRequest| on_alias(cx, s, &i.alias_name, Some(&i.target_key_id))),
            aliases::update,
        )
        .op::<sdk::DeleteAlias>(Access::found(|cx, s, i| on_alias(cx, s, &i.alias_name, None)), aliases::delete)
        .op::<sdk::ListAliases>(Access::all(), aliases::list)
}

fn of_ciphers(service: Service, store: &Arc<Store>) -> Service {
    service
        .op::<sdk::Encrypt>(
            Access::found(|cx, s, i: &sdk::EncryptRequest| on(cx, s, &i.key_id)).keys(|cx, i| {
                let algorithm = i.encryption_algorithm.map_or(SYMMETRIC, |it| it.as_str());
                with_context(cx, &i.key_id, i.encryption_context.as_ref(), algorithm)
            }),
            encrypt::encrypt,
        )
        .op::<sdk::Decrypt>(
            Access::found(|cx, s, i: &sdk::DecryptRequest| on_ciphertext(cx, s, i.key_id.as_deref(), i.ciphertext_blob.as_ref()))
                .keys(|cx, i| {
                    let source = (i.key_id.as_deref(), i.ciphertext_blob.as_ref());
                    with_ciphertext(cx, source, i.encryption_context.as_ref(), i.encryption_algorithm)
                }),
            encrypt::decrypt,
        )
        .op::<sdk::ReEncrypt>(
            Access::found(|cx, s, i: &sdk::ReEncryptRequest| {
                on_ciphertext(cx, s, i.source_key_id.as_deref(), i.ciphertext_blob.as_ref())
            })
            .action("kms:ReEncryptFrom")
            .keys(|cx, i| {
                let source = (i.source_key_id.as_deref(), i.ciphertext_blob.as_ref());
                with_ciphertext(cx, source, i.source_encryption_context.as_ref(), i.source_encryption_algorithm)
            }),
            re_encrypt::re_encrypt,
        )
        .op::<sdk::GenerateDataKey>(
            Access::found(|cx, s, i: &sdk::GenerateDataKeyRequest| on(cx, s, &i.key_id))
                .keys(|cx, i| with_context(cx, &i.key_id, i.encryption_context.as_ref(), SYMMETRIC)),
            data_keys::generate,
        )
        .op::<sdk::GenerateDataKeyWithoutPlaintext>(
            Access::found(|cx, s, i: &sdk::GenerateDataKeyWithoutPlaintextRequest| on(cx, s, &i.key_id))
                .keys(|cx, i| with_context(cx, &i.key_id, i.encryption_context.as_ref(), SYMMETRIC)),
            data_keys::generate_sealed,
        )
        .op_async::<sdk::GenerateDataKeyPair, _, _>(
            Access::found(|cx, s, i: &sdk::GenerateDataKeyPairRequest| on(cx, s, &i.key_id)).keys(|cx, i| {
                with_context(cx, &i.key_id, i.encryption_context.as_ref(), SYMMETRIC)
                    .with("kms:DataKeyPairSpec", i.key_pair_spec.as_str())
            }),
            store,
            pairs::generate,
        )
        .op_async::<sdk::GenerateDataKeyPairWithoutPlaintext, _, _>(
            Access::found(|cx, s, i: &sdk::GenerateDataKeyPairWithoutPlaintextRequest| on(cx, s, &i.key_id)).keys(|cx, i| {
                with_context(cx, &i.key_id, i.encryption_context.as_ref(), SYMMETRIC)
                    .with("kms:DataKeyPairSpec", i.key_pair_spec.as_str())
            }),
            store,
            pairs::generate_sealed,
        )
        .op::<sdk::GenerateRandom>(Access::all(), data_keys::random)
}

fn of_signatures(service: Service) -> Service {
    service
        .op::<sdk::Sign>(
            Access::found(|cx, s, i: &sdk::SignRequest| on(cx, s, &i.key_id))
                .keys(|_, i| signing_keys(&i.key_id, i.signing_algorithm, i.message_type)),
            signatures::sign,
        )
        .op::<sdk::Verify>(
            Access::found(|cx, s, i: &sdk::VerifyRequest| on(cx, s, &i.key_id))
                .keys(|_, i| signing_keys(&i.key_id, i.signing_algorithm, i.message_type)),
            signatures::verify,
        )
        .op::<sdk::GenerateMac>(
            Access::found(|cx, s, i: &sdk::GenerateMacRequest| on(cx, s, &i.key_id))
                .keys(|_, i| named(&i.key_id).with("kms:MacAlgorithm", i.mac_algorithm.as_str())),
            macs::generate,
        )
        .op::<sdk::VerifyMac>(
            Access::found(|cx, s, i: &sdk::VerifyMacRequest| on(cx, s, &i.key_id))
                .keys(|_, i| named(&i.key_id).with("kms:MacAlgorithm", i.mac_algorithm.as_str())),
            macs::verify,
        )
        .op::<sdk::GetPublicKey>(
            Access::found(|cx, s, i: &sdk::GetPublicKeyRequest| on(cx, s, &i.key_id)).keys(|_, i| named(&i.key_id)),
            keys::public_key,
        )
}

fn signing_keys(key: &str, algorithm: sdk::SigningAlgorithmSpec, message: Option<sdk::MessageType>) -> Context {
    let kind = message.unwrap_or(sdk::MessageType::Raw);
    named(key).with("kms:SigningAlgorithm", algorithm.as_str()).with("kms:MessageType", kind.as_str())
}

fn of_grants(service: Service) -> Service {
    service
        .op::<sdk::CreateGrant>(
            Access::found(|cx, s, i: &sdk::CreateGrantRequest| on(cx, s, &i.key_id)).keys(of_new_grant),
            grants::create,
        )
        .op::<sdk::ListGrants>(Access::found(|cx, s, i| on(cx, s, &i.key_id)), grants::list)
        .op::<sdk::ListRetirableGrants>(Access::all(), grants::list_retirable)
        .op::<sdk::RetireGrant>(
            Access::found(|cx, _, i: &sdk::RetireGrantRequest| Ok(vec![retired(cx, i)]))
                .keys(|_, i| of_grant(grants::retired(i).ok().as_ref().map(|grant| facts::grant_id(&grant.id)))),
            grants::retire,
        )
        .op::<sdk::RevokeGrant>(Access::found(|cx, s, i| on(cx, s, &i.key_id)), grants::revoke)
}

/// The key whose grant is to be retired; one that nobody can name could be any.
fn retired(cx: &Cx, input: &sdk::RetireGrantRequest) -> Arn {
    grants::key_of_retired(input).map_or_else(|| cx.arn("kms", "key/*"), |key| key.arn())
}

fn of_rotation(service: Service) -> Service {
    service
        .op::<sdk::EnableKeyRotation>(
            Access::found(|cx, s, i: &sdk::EnableKeyRotationRequest| on(cx, s, &i.key_id)).keys(|_, i| {
                let days = i.rotation_period_in_days.unwrap_or(365);
                Context::new().with("kms:RotationPeriodInDays", days.to_string())
            }),
            rotation::enable,
        )
        .op::<sdk::DisableKeyRotation>(Access::found(|cx, s, i| on(cx, s, &i.key_id)), rotation::disable)
        .op::<sdk::GetKeyRotationStatus>(Access::found(|cx, s, i| on(cx, s, &i.key_id)), rotation::status)
        .op::<sdk::RotateKeyOnDemand>(Access::found(|cx, s, i| on(cx, s, &i.key_id)), rotation::rotate)
        .op::<sdk::ListKeyRotations>(Access::found(|cx, s, i| on(cx, s, &i.key_id)), rotation::list)
}

fn of_imports(service: Service, store: &Arc<Store>) -> Service {
    service
        .op_async::<sdk::GetParametersForImport, _, _>(
            Access::found(|cx, s, i: &sdk::GetParametersForImportRequest| on(cx, s, &i.key_id)).keys(|_, i| {
                Context::new()
                    .with("kms:WrappingAlgorithm", i.wrapping_algorithm.as_str())
                    .with("kms:WrappingKeySpec", i.wrapping_key_spec.as_str())
            }),
            store,
            import::parameters,
        )
        .op::<sdk::ImportKeyMaterial>(
            Access::found(|cx, s, i: &sdk::ImportKeyMaterialRequest| on(cx, s, &i.key_id)).keys(|_, i| {
                let model = i.expiration_model.unwrap_or(sdk::ExpirationModelType::KeyMaterialExpires);
                let keys = Context::new().with("kms:ExpirationModel", model.as_str());
                match i.valid_to {
                    Some(end) => keys.with("kms:ValidTo", end.to_the_second()),
                    None => keys,
                }
            }),
            import::import,
        )
        .op::<sdk::DeleteImportedKeyMaterial>(Access::found(|cx, s, i| on(cx, s, &i.key_id)), import::delete)
}
