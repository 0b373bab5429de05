//! Whoever makes requests.

use super::{RoleSpec, UserSpec, global_arn};
use crate::{AccountId, Arn};
use serde::{Deserialize, Serialize};

/// Whoever makes a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// The account itself, which may do everything in it.
    Root,
    /// Nobody who is known: the request has no signature. It can be no principal of a policy but `*`.
    Anonymous,
    /// A user of the account.
    User {
        /// The path and the name, such as `division/anna`.
        name: String,
        /// `AIDA…`.
        id: String,
    },
    /// A session of a role.
    AssumedRole {
        /// The role's path and name, such as `service-role/builder`.
        role: String,
        /// `AROA…`.
        id: String,
        /// What whoever assumed the role has named the session.
        session: String,
    },
    /// A session that a user has made for somebody who is no user (`GetFederationToken`).
    FederatedUser {
        /// The name that it was given.
        name: String,
        /// The user that has made it, path and name; none stands for the account's root.
        by: Option<String>,
    },
    /// A service of the cloud's own, on its own behalf: what it may do is said by the policies of what it acts on.
    Service {
        /// Such as `s3.amazonaws.com`.
        name: String,
    },
}

impl Principal {
    /// The principal's ARN in its account (IAM user guide, "IAM identifiers"). A session's names the role without its path.
    pub fn arn(&self, account: &AccountId) -> Arn {
        match self {
            Principal::Root => global_arn("iam", account, "root"),
            Principal::Anonymous => Arn { account: "anonymous".into(), ..global_arn("iam", account, "user/anonymous") },
            Principal::User { name, .. } => global_arn("iam", account, format!("user/{name}")),
            Principal::AssumedRole { role, session, .. } => {
                global_arn("sts", account, format!("assumed-role/{}/{session}", base_name(role)))
            }
            Principal::FederatedUser { name, .. } => global_arn("sts", account, format!("federated-user/{name}")),
            Principal::Service { name } => Arn { account: "aws".into(), ..global_arn("iam", account, format!("service/{name}")) },
        }
    }

    /// The unique id, as `aws:userid` has it.
    pub fn id(&self, account: &AccountId) -> String {
        match self {
            Principal::Root => account.to_string(),
            Principal::Anonymous => "anonymous".to_owned(),
            Principal::User { id, .. } => id.clone(),
            Principal::AssumedRole { id, session, .. } => format!("{id}:{session}"),
            Principal::FederatedUser { name, .. } => format!("{account}:{name}"),
            Principal::Service { name } => name.clone(),
        }
    }

    /// The ARN of the role that a session is of.
    pub fn role_arn(&self, account: &AccountId) -> Option<Arn> {
        match self {
            Principal::AssumedRole { role, .. } => Some(global_arn("iam", account, format!("role/{role}"))),
            _ => None,
        }
    }
}

impl UserSpec {
    /// The user as one who makes requests.
    pub fn principal(&self) -> Principal {
        Principal::User { name: within(&self.path, &self.name), id: self.id.clone() }
    }
}

impl RoleSpec {
    /// A session of the role as one who makes requests.
    pub fn session(&self, name: &str) -> Principal {
        Principal::AssumedRole { role: within(&self.path, &self.name), id: self.id.clone(), session: name.to_owned() }
    }
}

/// A path and a name without the slash before them.
fn within(path: &str, name: &str) -> String {
    format!("{}{name}", path.trim_start_matches('/'))
}

/// The last part of a path and a name, which is the name.
pub fn base_name(path_and_name: &str) -> &str {
    path_and_name.rsplit('/').next().unwrap_or(path_and_name)
}
