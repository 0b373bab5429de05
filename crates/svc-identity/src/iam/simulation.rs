//! What would come of requests, as SimulateCustomPolicy and SimulatePrincipalPolicy tell it. Pure.

use super::sources::Source;
use api::iam as sdk;
use logic::policy::{
    Attached, Caller, CallerKind, Context, EvalDecision, Policies, PolicyType, Request, ResourceRule, Simulation, StatementRef,
    decide, simulate,
};
use model::Arn;
use std::collections::BTreeMap;

/// What is simulated: each of the actions on each of the resources.
pub struct Scenario {
    /// Such as `s3:GetObject`.
    pub actions: Vec<String>,
    /// ARNs, or `*`; none stands for `*`.
    pub resources: Option<Vec<String>>,
    /// Who asks.
    pub caller: Who,
    /// The values of condition keys.
    pub context: Context,
    /// The caller's policies.
    pub identity: Vec<Source>,
    /// What bounds the caller.
    pub boundary: Option<Source>,
    /// What the caller's organization allows, a list for each level.
    pub organization: Vec<Vec<Source>>,
    /// The policy that every resource has.
    pub resource_policy: Option<Source>,
    /// The account of resources whose ARN names none.
    pub owner: Option<String>,
}

/// Who asks.
pub struct Who {
    /// The ARN that policies of resources know him by.
    pub arn: String,
    /// His account.
    pub account: String,
    /// The role's ARN, if he is a session of one.
    pub role: Option<String>,
}

impl Who {
    fn caller(&self) -> Caller<'_> {
        let kind = self.role.as_deref().map_or(CallerKind::User, |role_arn| CallerKind::AssumedRole { role_arn });
        Caller { arn: &self.arn, account: &self.account, kind }
    }
}

impl Scenario {
    /// A result for each action and each resource, in the order in which they were given.
    pub fn results(&self) -> Vec<sdk::EvaluationResult> {
        let policies = self.policies();
        let everything = ["*".to_owned()];
        let resources = self.resources.as_deref().unwrap_or(&everything);
        let pairs = self.actions.iter().flat_map(|action| resources.iter().map(move |resource| (action, resource)));
        pairs.map(|(action, resource)| self.result(&policies, action, resource)).collect()
    }

    fn policies(&self) -> Policies {
        let attached = |sources: &[Source]| sources.iter().map(|source| source.attached.clone()).collect::<Vec<_>>();
        Policies {
            identity: attached(&self.identity),
            boundary: self.boundary.as_ref().map(|source| source.attached.clone()),
            session: None,
            service_control: self.organization.iter().map(|level| attached(level)).collect(),
            endpoint: None,
        }
    }

    fn result(&self, policies: &Policies, action: &str, resource: &str) -> sdk::EvaluationResult {
        let owner = self.owner_of(resource);
        let request = Request {
            caller: self.caller.caller(),
            action,
            resource,
            resource_account: owner.as_deref(),
            context: &self.context,
        };
        let resource_policy = self.resource_policy.as_ref().map(|source| &source.attached);
        let found = simulate(&request, policies, resource_policy, ResourceRule::Either);
        let details = self.details(&request, policies, resource_policy);
        let one = sdk::ResourceSpecificResult {
            eval_resource_name: resource.to_owned(),
            eval_resource_decision: shown(found.decision),
            matched_statements: Some(self.matched(&found)),
            missing_context_values: Some(found.missing_context.clone()),
            eval_decision_details: details.clone(),
            permissions_boundary_decision_detail: boundary(&found),
        };
        let everything = self.resources.is_none() || resource == "*";
        sdk::EvaluationResult {
            eval_action_name: action.to_owned(),
            eval_resource_name: Some(resource.to_owned()),
            eval_decision: shown(found.decision),
            matched_statements: one.matched_statements.clone(),
            missing_context_values: Some(if everything { found.missing_context.clone() } else { Vec::new() }),
            organizations_decision_detail: found
                .allowed_by_organizations
                .map(|allowed| sdk::OrganizationsDecisionDetail { allowed_by_organizations: Some(allowed) }),
            permissions_boundary_decision_detail: boundary(&found),
            eval_decision_details: details.filter(|_| !everything),
            resource_specific_results: (!everything).then(|| vec![one]),
        }
    }

    /// Whose the resource is, where that matters: a resource without a policy is decided about by the caller's policies alone.
    fn owner_of(&self, resource: &str) -> Option<String> {
        self.resource_policy.as_ref()?;
        let named = resource.parse::<Arn>().ok().and_then(|arn| arn.owner().map(str::to_owned));
        named.or_else(|| self.owner.clone())
    }

    /// What each type of policy would say by itself, where the resource is another account's; else nothing.
    fn details(
        &self,
        request: &Request<'_>,
        policies: &Policies,
        resource_policy: Option<&Attached>,
    ) -> Option<BTreeMap<String, sdk::PolicyEvaluationDecisionType>> {
        let foreign = request.resource_account.is_some_and(|account| account != self.caller.account);
        if !foreign {
            return Some(BTreeMap::new());
        }
        let at_home = Request { resource_account: None, ..*request };
        let by_identity = simulate(&at_home, policies, None, ResourceRule::Either).decision;
        let abroad = decide(request, &everything_allowed(policies), resource_policy, ResourceRule::Either);
        let by_resource = match (abroad.allowed, abroad.is_explicit_deny()) {
            (true, _) => EvalDecision::Allowed,
            (false, true) => EvalDecision::ExplicitDeny,
            (false, false) => EvalDecision::ImplicitDeny,
        };
        let told = [("IAM Policy", by_identity), ("Resource Policy", by_resource)];
        Some(told.into_iter().map(|(name, decision)| (name.to_owned(), shown(decision))).collect())
    }

    fn matched(&self, found: &Simulation) -> Vec<sdk::Statement> {
        found.matched.iter().map(|statement| self.statement(statement)).collect()
    }

    fn statement(&self, statement: &StatementRef) -> sdk::Statement {
        let position = |at: logic::policy::Position| sdk::Position {
            line: i32::try_from(at.line).ok(),
            column: i32::try_from(at.column).ok(),
        };
        sdk::Statement {
            source_policy_id: Some(statement.policy.to_string()),
            source_policy_type: Some(self.kind(statement)),
            start_position: Some(position(statement.start)),
            end_position: Some(position(statement.end)),
        }
    }

    fn kind(&self, statement: &StatementRef) -> sdk::PolicySourceType {
        let sources: Vec<&Source> = match statement.policy_type {
            PolicyType::Resource | PolicyType::Trust => return sdk::PolicySourceType::Resource,
            PolicyType::Boundary => self.boundary.iter().collect(),
            PolicyType::ServiceControl => self.organization.iter().flatten().collect(),
            // Nothing that is simulated comes by an endpoint.
            PolicyType::VpcEndpoint => Vec::new(),
            PolicyType::Identity | PolicyType::Session => self.identity.iter().collect(),
        };
        let source = sources.into_iter().find(|source| source.attached.name == statement.policy);
        source.map_or(sdk::PolicySourceType::None, |source| source.kind)
    }
}

/// A caller whom nothing limits, so that the resource's policy alone decides.
fn everything_allowed(policies: &Policies) -> Policies {
    let document = logic::aws_managed::find("arn:aws:iam::aws:policy/AdministratorAccess").map_or("", |policy| policy.document);
    let policy = logic::policy::Policy::parse(document, logic::policy::Kind::Identity).ok();
    let identity = policy.map(|policy| Attached { name: "everything".into(), policy: policy.into() });
    Policies {
        identity: identity.into_iter().collect(),
        service_control: policies.service_control.clone(),
        ..Policies::default()
    }
}

fn boundary(found: &Simulation) -> Option<sdk::PermissionsBoundaryDecisionDetail> {
    let allowed = found.allowed_by_boundary?;
    Some(sdk::PermissionsBoundaryDecisionDetail { allowed_by_permissions_boundary: Some(allowed) })
}

fn shown(decision: EvalDecision) -> sdk::PolicyEvaluationDecisionType {
    match decision {
        EvalDecision::Allowed => sdk::PolicyEvaluationDecisionType::Allowed,
        EvalDecision::ExplicitDeny => sdk::PolicyEvaluationDecisionType::ExplicitDeny,
        EvalDecision::ImplicitDeny => sdk::PolicyEvaluationDecisionType::ImplicitDeny,
    }
}
