//! Key pairs as the API shows them.

use crate::{
    describe::{Described, Field, Text},
    resource::Resource,
    tags,
};
use api::ec2::{KeyPairInfo, KeyType as Shown, Tag};
use model::ec2::{KeyPairSpec, KeyType};
use wire::Time;

/// A key pair; its public key only where that is asked for.
pub fn key_pair(id: &str, spec: &KeyPairSpec, with_key: bool) -> KeyPairInfo {
    KeyPairInfo {
        key_pair_id: Some(id.into()),
        key_type: Some(match spec.key_type {
            KeyType::Rsa => Shown::Rsa,
            KeyType::Ed25519 => Shown::Ed25519,
        }),
        tags: Some(tags::view(&spec.tags)),
        public_key: with_key.then(|| spec.public_key.clone()),
        create_time: Some(Time(spec.created_at.0)),
        key_name: Some(spec.name.clone()),
        key_fingerprint: Some(spec.fingerprint.clone()),
    }
}

/// The kind of key that a request asks for.
pub fn key_type(asked: Option<Shown>) -> KeyType {
    if asked == Some(Shown::Ed25519) { KeyType::Ed25519 } else { KeyType::Rsa }
}

impl Described for KeyPairInfo {
    const RESOURCE: Resource = Resource::KEY_PAIR;
    const IDS: &'static str = "KeyPairIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("key-pair-id", |it| it.key_pair_id.texts()),
        ("fingerprint", |it| it.key_fingerprint.texts()),
        ("key-name", |it| it.key_name.texts()),
    ];

    fn id(&self) -> &str {
        self.key_pair_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
