//! What a service knows of its resources for decisions about them.

use crate::Cx;
use logic::policy::{Context, Kind, ResourceRule};
use model::{AccountId, Arn};
use spine::Snapshot;
use std::{collections::BTreeMap, sync::Arc};
use wire::Fault;

/// Finds what a service knows of a resource, which need not exist.
pub type FactsOf = fn(&Cx, &Snapshot, &Arn) -> Result<Facts, Fault>;

/// What is known of a resource.
pub struct Facts {
    /// Its tags: `aws:ResourceTag/…`, and the same behind the service's own prefix.
    pub tags: BTreeMap<String, String>,
    /// Its policy, if it has one.
    pub policy: Option<ResourcePolicy>,
    /// What its policy counts for.
    pub rule: ResourceRule,
    /// The service's own condition keys, such as `ecs:cluster`.
    pub keys: Context,
    /// Whose it is, where its ARN doesn't say: those of S3 name no account.
    pub owner: Option<AccountId>,
    /// The actions that its owner's root may do whatever its policy says, so that nobody is locked out for good.
    pub always_roots: &'static [&'static str],
}

/// A policy as it stands at a resource, to be compiled when it is decided by.
pub struct ResourcePolicy {
    /// Whose it is, for explanations.
    pub name: Arc<str>,
    /// A document that was checked when it was written.
    pub document: String,
    /// What it may say.
    pub kind: Kind,
}

impl Default for Facts {
    /// Nothing is known.
    fn default() -> Self {
        Self {
            tags: BTreeMap::new(),
            policy: None,
            rule: ResourceRule::Either,
            keys: Context::default(),
            owner: None,
            always_roots: &[],
        }
    }
}

impl Facts {
    /// With the resource's policy.
    pub fn with_policy(self, name: &str, document: &str, kind: Kind) -> Self {
        Self { policy: Some(ResourcePolicy { name: name.into(), document: document.to_owned(), kind }), ..self }
    }

    /// Adds the condition keys of the resource to those of the request.
    pub(crate) fn describe(&self, context: &mut Context, prefix: &str, resource: Option<&Arn>) {
        context.set_from(&self.keys);
        for (key, value) in &self.tags {
            context.set(format!("aws:ResourceTag/{key}"), value);
            context.set(format!("{prefix}:ResourceTag/{key}"), value);
        }
        if let Some(account) = self.owner(resource) {
            context.set("aws:ResourceAccount", account);
        }
    }

    /// The account whose resource it is, if that is known.
    pub(crate) fn owner<'a>(&'a self, resource: Option<&'a Arn>) -> Option<&'a str> {
        self.owner.as_ref().map(AccountId::as_str).or_else(|| resource.and_then(Arn::owner))
    }
}
