//! A front with IAM and STS, on which callers are made through IAM's own operations.

use front::testing::{Bench, Reply, Signer};
use spine::Store;
use svc_identity::{
    iam,
    sts::{self, Sts},
};

/// The account of the tests.
pub const ACCOUNT: &str = "111122223333";
/// Another one.
pub const OTHER: &str = "444455556666";

/// A front with IAM and STS.
#[derive(Clone)]
pub struct Cloud {
    pub bench: Bench,
}

/// A policy with one statement.
pub fn policy(effect: &str, rest: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}",{rest}}}]}}"#)
}

/// A trust policy that lets those principals do everything that has to do with assuming a role.
pub fn trust(principal: &str) -> String {
    policy("Allow", &format!(r#""Principal":{principal},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]"#))
}

/// The same of an account.
pub fn trust_account(account: &str) -> String {
    trust(&format!(r#"{{"AWS":"{account}"}}"#))
}

/// The credentials in an answer.
pub fn signer(reply: &Reply) -> Signer {
    let token = reply.element("SessionToken");
    Signer {
        access_key_id: reply.element("AccessKeyId"),
        secret_access_key: reply.element("SecretAccessKey"),
        token: (!token.is_empty()).then_some(token),
    }
}

impl Cloud {
    pub fn new() -> Self {
        let bench = Bench::on(Store::ephemeral(), |front, store, _| {
            front.service(iam::service()).service(sts::service(&Sts::new(store.clone(), true)))
        });
        Self { bench }
    }

    /// The same cloud, called by the root of another account.
    pub fn account(&self, account: &str) -> Self {
        Self { bench: self.bench.account(account) }
    }

    /// The same cloud, called by whoever holds the key.
    pub fn by(&self, signer: &Signer) -> Self {
        Self { bench: self.bench.signed_by(signer.clone()) }
    }

    pub async fn call(&self, operation: &str, parameters: &[(&str, &str)]) -> Reply {
        self.bench.form("sts", operation, parameters).await
    }

    pub async fn ok(&self, operation: &str, parameters: &[(&str, &str)]) -> Reply {
        let reply = self.call(operation, parameters).await;
        assert_eq!(reply.status, 200, "{operation} {parameters:?}: {}", reply.text());
        reply
    }

    /// Calls what has to fail with the code; the error's message.
    pub async fn fails(&self, operation: &str, parameters: &[(&str, &str)], code: &str) -> String {
        // The first call of all lays down what an account has from the beginning.
        self.call("GetCallerIdentity", &[]).await;
        let before = self.bench.store.snapshot().revision();
        let reply = self.call(operation, parameters).await;
        assert_eq!(reply.element("Code"), code, "{operation} {parameters:?}: {}", reply.text());
        assert_eq!(self.bench.store.snapshot().revision(), before, "{operation} has failed and changed something");
        reply.element("Message")
    }

    pub async fn iam(&self, operation: &str, parameters: &[(&str, &str)]) -> Reply {
        let reply = self.bench.form("iam", operation, parameters).await;
        assert_eq!(reply.status, 200, "{operation} {parameters:?}: {}", reply.text());
        reply
    }

    /// A new user who may do that, by a lasting key.
    pub async fn user(&self, name: &str, document: Option<&str>) -> Signer {
        self.iam("CreateUser", &[("UserName", name)]).await;
        if let Some(document) = document {
            let policy = [("UserName", name), ("PolicyName", "p"), ("PolicyDocument", document)];
            self.iam("PutUserPolicy", &policy).await;
        }
        let signer = signer(&self.iam("CreateAccessKey", &[("UserName", name)]).await);
        // Keys note when they were last used: that is not a change by whatever is called next.
        self.by(&signer).call("GetCallerIdentity", &[]).await;
        signer
    }

    /// A new role that those may assume, and that may do everything; its ARN.
    pub async fn role(&self, name: &str, trust: &str) -> String {
        let made = self.iam("CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", trust)]).await;
        let all = policy("Allow", r#""Action":"*","Resource":"*""#);
        self.iam("PutRolePolicy", &[("RoleName", name), ("PolicyName", "all"), ("PolicyDocument", &all)]).await;
        made.element("Arn")
    }

    /// The credentials of a session.
    pub async fn assume(&self, role: &str, more: &[(&str, &str)]) -> Signer {
        let mut parameters = vec![("RoleArn", role), ("RoleSessionName", "session")];
        parameters.extend(more);
        let signer = signer(&self.ok("AssumeRole", &parameters).await);
        self.by(&signer).call("GetCallerIdentity", &[]).await;
        signer
    }

    /// Who the caller is told to be.
    pub async fn who(&self) -> String {
        self.ok("GetCallerIdentity", &[]).await.element("Arn")
    }
}
