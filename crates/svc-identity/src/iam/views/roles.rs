//! What the API shows of roles, instance profiles and providers.

use super::{boundary, time};
use crate::iam::{documents, tags};
use api::iam as sdk;
use model::{
    AccountId,
    iam::{InstanceProfile, InstanceProfileSpec, LastUsed, Named, Role, RoleSpec},
};

/// A role, in full but for when it was last used.
pub fn role(account: &AccountId, spec: &RoleSpec) -> sdk::Role {
    let (permissions_boundary, tags) = (boundary(&spec.boundary), tags::shown(&spec.tags));
    sdk::Role { permissions_boundary, tags, ..listed_role(account, spec) }
}

/// A role, as lists show it: without tags and boundary.
pub fn listed_role(account: &AccountId, spec: &RoleSpec) -> sdk::Role {
    sdk::Role {
        path: spec.path.clone(),
        role_name: spec.name.clone(),
        role_id: spec.id.clone(),
        arn: Role::arn(account, spec).to_string(),
        create_date: time(spec.created_at),
        assume_role_policy_document: Some(documents::encoded(&spec.trust)),
        description: spec.description.clone(),
        max_session_duration: i32::try_from(spec.max_session_s).ok(),
        permissions_boundary: None,
        tags: None,
        role_last_used: None,
        source_role_template: None,
    }
}

/// When and where a role was last used; empty if it never was.
pub fn role_last_used(used: &LastUsed) -> sdk::RoleLastUsed {
    sdk::RoleLastUsed { last_used_date: used.at.map(time), region: used.at.map(|_| used.region.clone()) }
}

/// An instance profile with its role, as lists show it: without tags.
pub fn instance_profile(account: &AccountId, spec: &InstanceProfileSpec, role: Option<&RoleSpec>) -> sdk::InstanceProfile {
    sdk::InstanceProfile {
        path: spec.path.clone(),
        instance_profile_name: spec.name.clone(),
        instance_profile_id: spec.id.clone(),
        arn: InstanceProfile::arn(account, spec).to_string(),
        create_date: time(spec.created_at),
        roles: role.map(|role| listed_role(account, role)).into_iter().collect(),
        tags: None,
    }
}
