//! Which targets are refused.

use super::{
    super::{
        deliver::SERVICE,
        errors::{bad_arn, invalid, not_built},
        load::rule_arn,
    },
    Kind, kind,
};
use api::events::{InputTransformer, Target};
use front::{Answer, Cx, ServicePrincipal, may_assume};
use logic::{
    event_input::{InvalidTemplate, Path, Template},
    policy::Context,
};
use model::{Arn, Key, events::Rule};
use spine::Read;
use wire::Fault;

/// Variables of a template (EventBridge user guide, "Amazon EventBridge input transformation").
const MOST_PATHS: usize = 100;

/// Refuses a target that a rule can't have.
pub fn check(cx: &Cx, read: &impl Read, rule: &Key<Rule>, target: &Target) -> Answer<()> {
    refuse_unbuilt(target)?;
    let (kind, arn) = kind(&target.arn)?;
    check_place(rule, kind, &arn)?;
    check_input(target)?;
    check_parameters(target, kind, &arn)?;
    if let Some(queue) = target.dead_letter_config.as_ref().and_then(|it| it.arn.as_deref()) {
        check_dead_letter(queue)?;
    }
    check_role(cx, read, rule, target, kind)
}

fn refuse_unbuilt(target: &Target) -> Answer<()> {
    let unbuilt = [
        ("KinesisParameters", target.kinesis_parameters.is_some()),
        ("RunCommandParameters", target.run_command_parameters.is_some()),
        ("BatchParameters", target.batch_parameters.is_some()),
        ("HttpParameters", target.http_parameters.is_some()),
        ("RedshiftDataParameters", target.redshift_data_parameters.is_some()),
        ("SageMakerPipelineParameters", target.sage_maker_pipeline_parameters.is_some()),
        ("AppSyncParameters", target.app_sync_parameters.is_some()),
    ];
    match unbuilt.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(not_built(format_args!("the parameter {name} of a target"))),
        None => Ok(()),
    }
}

/// Targets are in the rule's region, but for other buses; and no rule sends events to its own.
fn check_place(rule: &Key<Rule>, kind: Kind, arn: &Arn) -> Answer<()> {
    let own = arn.resource == format!("event-bus/{}", rule.names().0)
        && (arn.account.as_str(), arn.region.as_str()) == (rule.account.as_str(), rule.region.as_str());
    match kind {
        Kind::Bus if own => Err(invalid(format!("The event bus {arn} can't be a target of its own rules."))),
        Kind::Bus => Ok(()),
        _ if arn.region != rule.region.as_str() => {
            Err(invalid(format!("Parameter {arn} is not valid. Reason: Provided Arn is not in the region of the rule.")))
        }
        _ => Ok(()),
    }
}

fn check_input(target: &Target) -> Answer<()> {
    let id = &target.id;
    let given = [target.input.is_some(), target.input_path.is_some(), target.input_transformer.is_some()];
    if given.iter().filter(|it| **it).count() > 1 {
        return Err(invalid(format!("Only one of Input, InputPath, or InputTransformer must be provided for target {id}.")));
    }
    if let Some(input) = &target.input
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(input)
    {
        return Err(invalid(format!("JSON syntax error in input for target {id} at {}", place(&error))));
    }
    if target.input_path.as_deref().is_some_and(|path| Path::parse(path).is_none()) {
        return Err(invalid(format!("Invalid InputPath for target {id}.")));
    }
    target.input_transformer.as_ref().map_or(Ok(()), |transformer| template(id, transformer).map(drop))
}

fn place(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}

/// The template of a target's input transformer.
pub fn template(id: &str, transformer: &InputTransformer) -> Result<Template, Fault> {
    let paths = transformer.input_paths_map.clone().unwrap_or_default();
    if paths.len() > MOST_PATHS {
        return Err(invalid(format!("InputPathsMap for target {id} has more than {MOST_PATHS} entries.")));
    }
    if let Some(name) = paths.keys().find(|name| name.to_ascii_lowercase().starts_with("aws")) {
        return Err(invalid(format!("InputPathsMap for target {id} contains reserved key {name}.")));
    }
    Template::parse(&paths, &transformer.input_template).map_err(|why| {
        invalid(match why {
            InvalidTemplate::Path(path) => format!("Invalid InputPathsMap for target {id}: {path} is not a JSON path."),
            InvalidTemplate::Placeholder(name) => format!("InputTemplate for target {id} contains invalid placeholder {name}."),
            InvalidTemplate::Json(why) => format!("Invalid InputTemplate for target {id} : {why}."),
        })
    })
}

fn check_parameters(target: &Target, kind: Kind, arn: &Arn) -> Answer<()> {
    let id = &target.id;
    let group = target.sqs_parameters.as_ref().and_then(|it| it.message_group_id.as_ref());
    match kind {
        Kind::Queue if arn.resource.ends_with(".fifo") && group.is_none() => {
            return Err(invalid(format!("Parameter(s) SqsParameters must be specified for target: {id}.")));
        }
        Kind::Cluster if target.ecs_parameters.is_none() => {
            return Err(invalid(format!("Parameter(s) EcsParameters must be specified for target: {id}.")));
        }
        _ => {}
    }
    if target.sqs_parameters.is_some() && kind != Kind::Queue {
        return Err(invalid(format!("Parameter(s) SqsParameters not applicable for target: {id}.")));
    }
    if target.ecs_parameters.is_some() && kind != Kind::Cluster {
        return Err(invalid(format!("Parameter(s) EcsParameters not applicable for target: {id}.")));
    }
    Ok(())
}

fn check_dead_letter(queue: &str) -> Answer<()> {
    let arn: Arn = queue.parse().map_err(|_| bad_arn(queue))?;
    let is_standard = arn.service == "sqs" && !arn.resource.ends_with(".fifo");
    if is_standard { Ok(()) } else { Err(bad_arn(queue)) }
}

/// A role has to trust EventBridge, and the caller has to be allowed to pass it.
fn check_role(cx: &Cx, read: &impl Read, rule: &Key<Rule>, target: &Target, kind: Kind) -> Answer<()> {
    let of_rule = read.spec(rule)?.and_then(|spec| spec.role.clone()).filter(|_| kind.needs_role());
    let Some(role) = target.role_arn.clone().or(of_rule) else {
        let message = format!("RoleArn is required for target {}.", target.arn);
        return if kind.needs_role() { Err(invalid(message)) } else { Ok(()) };
    };
    pass(cx, read, &rule_arn(rule), &role)
}

/// Refuses a role that the caller may not pass, or that doesn't trust EventBridge.
pub fn pass(cx: &Cx, read: &impl Read, source: &Arn, role: &str) -> Answer<()> {
    let arn: Arn = role.parse().map_err(|_| bad_arn(role))?;
    cx.authorize("iam:PassRole", &[arn], &Context::new().with("iam:PassedToService", SERVICE))?;
    let principal = ServicePrincipal { name: SERVICE, account: &cx.account, source };
    let cannot = |_| invalid(format!("Provided role '{role}' cannot be assumed by principal '{SERVICE}'."));
    may_assume(read, principal, role)?.map_err(cannot)
}
