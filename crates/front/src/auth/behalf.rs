//! What services do in the name of a role without holding keys of it: a host that pulls an image for a task.

use super::{
    assume::find,
    context::{self, Circumstances},
    facts::Facts,
    policies::{Compiled, Reader},
};
use logic::policy::{Caller, CallerKind, Request, decide};
use model::{
    AccountId, Arn, Timestamp,
    iam::{Principal, RoleSpec},
};
use spine::Snapshot;
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
        let role = find(snapshot, self.account, self.role)?;
        let principal = self.principal(role.as_deref());
        let arn = principal.arn(self.account).to_string();
        let compiled = Compiled::default();
        let policies = Reader { snapshot, compiled: &compiled, account: self.account }.of_principal(&principal)?;
        let circumstances = Circumstances { region: self.region.to_owned(), ..Circumstances::default() };
        let mut known = circumstances.context(now);
        context::of_principal(&mut known, self.account, &principal);
        for (key, value) in role.iter().flat_map(|role| &role.tags) {
            known.set(format!("aws:PrincipalTag/{key}"), value);
        }
        facts.describe(&mut known, action.split(':').next().unwrap_or_default(), resource);
        let text = resource.map_or_else(|| "*".to_owned(), Arn::to_string);
        let caller = Caller { arn: &arn, account: self.account.as_str(), kind: CallerKind::AssumedRole { role_arn: self.role } };
        let resource_account = resource.map(|arn| arn.account.as_str());
        let request = Request { caller, action, resource: &text, resource_account, context: &known };
        let decision = decide(&request, &policies, facts.policy.as_ref(), facts.rule);
        let denial =
            || format!("User: {arn} is not authorized to perform: {action} on resource: {text} {}", decision.reason(action));
        Ok(if decision.allowed { Ok(()) } else { Err(denial()) })
    }

    /// Whoever has the role's name; one that is gone has no policies.
    fn principal(&self, role: Option<&RoleSpec>) -> Principal {
        let path_and_name = match role {
            Some(role) => format!("{}{}", role.path.trim_start_matches('/'), role.name),
            None => self.role.rsplit_once(":role/").map_or(self.role, |(_, name)| name).to_owned(),
        };
        let id = role.map(|role| role.id.clone()).unwrap_or_default();
        Principal::AssumedRole { role: path_and_name, id, session: self.session.to_owned() }
    }
}
