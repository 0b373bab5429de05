//! A decision as `SimulateCustomPolicy` and `SimulatePrincipalPolicy` give it.

use super::action::Action;
use super::decide::{Attached, Because, Case, Depth, Found, Policies, Request, ResourceRule, StatementRef};
use super::keys::sorted;
use super::{Context, Effect};
use serde::Serialize;

/// `EvalDecision`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EvalDecision {
    /// It would be allowed.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement allows it.
    ImplicitDeny,
}

impl EvalDecision {
    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            EvalDecision::Allowed => "allowed",
            EvalDecision::ExplicitDeny => "explicitDeny",
            EvalDecision::ImplicitDeny => "implicitDeny",
        }
    }
}

/// What would come of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Simulation {
    /// `EvalDecision`.
    pub decision: EvalDecision,
    /// `MatchedStatements`: every statement that is about the request; of an explicit denial those that deny.
    pub matched: Vec<StatementRef>,
    /// `MissingContextValues`: keys that are mentioned by statements about the action and the resource and that the context lacks.
    pub missing_context: Vec<String>,
    /// `AllowedByPermissionsBoundary`; none without a boundary.
    pub allowed_by_boundary: Option<bool>,
    /// `AllowedByOrganizations`; none without service control policies.
    pub allowed_by_organizations: Option<bool>,
}

/// What would come of the request.
pub fn simulate(
    request: &Request<'_>,
    policies: &Policies,
    resource_policy: Option<&Attached>,
    rule: ResourceRule,
) -> Simulation {
    let action = Action::new(request.action);
    let case = Case::new(request, &action, policies, resource_policy, rule, Depth::Everything);
    let decision = match case.verdict() {
        Because::Root | Because::Allowed(_) => EvalDecision::Allowed,
        Because::Denied(_) => EvalDecision::ExplicitDeny,
        Because::NotAllowed(_) => EvalDecision::ImplicitDeny,
    };
    let effect = if decision == EvalDecision::ExplicitDeny { Effect::Deny } else { Effect::Allow };
    let hits = case.all().flat_map(|(kind, found)| found.hits(effect).iter().map(move |hit| hit.shown(kind)));
    let organizations = &case.service_control;
    Simulation {
        decision,
        matched: hits.collect(),
        missing_context: missing(request, &action, policies, resource_policy),
        allowed_by_boundary: case.boundary.as_ref().map(Found::passes),
        allowed_by_organizations: (!organizations.is_empty()).then(|| organizations.iter().all(Found::passes)),
    }
}

fn missing(request: &Request<'_>, action: &Action, policies: &Policies, resource_policy: Option<&Attached>) -> Vec<String> {
    let context: &Context = request.context;
    let session = policies.session.iter().flatten();
    let own = policies.identity.iter().chain(&policies.boundary).chain(session);
    let all = own.chain(resource_policy).chain(policies.service_control.iter().flatten());
    let statements = all.flat_map(|attached| attached.policy.statements());
    let about = statements.filter(|statement| statement.may_be_about(action, request.resource, context));
    sorted(about.flat_map(|statement| statement.keys()).filter(|key| context.get(key).is_empty()))
}
