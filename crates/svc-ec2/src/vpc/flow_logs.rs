//! Flow logs to log groups: which there are. Hosts count the packets, and the logs' service writes the lines.

use super::tokens::{Asked, asked};
use crate::{
    access::{self, TAG},
    describe::{Described, Field, Query, Text, select},
    errors::{dry_run, invalid_combination, invalid_value, missing_parameter, refuse},
    records::{all, chosen, find, key},
    resource::Resource,
    tags,
};
use api::ec2::{
    self, CreateFlowLogsRequest, CreateFlowLogsResult, DeleteFlowLogsRequest, DeleteFlowLogsResult, DescribeFlowLogsRequest,
    DescribeFlowLogsResult, FlowLog as View, FlowLogsResourceType, LogDestinationType, Tag, TrafficType, UnsuccessfulItem,
    UnsuccessfulItemError,
};
use front::{Cx, Service};
use logic::{
    flow_log::line::{DEFAULT_FORMAT, UnknownField, fields},
    policy::Context,
};
use model::{
    Arn,
    ec2::{FlowLog, FlowLogSpec, FlowTraffic, NetworkInterface, Subnet, Vpc},
};
use spine::Tx;
use wire::{Fault, Time};

/// Who is passed the role.
const DELIVERER: &str = "vpc-flow-logs.amazonaws.com";

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateFlowLogs>(
            access::on(|cx, i: &CreateFlowLogsRequest| {
                let about = i.resource_ids.iter().filter_map(|id| Some(access::one(cx, Resource::of_id(id)?, id)));
                std::iter::once(access::one(cx, Resource::FLOW_LOG, "*")).chain(about).collect()
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::FLOW_LOG, i.tag_specifications.as_deref())),
            create,
        )
        .op::<ec2::DeleteFlowLogs>(
            access::on(|cx, i: &DeleteFlowLogsRequest| {
                i.flow_log_ids.iter().map(|id| access::one(cx, Resource::FLOW_LOG, id)).collect()
            }),
            delete,
        )
        .op::<ec2::DescribeFlowLogs>(access::all(), describe)
}

/// `CreateFlowLogs`: one for each resource.
fn create(cx: &Cx, tx: &mut Tx, input: &CreateFlowLogsRequest) -> Result<CreateFlowLogsResult, Fault> {
    dry_run(input.dry_run)?;
    refuse(&[
        (
            "LogDestinationType other than cloud-watch-logs",
            input.log_destination_type.is_some_and(|it| it != LogDestinationType::CloudWatchLogs),
        ),
        ("DeliverCrossAccountRole", input.deliver_cross_account_role.is_some()),
        ("DestinationOptions", input.destination_options.is_some()),
        ("TagFieldSpecifications", input.tag_field_specifications.as_ref().is_some_and(|it| !it.is_empty())),
    ])?;
    let role = input.deliver_logs_permission_arn.clone().ok_or_else(|| missing_parameter("DeliverLogsPermissionArn"))?;
    let role_arn: Arn = role.parse().map_err(|_| invalid_value(format!("Invalid ARN '{role}' for DeliverLogsPermissionArn")))?;
    cx.authorize("iam:PassRole", &[role_arn], &Context::new().with("iam:PassedToService", DELIVERER))?;
    let token = input.client_token.as_deref();
    let client_token = match asked::<FlowLog>(cx, tx, token, input, |it| it.client_token.as_ref())? {
        Asked::Before((_, first)) => {
            let same = all::<FlowLog>(cx, tx)?.into_iter().filter(|(_, it)| it.client_token == first.client_token);
            return Ok(answer(input, same.map(|(id, _)| id).collect()));
        }
        Asked::New(token) => token,
    };
    let spec = FlowLogSpec {
        vpc: String::new(),
        resource: String::new(),
        traffic: traffic(input.traffic_type)?,
        group: group(input)?,
        role,
        format: format(input.log_format.as_deref())?,
        interval_seconds: interval(input.max_aggregation_interval)?,
        created_at: cx.now,
        client_token,
        tags: tags::on_create(input.tag_specifications.as_deref(), Resource::FLOW_LOG)?,
    };
    let mut ids = Vec::new();
    for resource in &input.resource_ids {
        let vpc = vpc_of(cx, tx, input.resource_type, resource)?;
        let spec = FlowLogSpec { vpc, resource: resource.clone(), ..spec.clone() };
        check_new(cx, tx, &spec)?;
        let id = format!("fl-{}", cx.env.hex(17));
        tx.create(&key::<FlowLog>(cx, &id), &spec)?;
        ids.push(id);
    }
    Ok(answer(input, ids))
}

fn answer(input: &CreateFlowLogsRequest, ids: Vec<String>) -> CreateFlowLogsResult {
    CreateFlowLogsResult { client_token: input.client_token.clone(), flow_log_ids: Some(ids), unsuccessful: Some(Vec::new()) }
}

fn traffic(given: Option<TrafficType>) -> Result<FlowTraffic, Fault> {
    match given.ok_or_else(|| missing_parameter("TrafficType"))? {
        TrafficType::Accept => Ok(FlowTraffic::Accept),
        TrafficType::Reject => Ok(FlowTraffic::Reject),
        TrafficType::All => Ok(FlowTraffic::All),
    }
}

/// The log group, which is given by its name or, as the destination, by its ARN.
fn group(input: &CreateFlowLogsRequest) -> Result<String, Fault> {
    match (&input.log_group_name, &input.log_destination) {
        (Some(_), Some(_)) => Err(invalid_combination("Only one of LogGroupName and LogDestination can be given")),
        (Some(name), None) => Ok(name.clone()),
        (None, Some(arn)) => {
            let name = arn.split(":log-group:").nth(1).map(|rest| rest.trim_end_matches(":*"));
            let name = name.filter(|name| !name.is_empty());
            name.map(str::to_owned).ok_or_else(|| invalid_value(format!("LogDestination '{arn}' is not the ARN of a log group")))
        }
        (None, None) => Err(missing_parameter("LogGroupName")),
    }
}

fn format(given: Option<&str>) -> Result<String, Fault> {
    let format = given.filter(|format| !format.is_empty()).unwrap_or(DEFAULT_FORMAT);
    match fields(format) {
        Ok(_) => Ok(format.into()),
        Err(UnknownField(word)) => Err(invalid_value(format!("Unknown field in the log format: {word}"))),
    }
}

fn interval(given: Option<i32>) -> Result<u32, Fault> {
    match given.unwrap_or(600) {
        60 => Ok(60),
        600 => Ok(600),
        other => Err(invalid_value(format!("Invalid Flow Log Max Aggregation Interval {other}: it is 60 or 600"))),
    }
}

/// The VPC of a resource, which has to be there and of the kind that was said.
fn vpc_of(cx: &Cx, tx: &Tx, kind: FlowLogsResourceType, id: &str) -> Result<String, Fault> {
    match kind {
        FlowLogsResourceType::Vpc => find::<Vpc>(cx, tx, id).map(|_| id.to_owned()),
        FlowLogsResourceType::Subnet => find::<Subnet>(cx, tx, id).map(|it| it.vpc.clone()),
        FlowLogsResourceType::NetworkInterface => find::<NetworkInterface>(cx, tx, id).map(|it| it.vpc.clone()),
        other => Err(Fault::not_implemented(format!("The ResourceType {}", other.as_str()))),
    }
}

fn check_new(cx: &Cx, tx: &Tx, new: &FlowLogSpec) -> Result<(), Fault> {
    let same = |it: &FlowLogSpec| (&it.resource, &it.group, it.traffic) == (&new.resource, &new.group, new.traffic);
    if all::<FlowLog>(cx, tx)?.iter().any(|(_, it)| same(it)) {
        let message = "There is an existing Flow Log with the same configuration and log destination.";
        return Err(Fault::client("FlowLogAlreadyExists", message));
    }
    Ok(())
}

/// `DeleteFlowLogs`: those that are there, and word of the others.
fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteFlowLogsRequest) -> Result<DeleteFlowLogsResult, Fault> {
    dry_run(input.dry_run)?;
    let mut unsuccessful = Vec::new();
    for id in &input.flow_log_ids {
        match find::<FlowLog>(cx, tx, id) {
            Ok(_) => tx.delete(&key::<FlowLog>(cx, id))?,
            Err(fault) => {
                let error = UnsuccessfulItemError { code: Some(fault.code.into_owned()), message: Some(fault.message) };
                unsuccessful.push(UnsuccessfulItem { error: Some(error), resource_id: Some(id.clone()) });
            }
        }
    }
    Ok(DeleteFlowLogsResult { unsuccessful: Some(unsuccessful) })
}

/// `DescribeFlowLogs`.
fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeFlowLogsRequest) -> Result<DescribeFlowLogsResult, Fault> {
    dry_run(input.dry_run)?;
    let found = chosen::<FlowLog>(cx, tx, input.flow_log_ids.as_deref())?;
    let query = Query {
        ids: input.flow_log_ids.as_deref(),
        filters: input.filter.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (logs, next_token) = select(found.iter().map(|(id, spec)| view(cx, id, spec)).collect(), query)?;
    Ok(DescribeFlowLogsResult { flow_logs: Some(logs), next_token })
}

fn view(cx: &Cx, id: &str, spec: &FlowLogSpec) -> View {
    let traffic = match spec.traffic {
        FlowTraffic::Accept => TrafficType::Accept,
        FlowTraffic::Reject => TrafficType::Reject,
        FlowTraffic::All => TrafficType::All,
    };
    View {
        creation_time: Some(Time(spec.created_at.0)),
        deliver_logs_permission_arn: Some(spec.role.clone()),
        deliver_logs_status: Some("SUCCESS".into()),
        flow_log_id: Some(id.into()),
        flow_log_status: Some("ACTIVE".into()),
        log_group_name: Some(spec.group.clone()),
        resource_id: Some(spec.resource.clone()),
        traffic_type: Some(traffic),
        log_destination_type: Some(LogDestinationType::CloudWatchLogs),
        log_destination: Some(cx.arn("logs", format!("log-group:{}", spec.group)).to_string()),
        log_format: Some(spec.format.clone()),
        tags: Some(tags::view(&spec.tags)),
        max_aggregation_interval: i32::try_from(spec.interval_seconds).ok(),
        ..View::default()
    }
}

impl Described for View {
    const RESOURCE: Resource = Resource::FLOW_LOG;
    const IDS: &'static str = "FlowLogIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("deliver-log-status", |it| it.deliver_logs_status.texts()),
        ("log-destination-type", |it| it.log_destination_type.iter().map(|kind| kind.as_str().into()).collect()),
        ("flow-log-id", |it| it.flow_log_id.texts()),
        ("log-group-name", |it| it.log_group_name.texts()),
        ("resource-id", |it| it.resource_id.texts()),
        ("traffic-type", |it| it.traffic_type.iter().map(|kind| kind.as_str().into()).collect()),
    ];

    fn id(&self) -> &str {
        self.flow_log_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
