//! Services that are there: update, delete, describe, list.

use super::new_service::{active, deployment_id, desired_count, grace_period, rollout, show};
use crate::ecs::{
    errors::{self, filled, invalid, refuse_unbuilt},
    launch, names, paging, tags, views,
};
use api::ecs as aws;
use front::{Answer, Cx};
use logic::deploy;
use model::ecs::{Launch, LaunchType, Service, ServiceSpec, Target};
use spine::{Read, Scope, Tx};
use wire::Fault;

/// `UpdateService`. A new deployment is asked for where what tasks are changes, or by force.
pub fn update(cx: &Cx, tx: &mut Tx, input: &aws::UpdateServiceRequest) -> Answer<aws::UpdateServiceResponse> {
    refuse(input)?;
    let (key, row) = active(cx, tx, input.cluster.as_deref(), &input.service)?;
    let current = deploy::primary_target(&row.spec, &row.plan);
    let target = changed_target(cx, tx, &key.id, input, &current)?;
    let mut spec = ServiceSpec::clone(&row.spec);
    if target != current || input.force_new_deployment == Some(true) {
        spec.target = Target { deployment: deployment_id(cx), asked_at: cx.now, ..target };
    }
    update_rest(&mut spec, input)?;
    tx.put_spec(&key, &spec)?;
    Ok(aws::UpdateServiceResponse { service: show(tx, &key, true)? })
}

fn refuse(input: &aws::UpdateServiceRequest) -> Result<(), Fault> {
    let controller = input.deployment_controller.as_ref().map(|controller| controller.r#type);
    let connect = input.service_connect_configuration.as_ref();
    refuse_unbuilt(&[
        ("deploymentController (but ECS)", controller.is_some_and(|kind| kind != aws::DeploymentControllerType::Ecs)),
        ("availabilityZoneRebalancing", input.availability_zone_rebalancing == Some(aws::AvailabilityZoneRebalancing::Enabled)),
        ("serviceRegistries", filled(&input.service_registries)),
        ("enableExecuteCommand", input.enable_execute_command == Some(true)),
        ("serviceConnectConfiguration", connect.is_some_and(|connect| connect.enabled)),
        ("volumeConfigurations", filled(&input.volume_configurations)),
        ("vpcLatticeConfigurations", filled(&input.vpc_lattice_configurations)),
        ("gatewayConnectors", filled(&input.gateway_connectors)),
        ("monitoring", input.monitoring.is_some()),
    ])
}

/// The current target with what the request changes.
fn changed_target(cx: &Cx, tx: &Tx, service: &str, input: &aws::UpdateServiceRequest, current: &Target) -> Answer<Target> {
    let cluster = names::cluster(cx, service.split_once('/').map(|(cluster, _)| cluster))?;
    let cluster = tx.spec(&cluster)?.ok_or_else(errors::cluster_not_found)?;
    let definition = match input.task_definition.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => names::active_definition(cx, tx, text)?,
        None => {
            let current = tx.spec(&current.definition.key(&cx.account, &cx.region))?;
            current.ok_or_else(|| errors::client("TaskDefinition not found."))?
        }
    };
    let launch = match filled(&input.capacity_provider_strategy) {
        true => launch::launch(&cluster, None, &input.capacity_provider_strategy)?,
        false => current.launch.clone(),
    };
    launch::check_compatible(&definition.definition, &launch)?;
    launch::placement(&launch, &input.placement_constraints, &input.placement_strategy)?;
    let network = match input.network_configuration.as_ref() {
        None if current.network.is_some() => current.network.clone(),
        given => launch::network(cx, tx, definition.definition.network_mode, &launch, given)?,
    };
    Ok(Target {
        definition: definition.revision.clone(),
        platform_version: platform_version(input, &launch, current)?,
        network,
        load_balancers: match input.load_balancers {
            Some(_) => launch::load_balancers(cx, tx, &definition.definition, &input.load_balancers)?,
            None => current.load_balancers.clone(),
        },
        launch,
        ..current.clone()
    })
}

fn platform_version(input: &aws::UpdateServiceRequest, launch: &Launch, current: &Target) -> Result<Option<String>, Fault> {
    match (input.platform_version.as_deref(), launch.launch_type()) {
        (None, LaunchType::Fargate) if current.platform_version.is_some() => Ok(current.platform_version.clone()),
        (given, _) => launch::platform_version(given, launch),
    }
}

/// What changes without a new deployment.
fn update_rest(spec: &mut ServiceSpec, input: &aws::UpdateServiceRequest) -> Result<(), Fault> {
    if let Some(desired) = input.desired_count {
        spec.desired_count = desired_count(desired)?;
    }
    spec.rollout = rollout(input.deployment_configuration.as_ref(), Some(&spec.rollout))?;
    if input.health_check_grace_period_seconds.is_some() {
        spec.grace_period = grace_period(input.health_check_grace_period_seconds, &spec.target)?;
    }
    if let Some(managed) = input.enable_ecs_managed_tags {
        spec.managed_tags = managed;
    }
    if input.propagate_tags.is_some() {
        spec.propagate_tags = tags::propagate(input.propagate_tags);
    }
    if input.placement_strategy.is_some() {
        spec.placement_strategy = launch::placement(&spec.target.launch, &None, &input.placement_strategy)?;
    }
    Ok(())
}

/// `DeleteService`. Its tasks are stopped; a service that still wants tasks has to be deleted by force.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &aws::DeleteServiceRequest) -> Answer<aws::DeleteServiceResponse> {
    let (cluster, _) = names::active_cluster(cx, tx, input.cluster.as_deref())?;
    let key = names::service(&cluster, &input.service)?;
    let row = tx.get(&key)?.ok_or_else(errors::service_not_found)?;
    match views::service_status(&row.spec, &row.plan) {
        "INACTIVE" => return Err(errors::service_not_found()),
        "ACTIVE" if row.spec.desired_count > 0 && input.force != Some(true) => {
            return Err(invalid("The service cannot be stopped while it is scaled above 0."));
        }
        _ => tx.update_spec(&key, |spec| spec.deleted_at = spec.deleted_at.or(Some(cx.now)))?,
    }
    Ok(aws::DeleteServiceResponse { service: show(tx, &key, true)? })
}

/// `DescribeServices`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &aws::DescribeServicesRequest) -> Answer<aws::DescribeServicesResponse> {
    let (cluster, _) = names::active_cluster(cx, tx, input.cluster.as_deref())?;
    if input.services.is_empty() {
        return Err(invalid("Services cannot be empty."));
    }
    if input.services.len() > 10 {
        return Err(invalid("services can have at most 10 items."));
    }
    let with_tags = input.include.iter().flatten().any(|field| *field == aws::ServiceField::Tags);
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for name in &input.services {
        let key = names::service(&cluster, name)?;
        match show(tx, &key, with_tags)? {
            Some(service) => services.push(service),
            None => failures.push(views::failure(key.arn().to_string(), "MISSING")),
        }
    }
    Ok(aws::DescribeServicesResponse { services: Some(services), failures: Some(failures) })
}

/// `ListServices`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &aws::ListServicesRequest) -> Answer<aws::ListServicesResponse> {
    refuse_unbuilt(&[("resourceManagementType", input.resource_management_type.is_some())])?;
    let (cluster, _) = names::active_cluster(cx, tx, input.cluster.as_deref())?;
    let prefix = format!("{}/", cluster.id);
    let all = tx.list::<Service>(Scope::Prefix(&cx.account, &cx.region, &prefix))?;
    let replica = input.scheduling_strategy.is_none_or(|strategy| strategy == aws::SchedulingStrategy::Replica);
    let fits = |row: &spine::Row<Service>| {
        let kind = deploy::primary_target(&row.spec, &row.plan).launch.launch_type();
        let active = views::service_status(&row.spec, &row.plan) != "INACTIVE";
        active && replica && input.launch_type.is_none_or(|wanted| wanted == views::launch_type(kind))
    };
    let items = all.into_iter().filter(|(_, row)| fits(row)).map(|(key, _)| (key.id.clone(), key.arn().to_string()));
    let (arns, next_token) = paging::page(items, false, Some(input.max_results.unwrap_or(10)), input.next_token.as_deref())?;
    Ok(aws::ListServicesResponse { service_arns: Some(arns), next_token })
}
