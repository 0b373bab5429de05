//! Encoded authorization messages: why a request was denied, for those who are allowed to know (AWS STS API reference,
//! `DecodeAuthorizationMessage`). EC2 adds one to its denials.
//!
//! A message is JSON, compressed and sealed with AES-256-GCM under a key of the cloud, so that nobody can read or forge one. Nothing is
//! kept of it. It can be decoded in the account alone in which the request was denied.

use crate::records::made_once;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use logic::sealer::Sealer;
use model::{
    AccountId, Arn, Env, Key,
    iam::{SealingKey, SealingKeySpec},
};
use serde_json::{Value, json};
use spine::{Store, StoreError};
use std::{
    io::{Read as _, Write as _},
    sync::Arc,
};

const NONCE_LENGTH: usize = 12;
/// The most that a message may say once it is decompressed.
const LONGEST: u64 = 1 << 20;

/// Why a request was denied.
#[derive(Clone, Debug)]
pub struct Denial {
    /// Whether a statement denied it, and not the want of one that allows it.
    pub explicit: bool,
    /// The statements that decided.
    pub matched: Vec<Matched>,
    /// The principal's unique id.
    pub principal_id: String,
    /// The principal's ARN.
    pub principal: Arn,
    /// The IAM action.
    pub action: String,
    /// The resource's ARN, or `*`.
    pub resource: String,
    /// The condition keys of the request, with their values.
    pub conditions: Vec<(String, Vec<String>)>,
}

/// A statement that decided.
#[derive(Clone, Debug)]
pub struct Matched {
    /// Its `Sid`; empty if it has none.
    pub id: String,
    /// Whether it denies.
    pub denies: bool,
    /// Its actions, as they are written.
    pub actions: Vec<String>,
    /// Its resources, as they are written.
    pub resources: Vec<String>,
}

impl Denial {
    /// The message, in the form that AWS documents.
    pub fn json(&self) -> Value {
        let conditions = self.conditions.iter().map(|(key, found)| json!({"key": key, "values": values(found)}));
        json!({
            "allowed": false,
            "explicitDeny": self.explicit,
            "matchedStatements": items(self.matched.iter().map(Matched::json)),
            "failures": items([]),
            "context": {
                "principal": {"id": self.principal_id, "arn": self.principal.to_string()},
                "action": self.action,
                "resource": self.resource,
                "conditions": items(conditions),
            },
        })
    }
}

impl Matched {
    fn json(&self) -> Value {
        json!({
            "statementId": self.id,
            "effect": if self.denies { "DENY" } else { "ALLOW" },
            "actions": values(&self.actions),
            "resources": values(&self.resources),
        })
    }
}

fn items(items: impl IntoIterator<Item = Value>) -> Value {
    json!({"items": items.into_iter().collect::<Vec<_>>()})
}

fn values(values: &[String]) -> Value {
    items(values.iter().map(|value| json!({"value": value})))
}

/// The cloud's key; the store keeps it from the first time on that it is needed.
pub async fn key(store: &Store, env: &Env) -> Result<Arc<SealingKeySpec>, StoreError> {
    let make = || SealingKeySpec { key: env.bytes() };
    made_once(store, &Key::<SealingKey>::of_the_cloud(), make).await
}

/// A message for the account's administrators, as it stands behind "Encoded authorization failure message:".
pub fn seal(key: &SealingKeySpec, env: &Env, account: &AccountId, denial: &Denial) -> String {
    seal_text(key, env.bytes(), account, &denial.json().to_string())
}

fn seal_text(key: &SealingKeySpec, nonce: [u8; NONCE_LENGTH], account: &AccountId, text: &str) -> String {
    let mut sealed = DeflateEncoder::new(Vec::new(), Compression::best());
    // Writing to memory can't fail; an empty message would be refused as any other that isn't ours.
    let sealed = sealed.write_all(text.as_bytes()).and_then(|()| sealed.finish()).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(Sealer::new(&key.key).seal_bytes(account.as_str().as_bytes(), sealed, nonce))
}

/// What a message says, if it was sealed with the key for the account.
pub fn open(key: &SealingKeySpec, account: &AccountId, message: &str) -> Option<String> {
    let sealed = URL_SAFE_NO_PAD.decode(message).ok()?;
    let opened = Sealer::new(&key.key).open_bytes(account.as_str().as_bytes(), sealed)?;
    let mut text = String::new();
    DeflateDecoder::new(&*opened).take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Timestamp, iam::global_arn};

    fn account(digits: &str) -> AccountId {
        AccountId::parse(digits).unwrap()
    }

    fn denial() -> Denial {
        let resource = "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
        Denial {
            explicit: true,
            matched: vec![Matched {
                id: "Never".into(),
                denies: true,
                actions: vec!["ec2:*".into()],
                resources: vec!["*".into()],
            }],
            principal_id: "AIDAEXAMPLE".into(),
            principal: global_arn("iam", &account("111122223333"), "user/anna"),
            action: "ec2:StopInstances".into(),
            resource: resource.into(),
            conditions: vec![("ec2:Tenancy".into(), vec!["default".into()])],
        }
    }

    #[tokio::test]
    async fn a_message_says_what_was_sealed_and_to_its_own_account_alone() {
        let (env, store) = (Env::manual(Timestamp(0), 1).0, Store::ephemeral());
        let key = super::key(&store, &env).await.unwrap();
        assert!(key == super::key(&store, &env).await.unwrap(), "the key is kept");
        let message = seal(&key, &env, &account("111122223333"), &denial());
        assert_ne!(message, seal(&key, &env, &account("111122223333"), &denial()), "each has a nonce of its own");
        let text = open(&key, &account("111122223333"), &message).unwrap();
        let said: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(said, denial().json());
        assert_eq!(said["context"]["conditions"]["items"][0]["values"]["items"][0]["value"], "default");
        assert_eq!(open(&key, &account("444455556666"), &message), None);
        assert_eq!(open(&SealingKeySpec { key: [7; 32] }, &account("111122223333"), &message), None);
    }

    #[test]
    fn what_was_changed_is_refused() {
        let (key, account) = (SealingKeySpec { key: [7; 32] }, account("111122223333"));
        let message = seal_text(&key, [1; NONCE_LENGTH], &account, "{}");
        assert_eq!(open(&key, &account, &message).as_deref(), Some("{}"));
        for at in 0..message.len() {
            let mut forged = message.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(open(&key, &account, std::str::from_utf8(&forged).unwrap()), None, "{at}");
        }
        for junk in ["", "AAAA", "not base64!", &message[1..], &format!("{message}\n")] {
            assert_eq!(open(&key, &account, junk), None, "{junk}");
        }
    }
}
