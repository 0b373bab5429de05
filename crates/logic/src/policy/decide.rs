//! The decision (IAM user guide, "Policy evaluation logic").
//!
//! An explicit deny in any policy wins. Otherwise everything that limits the caller has to allow: the organization's policies, the
//! identity's, its boundary, its session's. A resource's policy can do instead of some of them, as far as it names the caller himself.

use super::action::Action;
use super::document::Question;
use super::principal::Grant;
use super::{Caller, CallerKind, Context, Effect, Policy, Position};
use serde::Serialize;
use std::sync::Arc;

/// A policy and what it is known by.
#[derive(Clone, Debug)]
pub struct Attached {
    /// Its ARN, or an inline policy's name; shown in explanations.
    pub name: Arc<str>,
    /// The policy.
    pub policy: Arc<Policy>,
}

/// What is attached to a caller.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    /// Of the user and its groups, or of the role.
    pub identity: Vec<Attached>,
    /// The permissions boundary, if there is one.
    pub boundary: Option<Attached>,
    /// What the session was narrowed to when it was made, if it was. An empty list allows nothing: so are the sessions that
    /// `GetFederationToken` makes without a policy.
    pub session: Option<Vec<Attached>>,
    /// The organization's, a list for each level; each level has to allow.
    pub service_control: Vec<Vec<Attached>>,
    /// Of the VPC endpoint by way of which the request came, if it came by one: it has to allow, whoever the caller is.
    pub endpoint: Option<Attached>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// By whom.
    pub caller: Caller<'a>,
    /// Such as `ecs:RunTask`, in any case.
    pub action: &'a str,
    /// The ARN, or `*` for an action that has none.
    pub resource: &'a str,
    /// Whose resource it is; none if it is the caller's account's.
    pub resource_account: Option<&'a str>,
    /// What else is known.
    pub context: &'a Context,
}

/// What part a resource's policy has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceRule {
    /// In its own account it can allow, and needn't.
    Either,
    /// It has to allow, even in its own account: a KMS key's policy.
    MustAllow,
    /// As [`ResourceRule::MustAllow`], for a role's trust policy.
    Trust,
}

/// The types of policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyType {
    /// An organization's.
    ServiceControl,
    /// A VPC endpoint's.
    VpcEndpoint,
    /// A resource's.
    Resource,
    /// A role's trust policy.
    Trust,
    /// A user's, a group's or a role's.
    Identity,
    /// A permissions boundary.
    Boundary,
    /// A session's.
    Session,
}

/// What decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// Allowed: the account itself may do everything in it.
    Root,
    /// Allowed by a policy of the type (and by all that had to allow too).
    Allowed(PolicyType),
    /// Denied implicitly: no policy of the type allows it.
    NotAllowed(PolicyType),
    /// Denied explicitly by a policy of the type.
    Denied(PolicyType),
}

/// Whether a request is allowed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Whether it is.
    pub allowed: bool,
    /// Why.
    pub because: Because,
    /// The statements that decided: the first that denies, or the first that allows (of a resource's policy, all of them); none if the
    /// denial is implicit.
    pub statements: Vec<StatementRef>,
}

/// A statement of one of the policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatementRef {
    /// The policy's [`Attached::name`].
    pub policy: Arc<str>,
    /// What it is to the request.
    pub policy_type: PolicyType,
    /// `Sid`.
    pub sid: Option<String>,
    /// Its number in the document, from 0.
    pub index: usize,
    /// Where it begins.
    pub start: Position,
    /// The position behind its end.
    pub end: Position,
}

/// Decides on a request.
pub fn decide(request: &Request<'_>, policies: &Policies, resource_policy: Option<&Attached>, rule: ResourceRule) -> Decision {
    let action = Action::new(request.action);
    let case = Case::new(request, &action, policies, resource_policy, rule, Depth::Decisive);
    let because = case.verdict();
    let statements = case.statements(because);
    Decision { allowed: matches!(because, Because::Root | Because::Allowed(_)), because, statements }
}

impl Decision {
    /// Whether a statement says so: no lack of a permission, but a `Deny`.
    pub fn is_explicit_deny(&self) -> bool {
        matches!(self.because, Because::Denied(_))
    }

    /// The clause with which AWS ends its message, `…on resource: X `, with the action as it is shown (IAM user guide, "Troubleshoot access
    /// denied error messages").
    pub fn reason(&self, action: &str) -> String {
        match self.because {
            Because::Root => "because it is the account's root".into(),
            Because::Allowed(kind) => format!("because {} allows the {action} action", kind.with_article()),
            Because::NotAllowed(kind) => format!("because no {} allows the {action} action", kind.name()),
            Because::Denied(kind) => format!("with an explicit deny in {}", kind.with_article()),
        }
    }
}

impl PolicyType {
    /// As AWS's messages call it.
    pub fn name(self) -> &'static str {
        match self {
            PolicyType::ServiceControl => "service control policy",
            PolicyType::VpcEndpoint => "VPC endpoint policy",
            PolicyType::Resource => "resource-based policy",
            PolicyType::Trust => "role trust policy",
            PolicyType::Identity => "identity-based policy",
            PolicyType::Boundary => "permissions boundary",
            PolicyType::Session => "session policy",
        }
    }

    fn with_article(self) -> String {
        let article = match self {
            PolicyType::Trust => "the",
            PolicyType::Identity => "an",
            _ => "a",
        };
        format!("{article} {}", self.name())
    }
}

/// A statement that is about the request.
#[derive(Clone, Copy)]
pub(super) struct Hit<'p> {
    pub attached: &'p Attached,
    pub index: usize,
    pub grant: Grant,
}

/// How much is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// What a decision needs: where one statement denies no other is asked, and where one allows no other is asked whether it does.
    Decisive,
    /// Every statement that is about the request.
    Everything,
}

/// What policies of one type say of a request.
#[derive(Default)]
pub(super) struct Found<'p> {
    pub denies: Vec<Hit<'p>>,
    pub allows: Vec<Hit<'p>>,
}

impl<'p> Found<'p> {
    fn new(attached: impl IntoIterator<Item = &'p Attached>, question: &Question<'_>, depth: Depth) -> Self {
        let mut found = Self::default();
        for attached in attached {
            for (index, statement) in attached.policy.about(question.action) {
                if depth == Depth::Decisive && statement.effect == Effect::Allow && found.allows() {
                    continue;
                }
                let Ok(grant) = statement.answer(question) else { continue };
                let hit = Hit { attached, index, grant };
                match statement.effect {
                    Effect::Allow => found.allows.push(hit),
                    Effect::Deny => found.denies.push(hit),
                }
                if depth == Depth::Decisive && found.denies() {
                    return found;
                }
            }
        }
        found
    }

    fn allows(&self) -> bool {
        !self.allows.is_empty()
    }

    fn denies(&self) -> bool {
        !self.denies.is_empty()
    }

    /// Whether these policies would let the request pass, were they alone.
    pub fn passes(&self) -> bool {
        self.allows() && !self.denies()
    }
}

/// A request and what every type of policy says of it.
pub(super) struct Case<'p> {
    kind: CallerKind<'p>,
    /// The resource is of another account than the caller.
    foreign: bool,
    rule: ResourceRule,
    pub service_control: Vec<Found<'p>>,
    pub endpoint: Option<Found<'p>>,
    pub resource: Found<'p>,
    pub identity: Found<'p>,
    pub boundary: Option<Found<'p>>,
    pub session: Option<Found<'p>>,
}

impl<'p> Case<'p> {
    pub fn new(
        request: &Request<'p>,
        action: &Action,
        policies: &'p Policies,
        resource_policy: Option<&'p Attached>,
        rule: ResourceRule,
        depth: Depth,
    ) -> Self {
        let Request { caller, resource, resource_account, context, .. } = *request;
        let own = caller.kind.has_policies();
        let boundary = policies.boundary.as_ref().filter(|_| own);
        let question = Question { caller, action, resource, context, bounded: boundary.is_some() };
        let found = |attached: &'p [Attached]| Found::new(attached, &question, depth);
        Self {
            kind: caller.kind,
            foreign: caller.kind.has_account() && resource_account.is_some_and(|account| account != caller.account),
            rule,
            service_control: policies.service_control.iter().map(|level| found(level)).collect(),
            endpoint: policies.endpoint.as_ref().map(|attached| Found::new([attached], &question, depth)),
            // How directly it names the caller counts, so that all are asked.
            resource: Found::new(resource_policy, &question, Depth::Everything),
            identity: if own { found(&policies.identity) } else { Found::default() },
            boundary: boundary.map(|attached| Found::new([attached], &question, depth)),
            session: policies.session.as_ref().filter(|_| own).map(|attached| found(attached)),
        }
    }

    /// What decides.
    pub fn verdict(&self) -> Because {
        if let Some((kind, _)) = self.all().find(|(_, found)| found.denies()) {
            return Because::Denied(kind);
        }
        if !self.service_control.iter().all(Found::allows) {
            return Because::NotAllowed(PolicyType::ServiceControl);
        }
        if limits(&self.endpoint) {
            return Because::NotAllowed(PolicyType::VpcEndpoint);
        }
        let must_grant = self.foreign || self.rule != ResourceRule::Either || !self.kind.has_account();
        let refused = must_grant && !self.resource.allows();
        if refused && !self.foreign {
            return Because::NotAllowed(self.resource_type());
        }
        match self.own_verdict() {
            Because::Root | Because::Allowed(_) if refused => Because::NotAllowed(self.resource_type()),
            verdict => verdict,
        }
    }

    /// What the caller's own policies say, and the resource's instead of them, where it can.
    fn own_verdict(&self) -> Because {
        let by_resource = Because::Allowed(self.resource_type());
        if self.kind == CallerKind::Root {
            return if self.foreign { by_resource } else { Because::Root };
        }
        let grant = self.resource.allows.iter().map(|hit| hit.grant).max().filter(|_| !self.foreign);
        if grant == Some(Grant::Direct) || !self.kind.has_account() {
            return by_resource;
        }
        let by_entity = grant == Some(Grant::Entity);
        if !self.identity.allows() && !by_entity {
            return Because::NotAllowed(PolicyType::Identity);
        }
        if limits(&self.boundary) {
            return Because::NotAllowed(PolicyType::Boundary);
        }
        if limits(&self.session) {
            return Because::NotAllowed(PolicyType::Session);
        }
        if self.identity.allows() { Because::Allowed(PolicyType::Identity) } else { by_resource }
    }

    fn resource_type(&self) -> PolicyType {
        if self.rule == ResourceRule::Trust { PolicyType::Trust } else { PolicyType::Resource }
    }

    /// Everything that was found, in the order in which AWS looks.
    pub fn all(&self) -> impl Iterator<Item = (PolicyType, &Found<'p>)> {
        let levels = self.service_control.iter().map(|level| (PolicyType::ServiceControl, level));
        let others = [
            (PolicyType::VpcEndpoint, self.endpoint.as_ref()),
            (self.resource_type(), Some(&self.resource)),
            (PolicyType::Identity, Some(&self.identity)),
            (PolicyType::Boundary, self.boundary.as_ref()),
            (PolicyType::Session, self.session.as_ref()),
        ];
        levels.chain(others.into_iter().filter_map(|(kind, found)| Some((kind, found?))))
    }

    fn statements(&self, because: Because) -> Vec<StatementRef> {
        let (kind, effect) = match because {
            Because::Denied(kind) => (kind, Effect::Deny),
            Because::Allowed(kind) => (kind, Effect::Allow),
            Because::Root | Because::NotAllowed(_) => return Vec::new(),
        };
        let founds = self.all().filter(|(of, _)| *of == kind);
        founds.flat_map(|(kind, found)| found.hits(effect).iter().map(move |hit| hit.shown(kind))).collect()
    }
}

/// Whether policies that have to allow, if there are any, don't.
fn limits(found: &Option<Found<'_>>) -> bool {
    found.as_ref().is_some_and(|found| !found.allows())
}

impl<'p> Found<'p> {
    pub(super) fn hits(&self, effect: Effect) -> &[Hit<'p>] {
        match effect {
            Effect::Allow => &self.allows,
            Effect::Deny => &self.denies,
        }
    }
}

impl Hit<'_> {
    pub(super) fn shown(&self, policy_type: PolicyType) -> StatementRef {
        StatementRef::new(self.attached, self.index, policy_type)
    }
}

impl StatementRef {
    pub(super) fn new(attached: &Attached, index: usize, policy_type: PolicyType) -> Self {
        let statement = &attached.policy.statements()[index];
        Self {
            policy: attached.name.clone(),
            policy_type,
            sid: statement.sid.clone(),
            index,
            start: statement.start,
            end: statement.end,
        }
    }
}
