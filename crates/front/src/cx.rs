//! What a handler knows of the request besides its input.

use crate::{
    Checks,
    auth::{authenticate::Unknown, authority::Authority, facts::Facts, wording},
};
use logic::policy::Context;
use model::{
    AccountId, Arn, Env, Region, Timestamp,
    iam::{AccessKeySpec, Principal, Session},
};
use spine::Snapshot;
use std::sync::Arc;
use wire::{Fault, Time};

/// Who asks, where, and when.
#[derive(Clone, Debug)]
pub struct Cx {
    /// The account that the request acts in.
    pub account: AccountId,
    /// The region that it is addressed to.
    pub region: Region,
    /// Who makes it.
    pub principal: Principal,
    /// When it came; the same for each time that a handler is run again.
    pub now: Timestamp,
    /// The clock and the dice.
    pub env: Env,
    /// What the answer carries as the request's id.
    pub request_id: String,
    /// `host:port` of the cloud, as the client addressed it.
    pub endpoint: String,
    /// The tracing header that the request came with.
    pub trace: Option<String>,
    /// Where the permissions that were looked at are noted, for the trail.
    pub checks: Checks,
    /// The key that has signed, if the cloud has issued it.
    pub(crate) key: Option<Arc<AccessKeySpec>>,
    /// What the caller may do.
    pub(crate) authority: Authority,
    /// Whose words a denial is given in.
    pub(crate) service: &'static wire::Service,
}

impl Cx {
    /// The ARN of something in the request's account and region.
    pub fn arn(&self, service: &str, resource: impl Into<String>) -> Arn {
        Arn::new(service, &self.region, &self.account, resource)
    }

    /// Refuses unless the caller may do the action on each of the resources; none stands for `*`. `keys` are condition keys that the
    /// request's input tells, such as `iam:PassedToService`.
    ///
    /// The operation's own action has been looked at before its handler runs. Handlers ask for what they need besides, such as
    /// `iam:PassRole`.
    pub fn authorize(&self, action: &str, resources: &[Arn], keys: &Context) -> Result<(), Fault> {
        if resources.is_empty() {
            return self.authorize_one(action, None, keys);
        }
        resources.iter().try_for_each(|resource| self.authorize_one(action, Some(resource), keys))
    }

    fn authorize_one(&self, action: &str, resource: Option<&Arn>, keys: &Context) -> Result<(), Fault> {
        let noted = resource.map(std::slice::from_ref).unwrap_or_default();
        if self.authority.is_root_of(resource) {
            self.checks.note(action, noted, true);
            return Ok(());
        }
        let decision = self.authority.decide(self, action, resource, keys)?;
        self.checks.note(action, noted, decision.allowed);
        if decision.allowed {
            return Ok(());
        }
        if self.principal == Principal::Anonymous {
            return Err(wording::unknown(self.service, Unknown::Unsigned, Time(self.now.0)));
        }
        Err(wording::denied(self.service, &self.principal.arn(&self.account), action, resource, &decision.reason(action)))
    }

    /// Whether the caller could do the action on the resource if these were the facts about it: for changes by which callers could lock
    /// themselves out.
    pub fn could(&self, action: &str, resource: &Arn, facts: &Facts) -> Result<bool, Fault> {
        let is_root = self.authority.is_root_of(Some(resource));
        Ok(is_root || self.authority.decide_on(facts, action, Some(resource), &Context::default())?.allowed)
    }

    /// The id of the access key that the caller was issued; none if the request was signed with a key of the tutorials, or not at all.
    pub fn access_key_id(&self) -> Option<&str> {
        self.authority.key()
    }

    /// What the caller's credentials have besides, if they are temporary ones.
    pub fn session(&self) -> Option<&Session> {
        self.key.as_ref().and_then(|key| key.session.as_ref())
    }

    /// Whether the caller has the session of a user, which can't call IAM and little of STS (IAM user guide, "Compare AWS STS
    /// credentials"): one that `GetSessionToken` has made, or `GetFederationToken`.
    pub fn is_session_of_user(&self) -> bool {
        self.session().is_some() && !matches!(self.principal, Principal::AssumedRole { .. })
    }

    /// The condition keys that say who the caller is and how the request came.
    pub fn context(&self) -> &Context {
        self.authority.context()
    }

    /// What was committed when the request came.
    pub fn snapshot(&self) -> &Snapshot {
        self.authority.snapshot()
    }
}
