//! What services do in the name of a role without holding keys of it: a host that pulls an image for a task.

use super::{assume::role_at, authority::Authority, context::Circumstances, facts::Facts, wording};
use logic::policy::Context;
use model::{
    AccountId, Arn, Timestamp,
    iam::{AccessKeySpec, Principal, RoleSpec},
};
use spine::Snapshot;
use std::sync::Arc;
use wire::Fault;

/// A session of a role in whose name a service acts.
#[derive(Clone, Copy, Debug)]
pub struct Behalf<'a> {
    /// The role's account.
    pub account: &'a AccountId,
    /// The role's ARN.
    pub role: &'a str,
    /// The session's name.
    pub session: &'a str,
    /// The region in which it acts.
    pub region: &'a str,
}

impl Behalf<'_> {
    /// Whether the action is allowed on the resource (none stands for `*`), of which `facts` are known: by the role's own policies, its
    /// boundary, and the resource's policy. Otherwise the sentence that AWS denies it with.
    pub fn may(
        &self,
        snapshot: &Snapshot,
        now: Timestamp,
        action: &str,
        (resource, facts): (Option<&Arn>, &Facts),
    ) -> Result<Result<(), String>, Fault> {
        let role = role_at(snapshot, self.account, self.role)?;
        let principal = self.principal(role.as_deref());
        let arn = principal.arn(self.account);
        let key = Arc::new(AccessKeySpec {
            account: self.account.clone(),
            principal,
            secret: String::new(),
            created_at: now,
            inactive: false,
            session: None,
        });
        let circumstances = Circumstances { region: self.region.to_owned(), ..Circumstances::default() };
        let authority = Authority::of_key(&Arc::default(), snapshot, ("", key), circumstances, now)?;
        let mut tags = Context::default();
        for (key, value) in role.iter().flat_map(|role| &role.tags) {
            tags.set(format!("aws:PrincipalTag/{key}"), value);
        }
        let decision = authority.decide_on(facts, action, resource, &tags)?;
        Ok(if decision.allowed { Ok(()) } else { Err(wording::sentence(&arn, action, resource, &decision.reason(action))) })
    }

    /// Whoever has the role's name; one that is gone has no policies.
    fn principal(&self, role: Option<&RoleSpec>) -> Principal {
        match role {
            Some(role) => role.session(self.session),
            None => {
                let role = self.role.rsplit_once(":role/").map_or(self.role, |(_, name)| name).to_owned();
                Principal::AssumedRole { role, id: String::new(), session: self.session.to_owned() }
            }
        }
    }
}
