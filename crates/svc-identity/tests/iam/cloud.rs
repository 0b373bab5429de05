//! A front with IAM and STS, and what the tests read in its answers.

use front::testing::{Bench, Reply, Signer};
use model::{
    AccountId, Key,
    iam::{AccessKey, AccessKeySpec, LastUsed, User},
};
use spine::{Read, Store, StoreError};
use std::collections::BTreeMap;

/// A policy that allows something.
pub const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}]}"#;

/// The account of the tests.
pub const ACCOUNT: &str = "111122223333";

/// A front with IAM and STS; its calls are made by the account's root.
#[derive(Clone)]
pub struct Cloud {
    pub bench: Bench,
}

/// An answer in XML.
#[derive(Debug)]
pub struct Xml(pub String);

impl Cloud {
    pub fn new() -> Self {
        let bench = Bench::on(Store::ephemeral(), |front, store, _| {
            let sts = svc_identity::sts::Sts::new(store.clone(), false);
            front.service(svc_identity::iam::service()).service(svc_identity::sts::service(&sts))
        });
        Self { bench }
    }

    /// With a user.
    pub async fn with_user(name: &str) -> Self {
        let cloud = Self::new();
        cloud.ok("CreateUser", &[("UserName", name)]).await;
        cloud
    }

    /// The account of the tests.
    pub fn id(&self) -> AccountId {
        AccountId::parse(ACCOUNT).unwrap()
    }

    /// What is kept of an access key.
    pub fn key(&self, id: &str) -> AccessKeySpec {
        let found = self.bench.store.snapshot().spec(&Key::<AccessKey>::of_id(id)).unwrap();
        (*found.expect("the key")).clone()
    }

    /// What is kept of a user's password.
    pub fn kept(&self, user: &str) -> String {
        let found = self.bench.store.snapshot().spec(&Key::<User>::named(&self.id(), user)).unwrap();
        found.unwrap().login.as_ref().expect("a password").password_hash.clone()
    }

    /// As if the key had been used now.
    pub async fn used(&self, id: &str, region: &str, service: &str) {
        let used = LastUsed { at: Some(self.bench.env.now()), region: region.into(), service: service.into() };
        let key = Key::<AccessKey>::of_id(id);
        self.bench.store.transact::<_, StoreError>(|tx| tx.put_observed(&key, &used)).await.unwrap();
    }

    /// The same cloud, called by the root of another account.
    pub fn account(&self, account: &str) -> Self {
        Self { bench: self.bench.account(account) }
    }

    /// The same cloud, called by a user with a key that is made for it.
    pub async fn signed_by_key_of(&self, user: &str) -> Self {
        let made = self.ok("CreateAccessKey", &[("UserName", user)]).await;
        let (access_key_id, secret_access_key) = (made.text("AccessKeyId"), made.text("SecretAccessKey"));
        Self { bench: self.bench.signed_by(Signer { access_key_id, secret_access_key, token: None }) }
    }

    /// Calls what the caller may not do; why not.
    pub async fn denied(&self, operation: &str, parameters: &[(&str, &str)]) -> String {
        self.fails(operation, parameters, "AccessDenied").await
    }

    pub async fn call(&self, operation: &str, parameters: &[(&str, &str)]) -> Reply {
        self.bench.form("iam", operation, parameters).await
    }

    /// Calls what has to succeed.
    pub async fn ok(&self, operation: &str, parameters: &[(&str, &str)]) -> Xml {
        let reply = self.call(operation, parameters).await;
        assert_eq!(reply.status, 200, "{operation} {parameters:?}: {}", reply.text());
        Xml(reply.text())
    }

    /// Calls what has to fail with the code, and may not change anything; the error's message.
    pub async fn fails(&self, operation: &str, parameters: &[(&str, &str)], code: &str) -> String {
        // The first call of all lays down what an account has from the beginning.
        self.call("ListUsers", &[]).await;
        let before = self.bench.store.snapshot().revision();
        let reply = self.call(operation, parameters).await;
        let xml = Xml(reply.text());
        assert_eq!(xml.all("Code"), [code], "{operation} {parameters:?}: {}", xml.0);
        assert!(reply.status >= 400, "{}", reply.status);
        assert_eq!(self.bench.store.snapshot().revision(), before, "{operation} has failed and changed something");
        xml.text("Message")
    }
}

impl Xml {
    /// The texts of all elements of that name.
    pub fn all(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let parts = self.0.split(&open).skip(1);
        parts.filter_map(|part| part.split_once(&close)).map(|(text, _)| unescape(text)).collect()
    }

    /// The text of the first element of that name.
    pub fn text(&self, name: &str) -> String {
        self.all(name).into_iter().next().unwrap_or_else(|| panic!("no {name} in {}", self.0))
    }

    /// Whether there is an element of that name.
    pub fn has(&self, name: &str) -> bool {
        !self.all(name).is_empty()
    }

    /// The tags, by key.
    pub fn tags(&self) -> BTreeMap<String, String> {
        self.all("Key").into_iter().zip(self.all("Value")).collect()
    }
}

fn unescape(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}
