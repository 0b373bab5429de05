//! The records of identities: who there is in an account, what they are allowed, and the keys by which they are known.
//!
//! IAM is global: all of these stand under `aws-global`, keyed by their name in lower case, since IAM doesn't distinguish names by case.
//!
//! | record | id | `Spec` by | `Observed` by |
//! |---|---|---|---|
//! | [`User`], [`Group`], [`Role`], [`InstanceProfile`], [`ManagedPolicy`] | the name, in lower case | handlers | [`Role`]: the front, when it was last used |
//! | [`OidcProvider`] | the URL without `https://` | handlers | |
//! | [`RoleDeletion`] | the task's id | handlers | |
//! | [`AccountSettings`] | `account` | handlers | |
//! | [`AccessKey`] | the key's id, all accounts together | who issues it | the front, when it was last used |
//! | [`WorkloadCredentials`] | the service's and the workload's, in its region | the workload's service | |
//! | [`SealingKey`] | `messages`, one for all accounts | the front, once | |

mod account;
mod deletion;
mod entity;
mod key;
mod policy;
mod principal;
mod sealing;
mod workload;

pub use account::*;
pub use deletion::*;
pub use entity::*;
pub use key::*;
pub use policy::*;
pub use principal::*;
pub use sealing::*;
pub use workload::*;

use crate::{AccountId, Arn, Key, Record, Region};
use std::collections::BTreeMap;

/// Tags of a user, role, …: at most 50. IAM keeps a tag's key as it was first written and finds it regardless of case.
pub type Tags = BTreeMap<String, String>;

/// A record of IAM that is known by a name and stands in a path, such as `/division/`.
pub trait Named: Record {
    /// What stands before the path in its ARN, such as `user`.
    const RESOURCE: &'static str;
    /// Where it stands: `/` or `/a/b/`.
    fn path(spec: &Self::Spec) -> &str;
    /// As it was written when it was made.
    fn name(spec: &Self::Spec) -> &str;
    /// The unique id, such as `AIDA…`.
    fn unique_id(spec: &Self::Spec) -> &str;

    /// Its ARN in an account.
    fn arn(account: &AccountId, spec: &Self::Spec) -> Arn {
        global_arn("iam", account, format!("{}{}{}", Self::RESOURCE, Self::path(spec), Self::name(spec)))
    }
}

impl<R: Named> Key<R> {
    /// The key of what has the name.
    pub fn named(account: &AccountId, name: &str) -> Self {
        Self::new(account, &Region::global(), name.to_ascii_lowercase())
    }
}

/// The ARN of something that is in no region.
pub fn global_arn(service: &str, account: &AccountId, resource: impl Into<String>) -> Arn {
    Arn {
        partition: "aws".into(),
        service: service.into(),
        region: String::new(),
        account: account.to_string(),
        resource: resource.into(),
    }
}

macro_rules! named {
    ($($record:ident, $spec:ident, $observed:ty = $kind:literal, $resource:literal;)+) => {$(
        impl Record for $record {
            const KIND: &'static str = $kind;
            type Spec = $spec;
            type Plan = ();
            type Observed = $observed;
        }
        impl Named for $record {
            const RESOURCE: &'static str = $resource;
            fn path(spec: &$spec) -> &str {
                &spec.path
            }
            fn name(spec: &$spec) -> &str {
                &spec.name
            }
            fn unique_id(spec: &$spec) -> &str {
                &spec.id
            }
        }
    )+};
}

named! {
    User, UserSpec, () = "iam/user", "user";
    Group, GroupSpec, () = "iam/group", "group";
    Role, RoleSpec, LastUsed = "iam/role", "role";
    InstanceProfile, InstanceProfileSpec, () = "iam/instance-profile", "instance-profile";
    ManagedPolicy, ManagedPolicySpec, () = "iam/policy", "policy";
}
