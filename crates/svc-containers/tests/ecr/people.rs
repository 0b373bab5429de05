//! Users of the account of the tests and of others, with policies.

use super::cloud::{ACCOUNT, Cloud};
use front::{Principal, credentials, testing::Signer};
use model::{
    AccountId, Key, Timestamp,
    iam::{AccessKey, Permissions, User, UserSpec},
};
use serde_json::{Value, json};
use spine::{Read, Scope, StoreError, Tx};

pub const OTHER: &str = "444455556666";

impl Cloud {
    /// The same cloud as a user of the account sees it who may do the actions to everything.
    pub async fn user(&self, name: &str, actions: &[&str]) -> Self {
        self.user_of(ACCOUNT, name, &allow(actions, "*")).await
    }

    /// The same cloud as a user of that account sees it, who has the policy.
    pub async fn user_of(&self, account: &str, name: &str, policy: &Value) -> Self {
        let account = AccountId::parse(account).unwrap();
        let id = format!("AIDA{name:A>17}");
        let spec = UserSpec {
            name: name.into(),
            path: "/".into(),
            id: id.clone(),
            created_at: Timestamp(0),
            tags: Default::default(),
            boundary: None,
            permissions: Permissions { inline: [("own".to_owned(), policy.to_string())].into(), ..Permissions::default() },
            groups: Default::default(),
            keys: Default::default(),
            login: None,
        };
        let principal = Principal::User { name: name.into(), id };
        let issued = self
            .write(|tx| {
                tx.create(&Key::<User>::named(&account, name), &spec)?;
                credentials::issue(tx, &self.bench.env, &account, principal.clone())
            })
            .await;
        let (access_key_id, secret_access_key) = (issued.access_key_id, issued.secret_access_key);
        let user = self.seen_by(self.bench.signed_by(Signer { access_key_id, secret_access_key, token: None }));
        // That the key is used is written down with its first call; from then on what is refused changes nothing.
        user.call("DescribeRegistry", json!({})).await;
        user
    }

    /// The same cloud as another account's root sees it.
    pub fn root_of(&self, account: &str) -> Self {
        self.seen_by(self.bench.account(account))
    }

    /// Replaces a user's policy.
    pub async fn now_may(&self, name: &str, policy: &Value) {
        let key = Key::<User>::named(&AccountId::parse(ACCOUNT).unwrap(), name);
        let policy = policy.to_string();
        self.write(|tx| tx.update_spec(&key, |user| user.permissions.inline = [("own".to_owned(), policy.clone())].into())).await;
    }

    /// Makes a user's key inactive.
    pub async fn take_key(&self, name: &str) {
        let user = |principal: &Principal| matches!(principal, Principal::User { name: of, .. } if of == name);
        let keys = self.bench.store.snapshot().specs::<AccessKey>(Scope::All).unwrap();
        let (key, _) = keys.into_iter().find(|(_, key)| user(&key.principal)).unwrap();
        self.write(|tx| tx.update_spec(&key, |key| key.inactive = true)).await;
    }

    /// Gives a repository a policy of one statement, as the root.
    pub async fn policy(&self, repository: &str, statement: Value) {
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        self.ok("SetRepositoryPolicy", json!({"repositoryName": repository, "policyText": policy})).await;
    }

    fn seen_by(&self, bench: front::testing::Bench) -> Self {
        Self { bench, ecr: self.ecr.clone(), folder: self.folder.clone() }
    }

    async fn write<T: Send + 'static>(&self, f: impl Fn(&mut Tx) -> Result<T, StoreError> + Send) -> T {
        self.bench.store.transact::<_, StoreError>(f).await.unwrap()
    }
}

/// A policy that allows the actions on a resource.
pub fn allow(actions: &[&str], resource: &str) -> Value {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": resource});
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// Everybody who pulls needs these.
pub const PULL: &[&str] = &["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// The ARN of a repository of the account of the tests.
pub fn arn(repository: &str) -> String {
    format!("arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{repository}")
}
