//! Records as the API shows them. Pure.

mod cluster;
mod instance;
mod service;
mod task;

pub use cluster::{Contents, cluster};
pub use instance::{instance, left};
pub use service::{service, status as service_status};
pub use task::task;

use api::ecs as aws;
use model::{
    Timestamp,
    ecs::{AwsVpc, Launch, LaunchType, LoadBalancer, ProviderShare},
};

/// A moment in an answer.
pub fn time(at: Timestamp) -> wire::Time {
    wire::Time(at.0)
}

/// An entry of `failures`.
pub fn failure(arn: impl Into<String>, reason: &str) -> aws::Failure {
    aws::Failure { arn: Some(arn.into()), reason: Some(reason.into()), detail: None }
}

/// `FARGATE` or `EC2`.
pub fn launch_type(launch_type: LaunchType) -> aws::LaunchType {
    match launch_type {
        LaunchType::Fargate => aws::LaunchType::Fargate,
        LaunchType::Ec2 => aws::LaunchType::Ec2,
    }
}

/// Launch type and capacity provider strategy, of which one is shown.
fn launch(launch: &Launch) -> (Option<aws::LaunchType>, Option<Vec<aws::CapacityProviderStrategyItem>>) {
    match launch {
        Launch::Type(kind) => (Some(launch_type(*kind)), None),
        Launch::Providers(shares) => (None, Some(strategy(shares))),
    }
}

/// A capacity provider strategy.
pub fn strategy(shares: &[ProviderShare]) -> Vec<aws::CapacityProviderStrategyItem> {
    let number = |value: u32| i32::try_from(value).ok();
    let item = |share: &ProviderShare| aws::CapacityProviderStrategyItem {
        capacity_provider: share.provider.clone(),
        weight: number(share.weight),
        base: number(share.base),
    };
    shares.iter().map(item).collect()
}

fn network(network: &AwsVpc) -> aws::NetworkConfiguration {
    let public = if network.assign_public_ip { aws::AssignPublicIp::Enabled } else { aws::AssignPublicIp::Disabled };
    let configuration = aws::AwsVpcConfiguration {
        subnets: network.subnets.clone(),
        security_groups: Some(network.security_groups.clone()),
        assign_public_ip: Some(public),
    };
    aws::NetworkConfiguration { awsvpc_configuration: Some(configuration) }
}

fn load_balancer(balancer: &LoadBalancer) -> aws::LoadBalancer {
    aws::LoadBalancer {
        target_group_arn: Some(balancer.target_group.clone()),
        container_name: Some(balancer.container.clone()),
        container_port: Some(balancer.port.into()),
        ..Default::default()
    }
}

/// A count in an answer.
fn count(count: usize) -> Option<i32> {
    i32::try_from(count).ok()
}

/// A UUID that is a function of a text.
fn uuid_of(text: &str) -> String {
    let hex = logic::vpc::fingerprint(text, 32);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
