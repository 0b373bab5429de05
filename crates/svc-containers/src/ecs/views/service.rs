//! Services, their deployments and events.

use super::{count, launch, load_balancer, network, time, uuid_of};
use crate::ecs::{launch::platform, load::LoadedTask, tags};
use api::ecs as aws;
use logic::deploy;
use model::{
    Key,
    ecs::{
        Cluster, Deployment, Event, LaunchType, PropagateTags, Rollout, RolloutState, Service, ServicePlan, ServiceSpec,
        Threshold, short_id,
    },
};

/// `ACTIVE`, `DRAINING` or `INACTIVE`.
pub fn status(spec: &ServiceSpec, plan: &ServicePlan) -> &'static str {
    match (spec.deleted_at, plan.inactive_at) {
        (_, Some(_)) => "INACTIVE",
        (Some(_), None) => "DRAINING",
        (None, None) => "ACTIVE",
    }
}

/// A service in an answer, with its tasks.
pub fn service(
    key: &Key<Service>,
    spec: &ServiceSpec,
    plan: &ServicePlan,
    tasks: &[LoadedTask],
    with_tags: bool,
) -> aws::Service {
    let cluster: Key<Cluster> = Key::new(&key.account, &key.region, key.id.split_once('/').map_or("", |(cluster, _)| cluster));
    let target = deploy::primary_target(spec, plan);
    let (launch_type, strategy) = launch(&target.launch);
    let fargate = target.launch.launch_type() == LaunchType::Fargate;
    let desired = if spec.deleted_at.is_some() { 0 } else { spec.desired_count };
    aws::Service {
        service_arn: Some(key.arn().to_string()),
        service_name: Some(short_id(&key.id).into()),
        cluster_arn: Some(cluster.arn().to_string()),
        load_balancers: Some(target.load_balancers.iter().map(load_balancer).collect()),
        service_registries: Some(Vec::new()),
        status: Some(status(spec, plan).into()),
        desired_count: i32::try_from(desired).ok(),
        running_count: count(tasks.iter().filter(|task| task.runs()).count()),
        pending_count: count(tasks.iter().filter(|task| task.is_pending()).count()),
        launch_type,
        capacity_provider_strategy: strategy,
        platform_version: target.platform_version.clone(),
        platform_family: fargate.then(|| "Linux".into()),
        task_definition: Some(target.definition.arn(&key.account, &key.region).to_string()),
        deployment_configuration: Some(rollout(&spec.rollout)),
        deployments: Some(deployments(key, spec, plan, tasks)),
        events: Some(plan.events.iter().map(|it| event(key, it)).collect()),
        created_at: Some(time(spec.created_at)),
        placement_constraints: Some(Vec::new()),
        placement_strategy: Some(spec.placement_strategy.iter().map(placement).collect()),
        network_configuration: target.network.as_ref().map(network),
        health_check_grace_period_seconds: spec.grace_period.and_then(|it| i32::try_from(it).ok()),
        scheduling_strategy: Some(aws::SchedulingStrategy::Replica),
        deployment_controller: Some(aws::DeploymentController { r#type: aws::DeploymentControllerType::Ecs }),
        tags: with_tags.then(|| tags::show(&spec.tags)),
        created_by: Some(spec.created_by.clone()),
        enable_ecs_managed_tags: Some(spec.managed_tags),
        propagate_tags: Some(propagate(spec.propagate_tags)),
        enable_execute_command: Some(false),
        availability_zone_rebalancing: Some(aws::AvailabilityZoneRebalancing::Disabled),
        ..Default::default()
    }
}

fn propagate(whose: Option<PropagateTags>) -> aws::PropagateTags {
    match whose {
        Some(PropagateTags::TaskDefinition) => aws::PropagateTags::TaskDefinition,
        Some(PropagateTags::Service) => aws::PropagateTags::Service,
        None => aws::PropagateTags::None,
    }
}

fn placement((kind, field): &(String, Option<String>)) -> aws::PlacementStrategy {
    aws::PlacementStrategy { r#type: aws::PlacementStrategyType::parse(kind), field: field.clone() }
}

/// `deploymentConfiguration`.
fn rollout(rollout: &Rollout) -> aws::DeploymentConfiguration {
    let number = |value: u32| i32::try_from(value).ok();
    let breaker = rollout.circuit_breaker.map(|breaker| aws::DeploymentCircuitBreaker {
        enable: breaker.enable,
        rollback: breaker.rollback,
        reset_on_healthy_task: Some(breaker.reset_on_healthy_task),
        threshold_configuration: Some(threshold(breaker.threshold)),
    });
    aws::DeploymentConfiguration {
        deployment_circuit_breaker: breaker,
        maximum_percent: number(rollout.maximum_percent),
        minimum_healthy_percent: number(rollout.minimum_healthy_percent),
        strategy: Some(aws::DeploymentStrategy::Rolling),
        ..Default::default()
    }
}

fn threshold(threshold: Threshold) -> aws::ThresholdConfiguration {
    let (r#type, value) = match threshold {
        Threshold::Count(value) => (aws::ThresholdType::Count, value),
        Threshold::BoundedPercent(value) => (aws::ThresholdType::BoundedPercent, value),
        Threshold::UnboundedPercent(value) => (aws::ThresholdType::UnboundedPercent, value),
    };
    aws::ThresholdConfiguration { r#type, value: i32::try_from(value).unwrap_or(i32::MAX) }
}

fn event(key: &Key<Service>, event: &Event) -> aws::ServiceEvent {
    let id = uuid_of(&format!("{} {} {}", key.id, event.at.0, event.message));
    aws::ServiceEvent { id: Some(id), created_at: Some(time(event.at)), message: Some(event.message.clone()) }
}

fn deployments(key: &Key<Service>, spec: &ServiceSpec, plan: &ServicePlan, tasks: &[LoadedTask]) -> Vec<aws::Deployment> {
    if plan.inactive_at.is_some() {
        return Vec::new();
    }
    let all = deploy::take_up(spec, plan);
    all.iter().enumerate().map(|(place, it)| deployment(key, spec, it, place == 0, tasks)).collect()
}

fn deployment(
    key: &Key<Service>,
    spec: &ServiceSpec,
    deployment: &Deployment,
    primary: bool,
    tasks: &[LoadedTask],
) -> aws::Deployment {
    let target = &deployment.target;
    let own = |wanted: fn(&LoadedTask) -> bool| {
        tasks.iter().filter(|task| task.spec.started_by.as_deref() == Some(&*target.deployment) && wanted(task)).count()
    };
    let (launch_type, strategy) = launch(&target.launch);
    let (running, pending) = (own(LoadedTask::runs), own(LoadedTask::is_pending));
    let desired = match spec.deleted_at {
        Some(_) => 0,
        None if primary => spec.desired_count as usize,
        None => running + pending,
    };
    let state = match deployment.state {
        RolloutState::InProgress => aws::DeploymentRolloutState::InProgress,
        RolloutState::Completed => aws::DeploymentRolloutState::Completed,
        RolloutState::Failed => aws::DeploymentRolloutState::Failed,
    };
    aws::Deployment {
        id: Some(target.deployment.clone()),
        status: Some(if primary { "PRIMARY" } else { "ACTIVE" }.into()),
        task_definition: Some(target.definition.arn(&key.account, &key.region).to_string()),
        desired_count: count(desired),
        pending_count: count(pending),
        running_count: count(running),
        failed_tasks: i32::try_from(deployment.failed_tasks).ok(),
        created_at: Some(time(target.asked_at)),
        updated_at: Some(time(deployment.updated_at)),
        capacity_provider_strategy: strategy,
        launch_type,
        platform_version: target.platform_version.as_deref().map(platform),
        platform_family: (target.launch.launch_type() == LaunchType::Fargate).then(|| "Linux".into()),
        network_configuration: target.network.as_ref().map(network),
        rollout_state: Some(state),
        rollout_state_reason: Some(deployment.reason.clone()),
        ..Default::default()
    }
}
