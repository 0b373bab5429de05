//! Whether somebody might do something, were it asked: no request, but the owner's question, answered by what decides on requests.

use super::{authority::Authority, context::Circumstances};
use crate::{Checks, Cx, Front};
use logic::policy::{Context, Explanation};
use model::{
    AccountId, Arn, Key, Region, Timestamp,
    iam::{AccessKey, AccessKeySpec, Named, Principal, Role, Session, SessionTerms, Tags, User},
};
use spine::{Read, Scope, Snapshot};
use std::{collections::BTreeMap, sync::Arc};
use wire::Fault;

/// What a session is called of a role that is asked about without one.
const SESSION: &str = "hillfog";

/// Who, what, on what, and what else is known.
pub(crate) struct Question {
    principal: Arn,
    account: AccountId,
    action: String,
    resource: Option<Arn>,
    context: Context,
}

impl Question {
    /// The error says what can't be asked.
    pub(crate) fn new(
        principal: &str,
        action: &str,
        resource: Option<&str>,
        context: BTreeMap<String, Vec<String>>,
    ) -> Result<Self, String> {
        let arn = |text: &str| text.parse::<Arn>().map_err(|_| format!("{text} is no ARN"));
        let principal = arn(principal)?;
        let account = AccountId::parse(&principal.account).map_err(|error| error.to_string())?;
        let is_action = action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
        if !is_action {
            return Err(format!("{action} is no action, such as ecs:RunTask"));
        }
        let resource = resource.filter(|resource| *resource != "*").map(arn).transpose()?;
        let mut known = Context::default();
        for (key, values) in context {
            known.set_all(key, values);
        }
        Ok(Self { principal, account, action: action.to_owned(), resource, context: known })
    }

    /// What would be decided, and why; none if there is no such principal.
    pub(crate) fn ask(&self, front: &Front) -> Result<Option<Explanation>, Fault> {
        let snapshot = front.store.snapshot();
        let now = front.env.now();
        let Some((id, key)) = self.credentials(&snapshot, now)? else { return Ok(None) };
        let key = Arc::new(key);
        let region = self.region(front);
        let circumstances = Circumstances { region: region.to_string(), ..Circumstances::default() };
        let authority = Authority::of_key(&front.gate, &snapshot, (&id, key.clone()), circumstances, now)?;
        let cx = Cx {
            account: self.account.clone(),
            region,
            principal: key.principal.clone(),
            key: Some(key),
            now,
            env: front.env.clone(),
            request_id: front.env.uuid(),
            endpoint: front.config.endpoint.clone(),
            trace: None,
            checks: Checks::default(),
            authority: authority.clone(),
            service: &api::sts::SERVICE,
        };
        authority.explain(&cx, &self.action, self.resource.as_ref(), &self.context).map(Some)
    }

    /// Where it would be asked: in the resource's region, if it has one.
    fn region(&self, front: &Front) -> Region {
        let named = self.resource.as_ref().and_then(|resource| Region::parse(&resource.region).ok());
        named.unwrap_or_else(|| front.config.region.clone())
    }

    /// The key with which the principal would ask. Of a session, its own while it lasts, with what narrows it; of others, one that stands for
    /// any that they might have.
    fn credentials(&self, snapshot: &Snapshot, now: Timestamp) -> Result<Option<(String, AccessKeySpec)>, Fault> {
        let parts: Vec<&str> = self.principal.resource.split('/').collect();
        let found = match (&*self.principal.service, &*parts) {
            ("iam", ["root"]) => Some(self.stand_in(Principal::Root, None)),
            ("iam", ["user", .., name]) => self.user(snapshot, name)?,
            ("iam", ["role", .., name]) => self.role(snapshot, name, SESSION)?,
            ("sts", ["assumed-role", role, session]) => match self.session(snapshot, now)? {
                Some(found) => return Ok(Some(found)),
                None => self.role(snapshot, role, session)?,
            },
            ("sts", ["federated-user", _]) => return self.session(snapshot, now),
            _ => None,
        };
        Ok(found.map(|key| (String::new(), key)))
    }

    fn user(&self, snapshot: &Snapshot, name: &str) -> Result<Option<AccessKeySpec>, Fault> {
        let user = snapshot.spec(&Key::<User>::named(&self.account, name))?;
        Ok(user.filter(|user| User::arn(&self.account, user) == self.principal).map(|user| self.stand_in(user.principal(), None)))
    }

    /// A session of a role has the role's tags.
    fn role(&self, snapshot: &Snapshot, name: &str, session: &str) -> Result<Option<AccessKeySpec>, Fault> {
        let role = snapshot.spec(&Key::<Role>::named(&self.account, name))?;
        let named =
            |role: &model::iam::RoleSpec| self.principal.service == "sts" || Role::arn(&self.account, role) == self.principal;
        Ok(role.filter(|role| named(role)).map(|role| self.stand_in(role.session(session), Some(role.tags.clone()))))
    }

    /// The newest credentials of the session that are still good.
    fn session(&self, snapshot: &Snapshot, now: Timestamp) -> Result<Option<(String, AccessKeySpec)>, Fault> {
        let keys = snapshot.specs::<AccessKey>(Scope::All)?;
        let lasts = |key: &AccessKeySpec| key.session.as_ref().is_some_and(|session| session.expires_at > now);
        let ours = keys
            .into_iter()
            .filter(|(_, key)| key.account == self.account && lasts(key) && key.principal.arn(&key.account) == self.principal);
        Ok(ours.max_by_key(|(_, key)| key.created_at).map(|(key, spec)| (key.id, (*spec).clone())))
    }

    fn stand_in(&self, principal: Principal, tags: Option<Tags>) -> AccessKeySpec {
        let session = tags.map(|tags| {
            let terms = SessionTerms { tags, ..SessionTerms::default() };
            Session { terms, ..Session::default() }
        });
        let account = self.account.clone();
        AccessKeySpec { account, principal, secret: String::new(), created_at: Timestamp::default(), inactive: false, session }
    }
}
