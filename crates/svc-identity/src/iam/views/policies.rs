//! What the API shows of managed policies.

use super::time;
use crate::iam::{documents, managed::Managed, tags, usage::Usage};
use api::iam as sdk;
use model::{
    AccountId,
    iam::{ManagedPolicy, Named, PolicyVersion},
};

/// A managed policy, in full.
pub fn policy(account: &AccountId, policy: &Managed, usage: Usage) -> sdk::Policy {
    let (description, tags) = match policy {
        Managed::Aws(policy) => (Some(policy.description.to_owned()), None),
        Managed::Own(_, spec) => (spec.description.clone(), tags::shown(&spec.tags)),
    };
    sdk::Policy { description, tags, ..listed_policy(account, policy, usage) }
}

/// A managed policy, as lists show it: without description and tags.
pub fn listed_policy(account: &AccountId, policy: &Managed, usage: Usage) -> sdk::Policy {
    let (name, id, path, default, created, updated) = match policy {
        Managed::Aws(p) => (p.name.to_owned(), p.id(), p.path.to_owned(), p.version, p.created_at, p.updated_at),
        Managed::Own(_, p) => (p.name.clone(), p.id.clone(), p.path.clone(), p.default, p.created_at, p.updated_at),
    };
    sdk::Policy {
        policy_name: Some(name),
        policy_id: Some(id),
        arn: Some(policy_arn(account, policy)),
        path: Some(path),
        default_version_id: Some(version_id(default)),
        attachment_count: Some(usage.attached),
        permissions_boundary_usage_count: Some(usage.bounds),
        is_attachable: Some(true),
        description: None,
        create_date: Some(time(created)),
        update_date: Some(time(updated)),
        tags: None,
    }
}

/// The ARN of a managed policy.
pub fn policy_arn(account: &AccountId, policy: &Managed) -> String {
    match policy {
        Managed::Aws(policy) => policy.arn(),
        Managed::Own(_, spec) => ManagedPolicy::arn(account, spec).to_string(),
    }
}

/// A version without its document, as lists show it.
pub fn listed_version(number: u32, version: &PolicyVersion, default: u32) -> sdk::PolicyVersion {
    sdk::PolicyVersion {
        document: None,
        version_id: Some(version_id(number)),
        is_default_version: Some(number == default),
        create_date: Some(time(version.created_at)),
    }
}

/// A version with its document.
pub fn version(number: u32, version: &PolicyVersion, default: u32) -> sdk::PolicyVersion {
    let document = Some(documents::encoded(&version.document));
    sdk::PolicyVersion { document, ..listed_version(number, version, default) }
}

/// `v1` for the first.
pub fn version_id(number: u32) -> String {
    format!("v{number}")
}
