//! The keys that AWS manages: one for each service that encrypts, in each account and region, made when it is first needed (KMS
//! developer guide, "AWS managed keys").

use super::find::{Found, at};
use crate::{Answer, Cx, records::key};
use logic::kms::managed_policy;
use model::{
    Key,
    kms::{
        AutomaticRotation, KeyKind, KeyMaterialSpec, KeyOrigin, KeyUsage, KmsAlias, KmsAliasSpec, KmsKey, KmsKeySpec, Secret,
        Tags,
    },
};
use spine::{Read, Tx};
use wire::Fault;

/// The services that have such a key here, and what it does for them.
const SERVICES: &[(&str, &str)] = &[
    ("ebs", "Default key that protects my EBS volumes when no other key is defined"),
    ("lambda", "Default key that protects my Lambda functions when no other key is defined"),
    ("s3", "Default key that protects my S3 objects when no other key is defined"),
    ("sqs", "Default key that protects my SQS messages when no other key is defined"),
    ("ssm", "Default key that protects my SSM parameters when no other key is defined"),
];

/// AWS rotates its keys every year.
const PERIOD_DAYS: u32 = 365;

/// The service for which AWS has the alias.
pub fn managed_service(alias: &str) -> Option<&'static str> {
    let service = alias.strip_prefix("alias/aws/")?;
    SERVICES.iter().map(|(known, _)| *known).find(|known| *known == service)
}

/// The key behind `alias/aws/…` of a service, in the place of the call.
///
/// # Errors
/// If there is no such service.
pub fn managed(cx: &Cx, tx: &mut Tx, service: &str) -> Answer<Found> {
    let alias: Key<KmsAlias> = key(cx, format!("alias/aws/{service}"));
    let at_key: Key<KmsKey> = match tx.spec(&alias)? {
        Some(known) => key(cx, known.target.clone()),
        None => make(cx, tx, &alias, service)?,
    };
    at(tx, &at_key)?.ok_or_else(|| Fault::internal(format_args!("the key of {alias:?} is gone")))
}

fn make(cx: &Cx, tx: &mut Tx, alias: &Key<KmsAlias>, service: &str) -> Answer<Key<KmsKey>> {
    let described = SERVICES.iter().find(|(known, _)| *known == service);
    let (_, description) = described.ok_or_else(|| Fault::internal(format_args!("no key is managed for {service}")))?;
    let made: Key<KmsKey> = key(cx, cx.env.uuid());
    let material = cx.env.hex(64);
    let bytes: [u8; 32] = cx.env.bytes();
    let spec = KmsKeySpec {
        created: cx.now,
        description: (*description).into(),
        usage: KeyUsage::EncryptDecrypt,
        kind: KeyKind::Symmetric,
        origin: KeyOrigin::Kms,
        manager: Some(service.into()),
        policy: managed_policy(service, &cx.account, &cx.region),
        enabled: true,
        deletion: None,
        rotation: Some(AutomaticRotation { since: cx.now, period_days: PERIOD_DAYS }),
        on_demand: Vec::new(),
        material: Some(material.clone()),
        had_material: None,
        valid_to: None,
        public_key: None,
        tags: Tags::new(),
    };
    tx.create(&made.material(&material), &KeyMaterialSpec { bytes: Secret::new(bytes) })?;
    tx.create(&made, &spec)?;
    tx.create(alias, &KmsAliasSpec { target: made.id.clone(), created: cx.now, updated: cx.now })?;
    Ok(made)
}
