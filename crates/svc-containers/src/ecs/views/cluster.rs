//! Clusters.

use super::{count, strategy};
use crate::ecs::{exec, load::LoadedTask, tags};
use api::ecs as aws;
use model::{
    Key,
    ecs::{Cluster, ClusterSpec, LaunchType},
};

/// What a cluster holds.
pub struct Contents {
    /// All its tasks.
    pub tasks: Vec<LoadedTask>,
    /// Its services that are not deleted.
    pub active_services: usize,
    /// Its services that are deleted, by launch type, and whose tasks have not all stopped.
    pub draining: Vec<LaunchType>,
    /// Launch types of services that are not deleted.
    pub active: Vec<LaunchType>,
    /// Its container instances.
    pub instances: usize,
}

/// A cluster in an answer, with what `include` asks for.
pub fn cluster(key: &Key<Cluster>, spec: &ClusterSpec, contents: &Contents, include: &[aws::ClusterField]) -> aws::Cluster {
    let with = |field| include.contains(&field);
    let setting = spec
        .container_insights
        .clone()
        .map(|value| aws::ClusterSetting { name: Some(aws::ClusterSettingName::ContainerInsights), value: Some(value) });
    let tasks = &contents.tasks;
    aws::Cluster {
        cluster_arn: Some(key.arn().to_string()),
        cluster_name: Some(key.id.clone()),
        status: Some(if spec.deleted_at.is_some() { "INACTIVE" } else { "ACTIVE" }.into()),
        registered_container_instances_count: count(contents.instances),
        running_tasks_count: count(tasks.iter().filter(|task| task.runs()).count()),
        pending_tasks_count: count(tasks.iter().filter(|task| task.is_pending()).count()),
        active_services_count: count(contents.active_services),
        statistics: Some(if with(aws::ClusterField::Statistics) { statistics(contents) } else { Vec::new() }),
        tags: Some(if with(aws::ClusterField::Tags) { tags::show(&spec.tags) } else { Vec::new() }),
        configuration: spec.execute_command.as_ref().filter(|_| with(aws::ClusterField::Configurations)).map(exec::show),
        settings: Some(setting.into_iter().filter(|_| with(aws::ClusterField::Settings)).collect()),
        capacity_providers: Some(spec.capacity_providers.clone()),
        default_capacity_provider_strategy: Some(strategy(&spec.default_strategy)),
        ..Default::default()
    }
}

fn statistics(contents: &Contents) -> Vec<aws::KeyValuePair> {
    let of = |kind: LaunchType, wanted: fn(&LoadedTask) -> bool| {
        contents.tasks.iter().filter(|task| task.spec.launch_type == kind && wanted(task)).count()
    };
    let services = |list: &[LaunchType], kind| list.iter().filter(|other| **other == kind).count();
    let (fargate, ec2) = (LaunchType::Fargate, LaunchType::Ec2);
    let all = [
        ("runningEC2TasksCount", of(ec2, LoadedTask::runs)),
        ("runningFargateTasksCount", of(fargate, LoadedTask::runs)),
        ("pendingEC2TasksCount", of(ec2, LoadedTask::is_pending)),
        ("pendingFargateTasksCount", of(fargate, LoadedTask::is_pending)),
        ("activeEC2ServiceCount", services(&contents.active, ec2)),
        ("activeFargateServiceCount", services(&contents.active, fargate)),
        ("drainingEC2ServiceCount", services(&contents.draining, ec2)),
        ("drainingFargateServiceCount", services(&contents.draining, fargate)),
    ];
    all.map(|(name, count)| aws::KeyValuePair { name: Some(name.into()), value: Some(count.to_string()) }).into()
}
