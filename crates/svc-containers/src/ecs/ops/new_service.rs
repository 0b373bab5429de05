//! `CreateService`, and the parts of a service that `UpdateService` reads as well.

use crate::ecs::{
    errors::{self, filled, invalid, refuse_unbuilt},
    launch, load, names, tags, views,
};
use api::ecs as aws;
use front::{Answer, Cx};
use model::{
    Key,
    ecs::{CircuitBreaker, ClusterSpec, Launch, Rollout, Service, ServiceSpec, Target, Threshold},
};
use spine::{Read, Tx};
use wire::Fault;

/// `CreateService`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &aws::CreateServiceRequest) -> Answer<aws::CreateServiceResponse> {
    refuse(input)?;
    let (cluster, cluster_spec) = names::active_cluster(cx, tx, input.cluster.as_deref())?;
    if !names::is_name(&input.service_name) {
        return Err(invalid("Service names can have up to 255 letters, numbers, underscores, and hyphens."));
    }
    let key = Key::<Service>::new(&cx.account, &cx.region, format!("{}/{}", cluster.id, input.service_name));
    if let Some(there) = tx.get(&key)? {
        match views::service_status(&there.spec, &there.plan) {
            "ACTIVE" if input.client_token.is_some() && there.spec.client_token == input.client_token => {
                return Ok(aws::CreateServiceResponse { service: show(tx, &key, true)? });
            }
            "ACTIVE" => return Err(invalid("Creation of service was not idempotent.")),
            "DRAINING" => return Err(invalid("Unable to Start a service that is still Draining.")),
            _ => tx.delete(&key)?,
        }
    }
    let spec = new_service(cx, tx, &cluster_spec, input)?;
    tx.create(&key, &spec)?;
    Ok(aws::CreateServiceResponse { service: show(tx, &key, true)? })
}

/// A service in an answer, if it is there.
pub fn show(tx: &impl Read, key: &Key<Service>, with_tags: bool) -> Answer<Option<aws::Service>> {
    let Some(row) = tx.get(key)? else { return Ok(None) };
    let tasks = load::service_tasks(tx, key)?;
    Ok(Some(views::service(key, &row.spec, &row.plan, &tasks, with_tags)))
}

fn refuse(input: &aws::CreateServiceRequest) -> Result<(), Fault> {
    let controller = input.deployment_controller.as_ref().map(|controller| controller.r#type);
    let connect = input.service_connect_configuration.as_ref();
    refuse_unbuilt(&[
        ("schedulingStrategy (DAEMON)", input.scheduling_strategy == Some(aws::SchedulingStrategy::Daemon)),
        ("deploymentController (but ECS)", controller.is_some_and(|kind| kind != aws::DeploymentControllerType::Ecs)),
        ("availabilityZoneRebalancing", input.availability_zone_rebalancing == Some(aws::AvailabilityZoneRebalancing::Enabled)),
        ("serviceRegistries", filled(&input.service_registries)),
        ("role", input.role.as_ref().is_some_and(|role| !role.is_empty())),
        ("enableExecuteCommand", input.enable_execute_command == Some(true)),
        ("serviceConnectConfiguration", connect.is_some_and(|connect| connect.enabled)),
        ("volumeConfigurations", filled(&input.volume_configurations)),
        ("vpcLatticeConfigurations", filled(&input.vpc_lattice_configurations)),
        ("gatewayConnectors", filled(&input.gateway_connectors)),
        ("monitoring", input.monitoring.is_some()),
    ])
}

fn new_service(cx: &Cx, tx: &Tx, cluster_spec: &ClusterSpec, input: &aws::CreateServiceRequest) -> Answer<ServiceSpec> {
    let desired =
        input.desired_count.ok_or_else(|| invalid("desiredCount must be specified for the REPLICA scheduling strategy."))?;
    let launch = launch::launch(cluster_spec, input.launch_type, &input.capacity_provider_strategy)?;
    let placement_strategy = launch::placement(&launch, &input.placement_constraints, &input.placement_strategy)?;
    let target = new_target(cx, tx, launch, input)?;
    let grace_period = grace_period(input.health_check_grace_period_seconds, &target)?;
    Ok(ServiceSpec {
        created_at: cx.now,
        created_by: cx.principal.arn(&cx.account).to_string(),
        deleted_at: None,
        desired_count: desired_count(desired)?,
        target,
        rollout: rollout(input.deployment_configuration.as_ref(), None)?,
        grace_period,
        managed_tags: input.enable_ecs_managed_tags.unwrap_or(false),
        propagate_tags: tags::propagate(input.propagate_tags),
        placement_strategy,
        client_token: input.client_token.clone(),
        tags: tags::parse(&input.tags)?,
    })
}

/// The id of a new deployment: `ecs-svc/` and 19 digits, the first of which is not 0.
pub fn deployment_id(cx: &Cx) -> String {
    format!("ecs-svc/{}{}", cx.env.pick(b"123456789", 1), cx.env.digits(18))
}

fn new_target(cx: &Cx, tx: &Tx, launch: Launch, input: &aws::CreateServiceRequest) -> Answer<Target> {
    let text = input.task_definition.as_deref().filter(|text| !text.is_empty());
    let definition = names::active_definition(cx, tx, text.ok_or_else(|| invalid("TaskDefinition can not be blank."))?)?;
    let parsed = &definition.definition;
    launch::check_compatible(parsed, &launch)?;
    Ok(Target {
        deployment: deployment_id(cx),
        asked_at: cx.now,
        definition: definition.revision.clone(),
        platform_version: launch::platform_version(input.platform_version.as_deref(), &launch)?,
        network: launch::network(cx, tx, parsed.network_mode, &launch, input.network_configuration.as_ref())?,
        load_balancers: launch::load_balancers(cx, tx, parsed, &input.load_balancers)?,
        launch,
    })
}

/// The most tasks that a service can have (service quota "Tasks per service").
const MOST_TASKS: i32 = 5000;

/// `desiredCount`.
pub fn desired_count(given: i32) -> Result<u32, Fault> {
    match given {
        0..=MOST_TASKS => Ok(given as u32),
        _ => Err(invalid(format!("desiredCount must be between 0 and {MOST_TASKS}."))),
    }
}

/// `healthCheckGracePeriodSeconds`, which makes sense with load balancers only.
pub fn grace_period(given: Option<i32>, target: &Target) -> Result<Option<u32>, Fault> {
    match given {
        None => Ok(None),
        Some(seconds) if seconds < 0 => Err(invalid("healthCheckGracePeriodSeconds can not be negative.")),
        Some(_) if target.load_balancers.is_empty() => {
            Err(invalid("Health check grace period is only valid for services configured to use load balancers"))
        }
        Some(seconds) => Ok(Some(seconds as u32)),
    }
}

/// `deploymentConfiguration`; what it leaves out stays as it was, or is AWS's default.
pub fn rollout(given: Option<&aws::DeploymentConfiguration>, before: Option<&Rollout>) -> Result<Rollout, Fault> {
    let default = Rollout { maximum_percent: 200, minimum_healthy_percent: 100, circuit_breaker: None };
    let before = before.unwrap_or(&default);
    let Some(given) = given else { return Ok(before.clone()) };
    refuse_rollout(given)?;
    let percent = |value: Option<i32>, before: u32, what: &str| match value {
        None => Ok(before),
        Some(value) => u32::try_from(value).map_err(|_| invalid(format!("{what} can not be negative."))),
    };
    let rollout = Rollout {
        maximum_percent: percent(given.maximum_percent, before.maximum_percent, "maximumPercent")?,
        minimum_healthy_percent: percent(given.minimum_healthy_percent, before.minimum_healthy_percent, "minimumHealthyPercent")?,
        circuit_breaker: given.deployment_circuit_breaker.as_ref().map(circuit_breaker).transpose()?.or(before.circuit_breaker),
    };
    match (rollout.minimum_healthy_percent, rollout.maximum_percent) {
        (_, maximum) if maximum < 100 => Err(invalid("maximumPercent must be at least 100.")),
        (minimum, _) if minimum > 100 => Err(invalid("minimumHealthyPercent must be at most 100.")),
        (100, 100) => Err(invalid("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")),
        _ => Ok(rollout),
    }
}

fn refuse_rollout(given: &aws::DeploymentConfiguration) -> Result<(), Fault> {
    let rolling = given.strategy.is_none_or(|strategy| strategy == aws::DeploymentStrategy::Rolling);
    refuse_unbuilt(&[
        ("deploymentConfiguration.strategy (but ROLLING)", !rolling),
        ("deploymentConfiguration.alarms", given.alarms.as_ref().is_some_and(|alarms| alarms.enable)),
        ("deploymentConfiguration.bakeTimeInMinutes", given.bake_time_in_minutes.is_some_and(|minutes| minutes != 0)),
        ("deploymentConfiguration.lifecycleHooks", filled(&given.lifecycle_hooks)),
        ("deploymentConfiguration.linearConfiguration", given.linear_configuration.is_some()),
        ("deploymentConfiguration.canaryConfiguration", given.canary_configuration.is_some()),
        ("deploymentConfiguration.earlySuccessCriteria", given.early_success_criteria.is_some()),
    ])
}

fn circuit_breaker(given: &aws::DeploymentCircuitBreaker) -> Result<CircuitBreaker, Fault> {
    let threshold = match &given.threshold_configuration {
        None => Threshold::BoundedPercent(50),
        Some(threshold) => {
            let value = u32::try_from(threshold.value).ok().filter(|value| *value > 0);
            let value = value.ok_or_else(|| invalid("The value of the circuit breaker's threshold must be greater than 0."))?;
            match threshold.r#type {
                aws::ThresholdType::Count => Threshold::Count(value),
                aws::ThresholdType::BoundedPercent => Threshold::BoundedPercent(value),
                aws::ThresholdType::UnboundedPercent => Threshold::UnboundedPercent(value),
            }
        }
    };
    let reset_on_healthy_task = given.reset_on_healthy_task.unwrap_or(true);
    Ok(CircuitBreaker { enable: given.enable, rollback: given.rollback, reset_on_healthy_task, threshold })
}

/// The service that is named, active.
pub fn active(cx: &Cx, tx: &impl Read, cluster: Option<&str>, name: &str) -> Answer<(Key<Service>, spine::Row<Service>)> {
    let (cluster, _) = names::active_cluster(cx, tx, cluster)?;
    let key = names::service(&cluster, name)?;
    let row = tx.get(&key)?.ok_or_else(errors::service_not_found)?;
    match views::service_status(&row.spec, &row.plan) {
        "ACTIVE" => Ok((key, row)),
        _ => Err(errors::service_not_active()),
    }
}
