//! Why a request is decided as it is, of every policy and every statement: what `--explain` shows.

use super::action::Action;
use super::decide::{Attached, Decision, Policies, PolicyType, Request, ResourceRule, decide};
use super::document::{Mismatch, Question, Statement};
use super::{Effect, Position};
use serde::Serialize;
use std::sync::Arc;

/// A decision and how it came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// Its reason, as AWS words it.
    pub reason: String,
    /// Every policy that was looked at.
    pub policies: Vec<PolicyTrace>,
}

/// What a policy says of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyTrace {
    /// The policy's [`Attached::name`].
    pub policy: Arc<str>,
    /// What it is to the request.
    pub policy_type: PolicyType,
    /// Each of its statements.
    pub statements: Vec<StatementTrace>,
}

/// What a statement says of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatementTrace {
    /// `Sid`.
    pub sid: Option<String>,
    /// Its number in the document, from 0.
    pub index: usize,
    /// `Effect`.
    pub effect: Effect,
    /// Where it begins.
    pub start: Position,
    /// Whether it is about the request.
    pub matched: bool,
    /// If not, the first element that isn't like the request: `Action`, `NotResource`, `Condition: StringEquals aws:SourceVpc`.
    pub failed: Option<String>,
}

/// Decides on a request, and says of every statement why it counts or not.
pub fn explain(
    request: &Request<'_>,
    policies: &Policies,
    resource_policy: Option<&Attached>,
    rule: ResourceRule,
) -> Explanation {
    let decision = decide(request, policies, resource_policy, rule);
    let reason = decision.reason(request.action);
    let action = Action::new(request.action);
    let Request { caller, resource, context, .. } = *request;
    let own = caller.kind.has_policies();
    let question = Question { caller, action: &action, resource, context, bounded: own && policies.boundary.is_some() };
    let of_resource = if rule == ResourceRule::Trust { PolicyType::Trust } else { PolicyType::Resource };
    let levels = policies.service_control.iter().flatten().map(|attached| (PolicyType::ServiceControl, attached));
    let endpoint = policies.endpoint.iter().map(|attached| (PolicyType::VpcEndpoint, attached));
    let resources = resource_policy.map(|attached| (of_resource, attached));
    let identity = policies.identity.iter().map(|attached| (PolicyType::Identity, attached));
    let boundary = policies.boundary.iter().map(|attached| (PolicyType::Boundary, attached));
    let session = policies.session.iter().flatten().map(|attached| (PolicyType::Session, attached));
    let own = identity.chain(boundary).chain(session).filter(|_| own);
    let policies =
        levels.chain(endpoint).chain(resources).chain(own).map(|(kind, attached)| policy(kind, attached, &question)).collect();
    Explanation { decision, reason, policies }
}

fn policy(policy_type: PolicyType, attached: &Attached, question: &Question<'_>) -> PolicyTrace {
    let statements = attached.policy.statements().iter().enumerate().map(|(index, it)| statement(index, it, question)).collect();
    PolicyTrace { policy: attached.name.clone(), policy_type, statements }
}

fn statement(index: usize, statement: &Statement, question: &Question<'_>) -> StatementTrace {
    let answer = statement.answer(question);
    StatementTrace {
        sid: statement.sid.clone(),
        index,
        effect: statement.effect,
        start: statement.start,
        matched: answer.is_ok(),
        failed: answer.err().map(|mismatch| statement.element(mismatch)),
    }
}

impl Statement {
    /// The element's name.
    fn element(&self, mismatch: Mismatch) -> String {
        let named = |not: bool, name: &str| if not { format!("Not{name}") } else { name.to_owned() };
        match mismatch {
            Mismatch::Action => named(self.actions.not, "Action"),
            Mismatch::Resource => named(self.resources.as_ref().is_some_and(|it| it.not), "Resource"),
            Mismatch::Principal => named(self.principals.as_ref().is_some_and(|it| it.not), "Principal"),
            Mismatch::Condition(index) => {
                let condition = &self.conditions[index];
                format!("Condition: {} {}", condition.written, condition.key)
            }
        }
    }
}
