//! A front with KMS and IAM, whose reconciler runs when it is told to.

use base64::{Engine, engine::general_purpose::STANDARD};
use front::testing::{Bench, Reply, Signer};
use serde_json::{Value, json};
use spine::{Store, reconcile::Reconciler};
use std::{sync::Arc, time::Duration};
use svc_identity::iam;
use svc_secrets::kms;

/// The account of the tests.
pub const ACCOUNT: &str = "111122223333";
/// Another one.
pub const OTHER: &str = "444455556666";

/// A day.
pub const DAY: Duration = Duration::from_secs(86_400);

/// A front with KMS and IAM.
#[derive(Clone)]
pub struct Cloud {
    pub bench: Bench,
}

/// Bytes as JSON has them.
pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of a member of an answer.
pub fn bytes(answer: &Value, member: &str) -> Vec<u8> {
    STANDARD.decode(answer[member].as_str().unwrap_or_default()).unwrap()
}

impl Cloud {
    pub fn new() -> Self {
        let bench = Bench::on(Store::ephemeral(), |front, store, _| {
            front.service(iam::service()).service(kms::service(&Arc::new(store.clone())))
        });
        Self { bench }
    }

    /// The same cloud, called by the root of another account.
    pub fn account(&self, account: &str) -> Self {
        Self { bench: self.bench.account(account) }
    }

    /// The same cloud, called in another region.
    pub fn region(&self, region: &str) -> Self {
        Self { bench: self.bench.region(region) }
    }

    /// The same cloud, called by a new user who may do what the statements say; none is a user without a policy.
    pub async fn user(&self, name: &str, statements: Option<Value>) -> Self {
        let iam = |operation: &'static str, parameters: Vec<(&'static str, String)>| {
            let bench = self.bench.clone();
            async move {
                let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let reply = bench.form("iam", operation, &parameters).await;
                assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
                reply
            }
        };
        iam("CreateUser", vec![("UserName", name.to_owned())]).await;
        if let Some(statements) = statements {
            let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
            let parameters = vec![("UserName", name.to_owned()), ("PolicyName", "p".to_owned()), ("PolicyDocument", document)];
            iam("PutUserPolicy", parameters).await;
        }
        let key = iam("CreateAccessKey", vec![("UserName", name.to_owned())]).await;
        let signer =
            Signer { access_key_id: key.element("AccessKeyId"), secret_access_key: key.element("SecretAccessKey"), token: None };
        Self { bench: self.bench.signed_by(signer) }
    }

    pub async fn call(&self, operation: &str, input: Value) -> Reply {
        self.bench.json("kms", operation, input).await
    }

    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        let reply = self.call(operation, input.clone()).await;
        assert_eq!(reply.status, 200, "{operation} {input}: {}", reply.text());
        reply.json()
    }

    /// Calls what has to fail with the code; the error's message.
    pub async fn fails(&self, operation: &str, input: Value, code: &str) -> String {
        // The first call of all is noted: the account in the region, the use of the key.
        self.call("ListAliases", json!({})).await;
        let before = self.bench.store.snapshot().revision();
        let reply = self.call(operation, input.clone()).await;
        assert_eq!(reply.code(), code, "{operation} {input}: {}", reply.text());
        assert_eq!(self.bench.store.snapshot().revision(), before, "{operation} {input} changed something");
        reply.message()
    }

    /// Makes a key; its ARN.
    pub async fn key(&self, input: Value) -> String {
        let made = self.ok("CreateKey", input).await;
        made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }

    pub async fn state(&self, key: &str) -> String {
        let shown = self.ok("DescribeKey", json!({"KeyId": key})).await;
        shown["KeyMetadata"]["KeyState"].as_str().unwrap().to_owned()
    }

    /// Encrypts a text; the ciphertext in base64.
    pub async fn encrypt(&self, key: &str, text: &str) -> String {
        let sealed = self.ok("Encrypt", json!({"KeyId": key, "Plaintext": base64(text)})).await;
        sealed["CiphertextBlob"].as_str().unwrap().to_owned()
    }

    /// Moves the clock, and has the reconciler do what is due by then.
    pub async fn advance(&self, by: Duration) {
        self.bench.advance(by);
        self.settle().await;
    }

    /// Has the reconciler run until nothing is due.
    pub async fn settle(&self) {
        let (store, env) = (self.bench.store.clone(), self.bench.env.clone());
        let cx = spine::reconcile::ReconcileCx::new(store, env);
        loop {
            let wake = kms::Keys.reconcile(&cx).await.unwrap();
            if wake.time().is_none_or(|at| at > self.bench.env.now()) {
                return;
            }
        }
    }
}
