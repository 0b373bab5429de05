//! What `RunTask`, `CreateService` and `UpdateService` have in common: where tasks run, in which network, behind which load
//! balancers.

use super::errors::{self, filled, invalid, refuse_unbuilt};
use api::ecs as aws;
use front::{Answer, Cx};
use model::{
    AccountId, Arn, Key, Region,
    ec2::{SecurityGroup, Subnet},
    ecs::{AwsVpc, ClusterSpec, Definition, Launch, LaunchType, LoadBalancer, NetworkMode, ProviderShare},
    elbv2::{self, TargetGroup, TargetType},
};
use spine::{Read, Scope, StoreError};
use std::sync::Arc;
use wire::Fault;

/// The capacity providers that there are.
const PROVIDERS: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

/// The platform version of what names none. A service shows it as it is, its deployments and tasks what it stands for.
const LATEST: &str = "LATEST";

/// The platform version that `LATEST` stands for.
const LATEST_PLATFORM: &str = "1.4.0";

/// A capacity provider strategy whose providers the cluster has.
pub fn strategy(given: &[aws::CapacityProviderStrategyItem], of_cluster: &[String]) -> Result<Vec<ProviderShare>, Fault> {
    let number = |value: Option<i32>, default: u32, max: i32, what: &str| match value {
        None => Ok(default),
        Some(value) if (0..=max).contains(&value) => Ok(value as u32),
        Some(_) => Err(invalid(format!("The {what} of a capacity provider must be between 0 and {max}."))),
    };
    let share = |item: &aws::CapacityProviderStrategyItem| {
        let provider = item.capacity_provider.clone();
        provider_exists(&provider)?;
        if !of_cluster.contains(&provider) {
            return Err(invalid(
                "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. \
                 Associate the capacity provider with the cluster and try again.",
            ));
        }
        Ok(ProviderShare {
            provider,
            base: number(item.base, 0, 100_000, "base")?,
            weight: number(item.weight, if given.len() == 1 { 1 } else { 0 }, 1000, "weight")?,
        })
    };
    let shares: Vec<ProviderShare> = given.iter().map(share).collect::<Result<_, _>>()?;
    if shares.iter().filter(|share| share.base > 0).count() > 1 {
        return Err(invalid("Only one capacity provider in a strategy can have a base defined."));
    }
    if shares.iter().all(|share| share.weight == 0) {
        return Err(invalid("At least one capacity provider in a strategy must have a weight greater than 0."));
    }
    Ok(shares)
}

/// Refuses capacity providers but Fargate's.
pub fn provider_exists(name: &str) -> Result<(), Fault> {
    if PROVIDERS.contains(&name) {
        return Ok(());
    }
    Err(invalid(format!("The specified capacity provider '{name}' was not found. Specify a valid name or ARN and try again.")))
}

/// Where tasks are to run: as asked for, else as the cluster has it, else on EC2.
pub fn launch(
    cluster: &ClusterSpec,
    launch_type: Option<aws::LaunchType>,
    given: &Option<Vec<aws::CapacityProviderStrategyItem>>,
) -> Result<Launch, Fault> {
    match launch_type {
        Some(_) if filled(given) => Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        )),
        Some(aws::LaunchType::Fargate) => Ok(Launch::Type(LaunchType::Fargate)),
        Some(aws::LaunchType::Ec2) => Ok(Launch::Type(LaunchType::Ec2)),
        Some(other) => Err(errors::unbuilt(format_args!("launchType ({})", other.as_str()))),
        None if filled(given) => {
            let items = given.as_deref().unwrap_or_default();
            Ok(Launch::Providers(strategy(items, &cluster.capacity_providers)?))
        }
        None if !cluster.default_strategy.is_empty() => Ok(Launch::Providers(cluster.default_strategy.clone())),
        None => Ok(Launch::Type(LaunchType::Ec2)),
    }
}

/// Refuses a task definition that can't run where it is to.
pub fn check_compatible(definition: &Definition, launch: &Launch) -> Result<(), Fault> {
    let name = match launch.launch_type() {
        LaunchType::Fargate => "FARGATE",
        LaunchType::Ec2 => "EC2",
    };
    if definition.compatibilities.iter().any(|it| it == name) {
        return Ok(());
    }
    Err(invalid(format!("Task definition does not support launch_type {name}.")))
}

/// The platform version that is run on.
pub fn platform(asked: &str) -> String {
    if asked == LATEST { LATEST_PLATFORM.into() } else { asked.into() }
}

/// The platform version as it was asked for, which only Fargate has.
pub fn platform_version(given: Option<&str>, launch: &Launch) -> Result<Option<String>, Fault> {
    match (launch.launch_type(), given.filter(|text| !text.is_empty())) {
        (LaunchType::Ec2, None) => Ok(None),
        (LaunchType::Ec2, Some(_)) => Err(invalid("The platform version must be null when specifying an EC2 launch type.")),
        (LaunchType::Fargate, None | Some(LATEST)) => Ok(Some(LATEST.into())),
        (LaunchType::Fargate, Some(LATEST_PLATFORM)) => Ok(Some(LATEST_PLATFORM.into())),
        (LaunchType::Fargate, Some("1.0.0" | "1.1.0" | "1.2.0" | "1.3.0")) => {
            Err(errors::unbuilt(format_args!("platformVersion (but {LATEST_PLATFORM})")))
        }
        (LaunchType::Fargate, Some(_)) => Err(errors::platform_unknown()),
    }
}

/// Placement of tasks among machines: Fargate has none, and of the cluster's one machine any strategy makes the same choice.
pub fn placement(
    launch: &Launch,
    constraints: &Option<Vec<aws::PlacementConstraint>>,
    strategy: &Option<Vec<aws::PlacementStrategy>>,
) -> Result<Vec<(String, Option<String>)>, Fault> {
    let fargate = launch.launch_type() == LaunchType::Fargate;
    if fargate && filled(constraints) {
        return Err(invalid("Placement constraints are not supported with FARGATE launch type."));
    }
    if fargate && filled(strategy) {
        return Err(invalid("Placement strategies are not supported with FARGATE launch type."));
    }
    refuse_unbuilt(&[("placementConstraints", filled(constraints))])?;
    let one = |it: &aws::PlacementStrategy| {
        let kind = it.r#type.ok_or_else(|| invalid("The placement strategy type is missing."))?;
        Ok((kind.as_str().into(), it.field.clone()))
    };
    strategy.iter().flatten().map(one).collect()
}

/// The network of tasks that have interfaces of their own.
pub fn network(
    cx: &Cx,
    tx: &impl Read,
    mode: NetworkMode,
    launch: &Launch,
    given: Option<&aws::NetworkConfiguration>,
) -> Answer<Option<AwsVpc>> {
    let given = given.and_then(|network| network.awsvpc_configuration.as_ref());
    match (mode, given) {
        (NetworkMode::Awsvpc, Some(given)) => awsvpc(cx, tx, launch, given).map(Some),
        (NetworkMode::Awsvpc, None) => {
            Err(invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified."))
        }
        (_, Some(_)) => Err(invalid("Network Configuration is not valid for the given networkMode of this task definition.")),
        (_, None) => Ok(None),
    }
}

fn awsvpc(cx: &Cx, tx: &impl Read, launch: &Launch, given: &aws::AwsVpcConfiguration) -> Answer<AwsVpc> {
    let assign_public_ip = given.assign_public_ip == Some(aws::AssignPublicIp::Enabled);
    if assign_public_ip && launch.launch_type() == LaunchType::Ec2 {
        return Err(invalid("Assign public IP is not supported for this launch type."));
    }
    let vpc = vpc_of_subnets(cx, tx, &given.subnets)?;
    let security_groups = match given.security_groups.as_deref() {
        None | Some([]) => vec![default_group(cx, tx, &vpc)?],
        Some(groups) => security_groups(cx, tx, &vpc, groups)?,
    };
    Ok(AwsVpc { vpc, subnets: given.subnets.clone(), security_groups, assign_public_ip })
}

fn vpc_of_subnets(cx: &Cx, tx: &impl Read, subnets: &[String]) -> Answer<String> {
    if subnets.is_empty() {
        return Err(invalid("subnets can not be empty."));
    }
    if subnets.len() > 16 {
        return Err(invalid("subnets can have at most 16 items."));
    }
    let mut vpcs = Vec::new();
    for id in subnets {
        let found = find::<Subnet>(cx, tx, id)?;
        let subnet = found.ok_or_else(|| {
            invalid(format!(
                "Error retrieving subnet information for [{id}]: The subnet ID '{id}' does not exist (ErrorCode: InvalidSubnetID.NotFound)"
            ))
        })?;
        vpcs.push(subnet.vpc.clone());
    }
    vpcs.dedup();
    match vpcs.as_slice() {
        [vpc] => Ok(vpc.clone()),
        _ => Err(invalid("The subnets must all be in the same VPC.")),
    }
}

/// A record under an id that a caller gave, which may be no possible id.
fn find<R: model::Record>(cx: &Cx, tx: &impl Read, id: &str) -> Result<Option<Arc<R::Spec>>, StoreError> {
    if id.is_empty() || id.len() > 64 {
        return Ok(None);
    }
    tx.spec(&Key::<R>::new(&cx.account, &cx.region, id))
}

fn security_groups(cx: &Cx, tx: &impl Read, vpc: &str, groups: &[String]) -> Answer<Vec<String>> {
    if groups.len() > 5 {
        return Err(invalid("securityGroups can have at most 5 items."));
    }
    for id in groups {
        let found = find::<SecurityGroup>(cx, tx, id)?;
        let group = found.ok_or_else(|| {
            invalid(format!(
                "Error retrieving security group information for [{id}]: The security group '{id}' does not exist (ErrorCode: InvalidGroup.NotFound)"
            ))
        })?;
        if group.vpc != vpc {
            return Err(invalid(format!("SecurityGroupId {id} does not belong to VPC {vpc}.")));
        }
    }
    Ok(groups.to_vec())
}

fn default_group(cx: &Cx, tx: &impl Read, vpc: &str) -> Answer<String> {
    let found = group_named_default(tx, &cx.account, &cx.region, vpc)?;
    found.ok_or_else(|| invalid(format!("The VPC {vpc} has no default security group.")))
}

/// The group named `default` of a VPC.
pub fn group_named_default(
    tx: &impl Read,
    account: &AccountId,
    region: &Region,
    vpc: &str,
) -> Result<Option<String>, StoreError> {
    let groups = tx.specs::<SecurityGroup>(Scope::Region(account, region))?;
    Ok(groups.into_iter().find(|(_, group)| group.vpc == vpc && group.name == "default").map(|(key, _)| key.id))
}

/// The most target groups that a service can have.
const MOST_TARGET_GROUPS: usize = 5;

/// The target groups of a service, each found, with a load balancer, and of the type that the network mode asks for.
pub fn load_balancers(
    cx: &Cx,
    tx: &impl Read,
    definition: &Definition,
    given: &Option<Vec<aws::LoadBalancer>>,
) -> Answer<Vec<LoadBalancer>> {
    let given = given.as_deref().unwrap_or_default();
    if given.len() > MOST_TARGET_GROUPS {
        return Err(invalid("loadBalancers can have at most 5 items."));
    }
    given.iter().map(|item| load_balancer(cx, tx, definition, item)).collect()
}

fn load_balancer(cx: &Cx, tx: &impl Read, definition: &Definition, given: &aws::LoadBalancer) -> Answer<LoadBalancer> {
    refuse_unbuilt(&[
        ("loadBalancers.loadBalancerName (Classic Load Balancer)", given.load_balancer_name.is_some()),
        ("loadBalancers.advancedConfiguration", given.advanced_configuration.is_some()),
    ])?;
    let (container, port) = served(definition, given)?;
    let arn = given.target_group_arn.as_deref().ok_or_else(|| invalid("targetGroupArn must be specified."))?;
    check_target_group(cx, tx, definition, arn)?;
    Ok(LoadBalancer { target_group: arn.into(), container, port })
}

/// The container and the port that a load balancer is to reach.
fn served(definition: &Definition, given: &aws::LoadBalancer) -> Result<(String, u16), Fault> {
    let name = given
        .container_name
        .as_deref()
        .filter(|name| !name.is_empty())
        .ok_or_else(|| invalid("containerName must be specified."))?;
    let container = definition.container(name);
    let container = container.ok_or_else(|| invalid(format!("The container {name} does not exist in the task definition.")))?;
    let port = given.container_port.ok_or_else(|| invalid("containerPort must be specified."))?;
    let mapped = container.port_mappings.iter().find(|mapping| i32::from(mapping.container_port) == port);
    let mapped = mapped.ok_or_else(|| invalid(format!("The container {name} did not have a container port {port} defined.")))?;
    Ok((name.into(), mapped.container_port))
}

fn check_target_group(cx: &Cx, tx: &impl Read, definition: &Definition, arn: &str) -> Answer<()> {
    let key = arn.parse::<Arn>().ok().and_then(|arn| Key::<TargetGroup>::of_arn(&arn));
    let key = key.filter(|key| (&key.account, &key.region) == (&cx.account, &cx.region));
    let group = key.as_ref().map(|key| tx.spec(key)).transpose()?.flatten();
    let (Some(key), Some(group)) = (key, group) else {
        return Err(invalid(format!("The target group {arn} does not exist.")));
    };
    let wanted = if definition.network_mode == NetworkMode::Awsvpc { TargetType::Ip } else { TargetType::Instance };
    if group.target_type != wanted {
        let (is, mode) = match wanted {
            TargetType::Ip => ("instance", "awsvpc"),
            TargetType::Instance if definition.network_mode == NetworkMode::Host => ("ip", "host"),
            TargetType::Instance => ("ip", "bridge"),
        };
        return Err(invalid(format!(
            "The provided target group {arn} has target type {is}, which is incompatible with the {mode} network mode specified in the task definition."
        )));
    }
    if !has_balancer(cx, tx, &key)? {
        return Err(invalid(format!("The target group with targetGroupArn {arn} does not have an associated load balancer.")));
    }
    Ok(())
}

/// Whether a listener or one of its rules passes requests to the group.
fn has_balancer(cx: &Cx, tx: &impl Read, group: &Key<TargetGroup>) -> Result<bool, StoreError> {
    let forwards = |action: &elbv2::Action| match action {
        elbv2::Action::Forward { groups, .. } => groups.iter().any(|(id, _)| *id == group.id),
        _ => false,
    };
    let scope = Scope::Region(&cx.account, &cx.region);
    if tx.specs::<elbv2::Listener>(scope)?.iter().any(|(_, listener)| forwards(&listener.default_action)) {
        return Ok(true);
    }
    Ok(tx.specs::<elbv2::Rule>(scope)?.iter().any(|(_, rule)| forwards(&rule.action)))
}
