//! Which targets are refused.

use super::{
    super::errors::{invalid, not_built},
    Kind, SERVICE, kind,
};
use api::scheduler::Target;
use front::{Answer, Cx, ServicePrincipal, may_assume};
use logic::policy::Context;
use model::Arn;
use serde_json::Value;
use spine::Read;
use wire::Dialect;

/// Refuses a target that a schedule of the group can't have.
pub fn check(cx: &Cx, read: &impl Read, group: &Arn, target: &Target) -> Answer<()> {
    refuse_unbuilt(target)?;
    let (kind, arn) = kind(&target.arn)?;
    check_parameters(target, kind, &arn)?;
    check_input(target, kind)?;
    let role: Arn = target.role_arn.parse().map_err(|_| invalid(format!("Invalid RoleArn {}.", target.role_arn)))?;
    cx.authorize("iam:PassRole", &[role], &Context::new().with("iam:PassedToService", SERVICE))?;
    let principal = ServicePrincipal { name: SERVICE, account: &cx.account, source: group };
    let cannot = |_| invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.");
    may_assume(read, principal, &target.role_arn)?.map_err(cannot)
}

fn refuse_unbuilt(target: &Target) -> Answer<()> {
    let unbuilt = [
        ("KinesisParameters", target.kinesis_parameters.is_some()),
        ("SageMakerPipelineParameters", target.sage_maker_pipeline_parameters.is_some()),
        ("EventBridgePutEventsV2Parameters", target.event_bridge_put_events_v2_parameters.is_some()),
        ("EventBridgePutRawEventsParameters", target.event_bridge_put_raw_events_parameters.is_some()),
    ];
    match unbuilt.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(not_built(format_args!("{name} of a target"))),
        None => Ok(()),
    }
}

fn check_parameters(target: &Target, kind: Kind, arn: &Arn) -> Answer<()> {
    let group = target.sqs_parameters.as_ref().and_then(|it| it.message_group_id.as_ref());
    let missing = |name: &str| Err(invalid(format!("{name} must be specified for the target {}.", target.arn)));
    let needless = |name: &str| Err(invalid(format!("{name} isn't supported for the target {}.", target.arn)));
    match kind {
        Kind::Queue if arn.resource.ends_with(".fifo") && group.is_none() => missing("MessageGroupId"),
        Kind::Bus if target.event_bridge_parameters.is_none() => missing("EventBridgeParameters"),
        Kind::Cluster if target.ecs_parameters.is_none() => missing("EcsParameters"),
        kind if target.sqs_parameters.is_some() && !matches!(kind, Kind::Queue) => needless("SqsParameters"),
        kind if target.event_bridge_parameters.is_some() && !matches!(kind, Kind::Bus) => needless("EventBridgeParameters"),
        kind if target.ecs_parameters.is_some() && !matches!(kind, Kind::Cluster) => needless("EcsParameters"),
        _ => Ok(()),
    }
}

/// The input of an operation has to be one, and an event's detail JSON.
fn check_input(target: &Target, kind: Kind) -> Answer<()> {
    let wrong = |why: &dyn std::fmt::Display| invalid(format!("Invalid RequestJson provided. Reason {why}"));
    let json = || serde_json::from_str::<Value>(target.input.as_deref().unwrap_or("{}")).map_err(|error| wrong(&error));
    match kind {
        Kind::Operation(service, operation) => {
            let input = Dialect::input_of(service, operation, json()?).map_err(|fault| wrong(&fault.message))?;
            Dialect::preferred(service).validate(operation, &input).map_err(|fault| wrong(&fault.message))
        }
        Kind::Bus if target.input.is_none() || !json()?.is_object() => Err(wrong(&"the detail of an event is a JSON object.")),
        _ => Ok(()),
    }
}
