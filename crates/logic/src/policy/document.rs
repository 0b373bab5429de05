//! A policy as it is kept: read once, matched often.

use super::action::{Action, Actions, ByVendor};
use super::condition::Condition;
use super::principal::{Grant, Principals};
use super::template::Template;
use super::{Caller, Context, Malformed, Position, parse};
use serde::Serialize;

/// What a document is attached to, which says what it may and has to contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A user's, group's or role's policy, inline or managed, also one that is used as a permissions boundary: no `Principal`; version
    /// 2012-10-17.
    Identity,
    /// Narrows a session: as [`Kind::Identity`].
    Session,
    /// An organization's: as [`Kind::Identity`].
    ServiceControl,
    /// A resource's: with `Principal`. A statement without `Resource` is about the resource that the policy is attached to (ECR has none;
    /// a service that demands it checks it itself).
    Resource,
    /// A role's trust policy: with `Principal`, without `Resource`, actions of STS only.
    Trust,
}

/// The version of the policy language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Also that of documents which name none. It has no variables.
    V2008,
    /// The current one.
    V2012,
}

/// What a statement does to what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Effect {
    /// It permits it.
    Allow,
    /// It forbids it, whatever else permits it.
    Deny,
}

/// A policy document, compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// `Version`.
    pub version: Version,
    /// `Id`.
    pub id: Option<String>,
    statements: Vec<Statement>,
    by_vendor: ByVendor,
}

impl Policy {
    /// Reads and checks a document.
    pub fn parse(text: &str, kind: Kind) -> Result<Self, Malformed> {
        parse::policy(text, kind)
    }

    pub(super) fn new(version: Version, id: Option<String>, statements: Vec<Statement>) -> Self {
        let by_vendor = ByVendor::new(&statements);
        Self { version, id, statements, by_vendor }
    }

    /// A policy without statements, which allows and denies nothing; no document is one.
    pub fn empty() -> Self {
        Self::new(Version::V2012, None, Vec::new())
    }

    /// `Statement`, in the document's order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The statements that could be about the action, and their numbers.
    pub(super) fn about(&self, action: &Action) -> impl Iterator<Item = (usize, &Statement)> {
        self.by_vendor.about(action).map(|index| index as usize).map(|index| (index, &self.statements[index]))
    }
}

/// A statement of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// `Sid`; none if it is missing or empty.
    pub sid: Option<String>,
    /// `Effect`.
    pub effect: Effect,
    /// Where it begins.
    pub start: Position,
    /// The position behind its end.
    pub end: Position,
    pub(super) principals: Option<Principals>,
    pub(super) actions: Actions,
    pub(super) resources: Option<Resources>,
    pub(super) conditions: Vec<Condition>,
}

/// A `Resource` or `NotResource` element.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resources {
    pub not: bool,
    pub templates: Vec<Template>,
}

/// What a statement is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub caller: Caller<'a>,
    pub action: &'a Action,
    pub resource: &'a str,
    pub context: &'a Context,
    /// The caller has a permissions boundary.
    pub bounded: bool,
}

/// The first element of a statement that isn't like the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    Action,
    Resource,
    Principal,
    /// The condition's number.
    Condition(usize),
}

impl Statement {
    /// Whether the statement is about the request, and how directly it names the caller.
    pub(super) fn answer(&self, question: &Question<'_>) -> Result<Grant, Mismatch> {
        if !self.actions.cover(question.action) {
            return Err(Mismatch::Action);
        }
        if !self.is_about_resource(question.resource, question.context) {
            return Err(Mismatch::Resource);
        }
        let grant = match &self.principals {
            Some(principals) => principals.grants(&question.caller, self.effect, question.bounded).ok_or(Mismatch::Principal)?,
            None => Grant::Direct,
        };
        match self.conditions.iter().position(|condition| !condition.holds(question.context)) {
            Some(index) => Err(Mismatch::Condition(index)),
            None => Ok(grant),
        }
    }

    /// Whether the statement is about the request as far as its action and its resource go; a variable without a value may be anything.
    pub(super) fn may_be_about(&self, action: &Action, resource: &str, context: &Context) -> bool {
        self.actions.cover(action) && (self.is_about_resource(resource, context) || self.has_open_variable(context))
    }

    fn has_open_variable(&self, context: &Context) -> bool {
        let templates = self.resources.iter().flat_map(|resources| &resources.templates);
        templates.flat_map(Template::keys).any(|key| context.get(key).is_empty())
    }

    fn is_about_resource(&self, resource: &str, context: &Context) -> bool {
        let Some(resources) = &self.resources else { return true };
        resources.templates.iter().any(|template| template.matches(resource, context)) != resources.not
    }
}
