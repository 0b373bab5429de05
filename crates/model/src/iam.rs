//! The records of identities: access keys, and whom they stand for.

use crate::{AccountId, Arn, Key, Record, Region, Timestamp};
use serde::{Deserialize, Serialize};

/// Whoever makes a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// The account itself, which may do everything in it.
    Root,
    /// A user of the account.
    User {
        /// The path and the name, such as `division/anna`.
        name: String,
        /// `AIDA…`.
        id: String,
    },
}

impl Principal {
    /// The principal's ARN in its account.
    pub fn arn(&self, account: &AccountId) -> Arn {
        let resource = match self {
            Principal::Root => "root".to_owned(),
            Principal::User { name, .. } => format!("user/{name}"),
        };
        Arn { partition: "aws".into(), service: "iam".into(), region: String::new(), account: account.to_string(), resource }
    }

    /// The unique id, as `aws:userid` has it.
    pub fn id<'a>(&'a self, account: &'a AccountId) -> &'a str {
        match self {
            Principal::Root => account.as_str(),
            Principal::User { id, .. } => id,
        }
    }
}

/// An access key, under its id. Keys of all accounts stand together, since a request names no account but only a key.
///
/// `Spec` is written by whoever issues the key.
pub enum AccessKey {}

/// What an [`AccessKey`] is good for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKeySpec {
    /// The account that it acts in.
    pub account: AccountId,
    /// Whom it stands for.
    pub principal: Principal,
    /// What signs; SigV4 is symmetric, so that it has to be kept as it is.
    pub secret: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// What temporary credentials have besides.
    pub session: Option<Session>,
}

/// The part of temporary credentials that a lasting key doesn't have.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Has to come with each request.
    pub token: String,
    /// From then on the key is refused.
    pub expires_at: Timestamp,
}

impl Record for AccessKey {
    const KIND: &'static str = "iam/access-key";
    type Spec = AccessKeySpec;
    type Plan = ();
    type Observed = ();
}

impl Key<AccessKey> {
    /// The key with that id, such as `AKIAIOSFODNN7EXAMPLE`.
    pub fn of_id(id: &str) -> Self {
        let account = AccountId::parse(AccountId::DEFAULT).expect("twelve digits");
        Self::new(&account, &Region::global(), id)
    }
}

impl std::fmt::Debug for AccessKeySpec {
    /// Without the secret, which has no business in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKeySpec")
            .field("account", &self.account)
            .field("principal", &self.principal)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
