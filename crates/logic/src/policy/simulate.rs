//! A decision as `SimulateCustomPolicy` and `SimulatePrincipalPolicy` give it.

use super::decide::{Attached, Because, Case, Policies, Request, ResourceRule, StatementRef, decide};
use super::keys::sorted;
use super::pattern::fold;
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
    let action = fold(request.action);
    let case = Case::new(request, &action, policies, resource_policy, rule);
    let decision = match decide(request, policies, resource_policy, rule).because {
        Because::Root | Because::Allowed(_) => EvalDecision::Allowed,
        Because::Denied(_) => EvalDecision::ExplicitDeny,
        Because::NotAllowed(_) => EvalDecision::ImplicitDeny,
    };
    let effects: &[Effect] = if decision == EvalDecision::ExplicitDeny { &[Effect::Deny] } else { &[Effect::Allow] };
    let matched =
        case.all().flat_map(|(kind, found)| effects.iter().flat_map(move |it| found.hits(*it)).map(move |hit| hit.shown(kind)));
    let passes = |allows: bool, denies: bool| allows && !denies;
    Simulation {
        decision,
        matched: matched.collect(),
        missing_context: missing(request, &action, policies, resource_policy),
        allowed_by_boundary: case.boundary.as_ref().map(|found| passes(!found.allows.is_empty(), !found.denies.is_empty())),
        allowed_by_organizations: (!case.service_control.is_empty())
            .then(|| case.service_control.iter().all(|found| passes(!found.allows.is_empty(), !found.denies.is_empty()))),
    }
}

fn missing(request: &Request<'_>, action: &str, policies: &Policies, resource_policy: Option<&Attached>) -> Vec<String> {
    let context: &Context = request.context;
    let session = policies.session.iter().flatten();
    let own = policies.identity.iter().chain(&policies.boundary).chain(session);
    let all = own.chain(resource_policy).chain(policies.service_control.iter().flatten());
    let statements = all.flat_map(|attached| &attached.policy.statements);
    let about = statements.filter(|statement| statement.may_be_about(action, request.resource, context));
    sorted(about.flat_map(|statement| statement.keys()).filter(|key| context.get(key).is_empty()))
}
