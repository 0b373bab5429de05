//! Execution roles: whether one can be a function's, and what it may do.

use crate::lambda::errors;
use front::{Answer, Behalf, Cx, Facts, ServicePrincipal, may_assume};
use logic::policy::Context;
use model::{
    AccountId, Arn, Key,
    lambda::{Function, SERVICE_PRINCIPAL},
};
use spine::Read;
use wire::Fault;

/// Refuses a role that the caller may not pass on, or that doesn't let Lambda assume it.
///
/// # Errors
/// `InvalidParameterValueException`, or that the caller may not.
pub fn check(cx: &Cx, read: &impl Read, function: &Key<Function>, role: &str) -> Answer<()> {
    let arn: Arn = role.parse().map_err(|_| errors::unassumable())?;
    if arn.account != function.account.as_str() {
        return Err(Fault::client("AccessDeniedException", "Cross-account pass role is not allowed.").status(403));
    }
    let keys = Context::new()
        .with("iam:PassedToService", SERVICE_PRINCIPAL)
        .with("iam:AssociatedResourceArn", function.arn().to_string());
    cx.authorize("iam:PassRole", &[arn], &keys)?;
    let source = function.arn();
    let principal = ServicePrincipal { name: SERVICE_PRINCIPAL, account: &function.account, source: &source };
    may_assume(read, principal, role)?.map_err(|_| errors::unassumable())
}

/// Refuses where a function's role has no permission to hand events on: to a queue, another function or a bus.
///
/// # Errors
/// `InvalidParameterValueException`.
pub fn may_send(cx: &Cx, role: &str, to: &Arn) -> Answer<()> {
    let (action, said) = match to.service.as_str() {
        "sqs" => ("sqs:SendMessage", "SendMessage on SQS"),
        "lambda" => ("lambda:InvokeFunction", "InvokeFunction on Lambda"),
        "events" => ("events:PutEvents", "PutEvents on EventBridge"),
        service => return Err(errors::not_built(format_args!("destinations of {service}"))),
    };
    let Some(account) = owner(role) else { return Err(errors::unassumable()) };
    let behalf = Behalf { account: &account, role, session: "lambda", region: cx.region.as_str() };
    let decided = behalf.may(cx.snapshot(), cx.now, action, (Some(to), &Facts::default()))?;
    decided.map_err(|_| errors::invalid(format!("The provided execution role does not have permissions to call {said}")))
}

fn owner(role: &str) -> Option<AccountId> {
    AccountId::parse(&role.parse::<Arn>().ok()?.account).ok()
}
