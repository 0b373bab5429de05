//! Roles that the cloud's own services assume for their workloads: the task of ECS, the function, the machine.

use super::credentials::{IssuedSession, issue_session};
use logic::policy::{Attached, Caller, CallerKind, Context, Kind, Policies, Policy, Request, ResourceRule, decide};
use model::{
    AccountId, Arn, Env, Key,
    iam::{Named, Role, RoleSpec, SessionTerms, base_name},
};
use spine::{Read, StoreError, Tx};
use std::{sync::Arc, time::Duration};

/// A service that wants to act as a role of one of its users.
#[derive(Clone, Copy, Debug)]
pub struct ServicePrincipal<'a> {
    /// Such as `ecs-tasks.amazonaws.com`.
    pub name: &'a str,
    /// The account whose role it is.
    pub account: &'a AccountId,
    /// For what it does so: the condition key `aws:SourceArn`.
    pub source: &'a Arn,
}

/// Why a service may not act as a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAssumed {
    /// There is no such role in the account.
    #[error("there is no role {0}")]
    NoSuchRole(String),
    /// Its trust policy doesn't name the service.
    #[error("the trust policy of {0} does not let the service assume it")]
    NotTrusted(String),
}

/// Whether a role's trust policy lets the service assume it.
pub fn may_assume(read: &impl Read, service: ServicePrincipal<'_>, role_arn: &str) -> Result<Result<(), NotAssumed>, StoreError> {
    Ok(assumable(read, service, role_arn)?.map(drop))
}

/// Temporary credentials of a role for a workload, if the role's trust policy lets the service assume it. `session` becomes the
/// session's name.
pub fn assume_for_service(
    tx: &mut Tx,
    env: &Env,
    service: ServicePrincipal<'_>,
    role_arn: &str,
    session: &str,
    lasts: Duration,
) -> Result<Result<IssuedSession, NotAssumed>, StoreError> {
    let role = match assumable(tx, service, role_arn)? {
        Ok(role) => role,
        Err(why) => return Ok(Err(why)),
    };
    let terms = SessionTerms { tags: role.tags.clone(), ..SessionTerms::default() };
    issue_session(tx, env, service.account, role.session(session), lasts, terms).map(Ok)
}

/// The role, if the service may assume it.
pub(crate) fn assumable(
    read: &impl Read,
    service: ServicePrincipal<'_>,
    role_arn: &str,
) -> Result<Result<Arc<RoleSpec>, NotAssumed>, StoreError> {
    Ok(match role_at(read, service.account, role_arn)? {
        None => Err(NotAssumed::NoSuchRole(role_arn.to_owned())),
        Some(role) if !trusts(&role, role_arn, service) => Err(NotAssumed::NotTrusted(role_arn.to_owned())),
        Some(role) => Ok(role),
    })
}

/// A role of the account, by its ARN. Its name alone finds it, but the path has to be its own: policies that say who may pass a role
/// name it with its path.
pub fn role_at(read: &(impl Read + ?Sized), account: &AccountId, role_arn: &str) -> Result<Option<Arc<RoleSpec>>, StoreError> {
    let Ok(arn) = role_arn.parse::<Arn>() else { return Ok(None) };
    let Some(name) = arn.resource.strip_prefix("role/") else { return Ok(None) };
    if arn.account != account.as_str() {
        return Ok(None);
    }
    let role = read.spec(&Key::<Role>::named(account, base_name(name)))?;
    Ok(role.filter(|role| Role::arn(account, role) == arn))
}

/// Whether the role's trust policy lets the service assume it. A policy that can't be read trusts nobody.
fn trusts(role: &RoleSpec, role_arn: &str, service: ServicePrincipal<'_>) -> bool {
    let Ok(policy) = Policy::parse(&role.trust, Kind::Trust) else { return false };
    let caller = Caller { arn: service.name, account: "", kind: CallerKind::Service };
    let mut context = Context::default();
    context.set("aws:SourceAccount", service.account.as_str());
    context.set("aws:SourceArn", service.source.to_string());
    context.set("aws:PrincipalIsAWSService", "true");
    context.set("aws:PrincipalServiceName", service.name);
    let request = Request {
        caller,
        action: "sts:AssumeRole",
        resource: role_arn,
        resource_account: Some(service.account.as_str()),
        context: &context,
    };
    let trust = Attached { name: role_arn.into(), policy: Arc::new(policy) };
    decide(&request, &Policies::default(), Some(&trust), ResourceRule::Trust).allowed
}
