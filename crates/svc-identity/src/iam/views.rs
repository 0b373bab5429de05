//! What the API shows of the records.

mod policies;
mod roles;

pub use policies::*;
pub use roles::*;

use super::{caller::ROOT, tags};
use api::iam as sdk;
use model::{
    AccountId, Timestamp,
    iam::{Group, GroupSpec, Named, PasswordPolicy, Principal, User, UserSpec},
};
use wire::Time;

/// A moment, as IAM has it: to the second.
pub fn time(at: Timestamp) -> Time {
    Time(at.0.div_euclid(1000) * 1000)
}

/// What bounds a user or a role, by the policy's ARN.
pub fn boundary(arn: &Option<String>) -> Option<sdk::AttachedPermissionsBoundary> {
    let kind = sdk::PermissionsBoundaryAttachmentType::PermissionsBoundaryPolicy;
    arn.clone().map(|arn| sdk::AttachedPermissionsBoundary {
        permissions_boundary_type: Some(kind),
        permissions_boundary_arn: Some(arn),
    })
}

/// A user, in full.
pub fn user(account: &AccountId, spec: &UserSpec) -> sdk::User {
    let (permissions_boundary, tags) = (boundary(&spec.boundary), tags::shown(&spec.tags));
    sdk::User { permissions_boundary, tags, ..listed_user(account, spec) }
}

/// A user, as lists show it: without tags and boundary.
pub fn listed_user(account: &AccountId, spec: &UserSpec) -> sdk::User {
    sdk::User {
        path: spec.path.clone(),
        user_name: spec.name.clone(),
        user_id: spec.id.clone(),
        arn: User::arn(account, spec).to_string(),
        create_date: time(spec.created_at),
        password_last_used: None,
        permissions_boundary: None,
        tags: None,
    }
}

/// The account's root as a user, which it isn't: `GetUser` tells the root of itself.
pub fn root(account: &AccountId, since: Timestamp) -> sdk::User {
    sdk::User {
        path: "/".into(),
        user_name: ROOT.into(),
        user_id: account.to_string(),
        arn: Principal::Root.arn(account).to_string(),
        create_date: time(since),
        password_last_used: None,
        permissions_boundary: None,
        tags: None,
    }
}

/// A group.
pub fn group(account: &AccountId, spec: &GroupSpec) -> sdk::Group {
    sdk::Group {
        path: spec.path.clone(),
        group_name: spec.name.clone(),
        group_id: spec.id.clone(),
        arn: Group::arn(account, spec).to_string(),
        create_date: time(spec.created_at),
    }
}

/// The account's rules for passwords.
pub fn password_policy(policy: &PasswordPolicy) -> sdk::PasswordPolicy {
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    sdk::PasswordPolicy {
        minimum_password_length: Some(number(policy.minimum_length)),
        require_symbols: Some(policy.symbols),
        require_numbers: Some(policy.numbers),
        require_uppercase_characters: Some(policy.uppercase),
        require_lowercase_characters: Some(policy.lowercase),
        allow_users_to_change_password: Some(policy.users_may_change),
        expire_passwords: Some(policy.max_age.is_some()),
        max_password_age: policy.max_age.map(number),
        password_reuse_prevention: policy.reuse_prevention.map(number),
        hard_expiry: policy.hard_expiry,
    }
}
