//! All policies of a user, a group or a role, each with where it comes from.

use super::{errors, managed, managed::Managed, names};
use api::iam::PolicySourceType;
use front::{Answer, Cx};
use logic::policy::{Attached, Kind, Policy};
use model::{
    Arn, Key,
    iam::{Group, Named, Permissions, Role, User, base_name},
};
use spine::Read;
use std::sync::Arc;

/// A policy, and what simulations call it.
#[derive(Clone, Debug)]
pub struct Source {
    /// The policy under its id: a managed policy's name, or `user_anna_read`.
    pub attached: Attached,
    /// `SourcePolicyType`.
    pub kind: PolicySourceType,
    /// Its ARN, if it is managed.
    pub arn: Option<String>,
    /// Whose it is and its name, if it is inline.
    pub inline: Option<(String, String)>,
}

/// Whose policies are asked for.
pub enum Holder {
    /// A user, with its ARN.
    User(Arn),
    /// A group.
    Group,
    /// A role.
    Role(Arn),
}

/// The policies of somebody.
pub struct Sources {
    /// What it is.
    pub holder: Holder,
    /// What its policies speak of: its own, and those of its groups.
    pub identity: Vec<Source>,
    /// What bounds it.
    pub boundary: Option<Source>,
}

/// A document that is given in a request; it is refused as bad input.
pub fn given(id: String, document: &str, kind: Kind, source: PolicySourceType) -> Answer<Source> {
    let policy = Policy::parse(document, kind).map_err(|malformed| errors::invalid_input(malformed.to_string()))?;
    Ok(Source { attached: attached(id, policy), kind: source, arn: None, inline: None })
}

/// The policies of the user, group or role of that ARN, which is one of the caller's account.
pub fn of(cx: &Cx, store: &impl Read, arn: &str) -> Answer<Sources> {
    let unclear = || errors::invalid_input(format!("Invalid Entity Arn: {arn} does not clearly define entity type and name."));
    let parsed: Arn = arn.parse().map_err(|_| unclear())?;
    let reader = Reader { cx, store, arn: &parsed };
    match parsed.resource.split_once('/') {
        Some(("user", name)) => reader.user(base_name(name)),
        Some(("group", name)) => reader.group(base_name(name)),
        Some(("role", name)) => reader.role(base_name(name)),
        _ => Err(unclear()),
    }
}

struct Reader<'a, S> {
    cx: &'a Cx,
    store: &'a S,
    arn: &'a Arn,
}

impl<S: Read> Reader<'_, S> {
    fn user(&self, name: &str) -> Answer<Sources> {
        let user = self.find::<User>(name)?;
        let mut identity = self.policies("user", &user.name, PolicySourceType::User, &user.permissions)?;
        for id in &user.groups {
            let Some(group) = self.store.spec(&Key::<Group>::named(&self.cx.account, id))? else { continue };
            identity.extend(self.policies("group", &group.name, PolicySourceType::Group, &group.permissions)?);
        }
        let holder = Holder::User(User::arn(&self.cx.account, &user));
        Ok(Sources { holder, identity, boundary: self.boundary(&user.boundary)? })
    }

    fn group(&self, name: &str) -> Answer<Sources> {
        let group = self.find::<Group>(name)?;
        let identity = self.policies("group", &group.name, PolicySourceType::Group, &group.permissions)?;
        Ok(Sources { holder: Holder::Group, identity, boundary: None })
    }

    fn role(&self, name: &str) -> Answer<Sources> {
        let role = self.find::<Role>(name)?;
        let identity = self.policies("role", &role.name, PolicySourceType::Role, &role.permissions)?;
        let holder = Holder::Role(Role::arn(&self.cx.account, &role));
        Ok(Sources { holder, identity, boundary: self.boundary(&role.boundary)? })
    }

    fn find<R: names::Entity>(&self, name: &str) -> Answer<Arc<R::Spec>> {
        let (_, spec) = names::find::<R>(self.cx, self.store, name)?;
        if R::arn(&self.cx.account, &spec) == *self.arn { Ok(spec) } else { Err(errors::missing::<R>(name)) }
    }

    fn policies(&self, noun: &str, holder: &str, kind: PolicySourceType, permissions: &Permissions) -> Answer<Vec<Source>> {
        let mut found = Vec::new();
        for (name, document) in &permissions.inline {
            let policy = attached(format!("{noun}_{holder}_{name}"), kept(document)?);
            found.push(Source { attached: policy, kind, arn: None, inline: Some((holder.to_owned(), name.clone())) });
        }
        for arn in &permissions.attached {
            found.extend(self.managed(arn)?);
        }
        Ok(found)
    }

    fn boundary(&self, arn: &Option<String>) -> Answer<Option<Source>> {
        Ok(arn.as_ref().map(|arn| self.managed(arn)).transpose()?.flatten())
    }

    fn managed(&self, arn: &str) -> Answer<Option<Source>> {
        let Some(found) = managed::lookup(self.cx, self.store, arn)? else { return Ok(None) };
        let kind = match &found {
            Managed::Aws(_) => PolicySourceType::AwsManaged,
            Managed::Own(..) => PolicySourceType::UserManaged,
        };
        let policy = attached(found.name().to_owned(), kept(found.document())?);
        Ok(Some(Source { attached: policy, kind, arn: Some(arn.to_owned()), inline: None }))
    }
}

fn attached(name: String, policy: Policy) -> Attached {
    Attached { name: name.into(), policy: Arc::new(policy) }
}

/// A document that is kept was checked when it was written.
fn kept(document: &str) -> Answer<Policy> {
    Policy::parse(document, Kind::Identity).map_err(wire::Fault::internal)
}
