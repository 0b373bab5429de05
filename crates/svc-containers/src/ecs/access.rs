//! What requests act on, and the condition keys that they tell (Service Authorization Reference, "Amazon Elastic Container Service").
//!
//! Names are read as the handlers read them, so that what is decided about is what is then acted on. A text that names nothing is an ARN
//! of its own, for the handler to refuse.

use super::{
    definition::{parse_cpu, parse_memory},
    names,
    tagged::Tagged,
};
use api::ecs as aws;
use front::{Answer, Cx, Facts, Tagging, keys};
use logic::policy::Context;
use model::{Arn, ecs::short_id};
use spine::Snapshot;
use wire::Fault;

/// What is known of a resource of this service: its tags.
pub fn facts(_: &Cx, snapshot: &Snapshot, arn: &Arn) -> Result<Facts, Fault> {
    let tags = Tagged::of_arn(arn).map(|tagged| tagged.tags(snapshot)).transpose()?.flatten();
    Ok(Facts { tags: tags.unwrap_or_default(), ..Facts::default() })
}

/// The cluster; the default one if none is named.
pub fn cluster(cx: &Cx, given: Option<&str>) -> Arn {
    names::cluster(cx, given).map_or_else(|_| nothing(cx, "cluster", given.unwrap_or_default()), |key| key.arn())
}

/// The clusters; the default one if none is named.
pub fn clusters(cx: &Cx, given: Option<&[String]>) -> Vec<Arn> {
    match given.unwrap_or_default() {
        [] => vec![cluster(cx, None)],
        named => named.iter().map(|name| cluster(cx, Some(name))).collect(),
    }
}

/// A service of a cluster.
pub fn service(cx: &Cx, cluster: Option<&str>, text: &str) -> Arn {
    let key = names::cluster(cx, cluster).and_then(|cluster| names::service(&cluster, text));
    key.map_or_else(|_| nothing(cx, "service", text), |key| key.arn())
}

/// A task of a cluster.
pub fn task(cx: &Cx, cluster: Option<&str>, text: &str) -> Arn {
    let key = names::cluster(cx, cluster).and_then(|cluster| names::task(&cluster, text));
    key.map_or_else(|_| nothing(cx, "task", text), |key| key.arn())
}

/// A container instance of a cluster, by its 32 digits or its ARN.
pub fn instance(cx: &Cx, given: Option<&str>, text: &str) -> Arn {
    let mut arn = cluster(cx, given);
    arn.resource = format!("container-instance/{}/{}", short_id(&arn.resource), short_id(text));
    arn
}

/// All tasks of a cluster that are yet to be made.
pub fn new_tasks(cx: &Cx, given: Option<&str>) -> Arn {
    let mut arn = cluster(cx, given);
    arn.resource = format!("task/{}/*", short_id(&arn.resource));
    arn
}

/// The task definition that is named; without a number, the one that would be taken.
pub fn definition(cx: &Cx, snapshot: &Snapshot, text: &str) -> Answer<Arn> {
    let Ok((family, number)) = names::revision(cx, text) else { return Ok(nothing(cx, "task-definition", text)) };
    let found = if number.is_some() { None } else { names::definition(cx, snapshot, text)? };
    let number = number.or(found.map(|spec| spec.revision.number));
    let number = number.map_or_else(|| "*".into(), |number| number.to_string());
    Ok(cx.arn("ecs", format!("task-definition/{family}:{number}")))
}

/// The revisions of a family that are yet to be made.
pub fn new_revision(cx: &Cx, family: &str) -> Arn {
    cx.arn("ecs", format!("task-definition/{family}:*"))
}

/// The resource that an ARN names, as this service's own ARNs are.
pub fn named(text: &str) -> Vec<Arn> {
    text.parse().into_iter().collect()
}

fn nothing(cx: &Cx, kind: &str, text: &str) -> Arn {
    text.parse().unwrap_or_else(|_| cx.arn("ecs", format!("{kind}/{text}")))
}

/// What is made, with the tags that the request gives to it.
pub fn tagging(resource: Arn, tags: &Option<Vec<aws::Tag>>) -> Tagging {
    Tagging { resources: vec![resource], tags: pairs(tags.as_deref().unwrap_or_default()) }
}

/// `aws:RequestTag/…` and `aws:TagKeys`.
pub fn request_tags(tags: &[aws::Tag]) -> Context {
    keys::request_tags(pairs(tags))
}

fn pairs(tags: &[aws::Tag]) -> Vec<(String, String)> {
    tags.iter().map(|tag| (tag.key.clone().unwrap_or_default(), tag.value.clone().unwrap_or_default())).collect()
}

/// `ecs:cluster`.
pub fn in_cluster(cx: &Cx, given: Option<&str>) -> Context {
    Context::new().with("ecs:cluster", cluster(cx, given).to_string())
}

/// The keys of `CreateCluster`.
pub fn of_create_cluster(cx: &Cx, input: &aws::CreateClusterRequest) -> Context {
    let mut keys = Context::new();
    let shares = input.default_capacity_provider_strategy.iter().flatten().map(|share| &share.capacity_provider);
    providers(&mut keys, cx, input.capacity_providers.iter().flatten().chain(shares));
    keys
}

/// The keys of `RegisterTaskDefinition`.
pub fn of_register(_: &Cx, input: &aws::RegisterTaskDefinitionRequest) -> Context {
    let mut keys = Context::new();
    let privileged = input.container_definitions.iter().any(|container| container.privileged == Some(true));
    keys.set("ecs:privileged", privileged.to_string());
    keys.set_all("ecs:compute-compatibility", input.requires_compatibilities.iter().flatten().map(|it| it.as_str()));
    for (key, size) in [
        ("ecs:task-cpu", input.cpu.as_deref().and_then(parse_cpu)),
        ("ecs:task-memory", input.memory.as_deref().and_then(parse_memory)),
    ] {
        if let Some(size) = size {
            keys.set(key, size.to_string());
        }
    }
    keys
}

/// The keys of `RunTask`.
pub fn of_run(cx: &Cx, input: &aws::RunTaskRequest) -> Context {
    let mut keys = in_cluster(cx, input.cluster.as_deref());
    providers(&mut keys, cx, input.capacity_provider_strategy.iter().flatten().map(|share| &share.capacity_provider));
    keys.set("ecs:enable-execute-command", is_on(input.enable_execute_command));
    keys.set("ecs:enable-ebs-volumes", is_on(input.volume_configurations.as_ref().map(|volumes| !volumes.is_empty())));
    keys
}

/// The keys of `CreateService`: what is left out is off.
pub fn of_create_service(cx: &Cx, input: &aws::CreateServiceRequest) -> Context {
    service_keys(
        cx,
        &ServiceKeys {
            cluster: input.cluster.as_deref(),
            definition: input.task_definition.as_deref(),
            shares: input.capacity_provider_strategy.as_deref().unwrap_or_default(),
            network: input.network_configuration.as_ref(),
            managed_tags: Some(input.enable_ecs_managed_tags.unwrap_or_default()),
            execute_command: Some(input.enable_execute_command.unwrap_or_default()),
            ebs_volumes: Some(input.volume_configurations.as_ref().is_some_and(|volumes| !volumes.is_empty())),
            propagate: input.propagate_tags,
        },
    )
}

/// The keys of `UpdateService`: what is left out stays as it is, and has no key.
pub fn of_update_service(cx: &Cx, input: &aws::UpdateServiceRequest) -> Context {
    service_keys(
        cx,
        &ServiceKeys {
            cluster: input.cluster.as_deref(),
            definition: input.task_definition.as_deref(),
            shares: input.capacity_provider_strategy.as_deref().unwrap_or_default(),
            network: input.network_configuration.as_ref(),
            managed_tags: input.enable_ecs_managed_tags,
            execute_command: input.enable_execute_command,
            ebs_volumes: input.volume_configurations.as_ref().map(|volumes| !volumes.is_empty()),
            propagate: input.propagate_tags,
        },
    )
}

/// What `CreateService` and `UpdateService` say alike.
struct ServiceKeys<'a> {
    cluster: Option<&'a str>,
    definition: Option<&'a str>,
    shares: &'a [aws::CapacityProviderStrategyItem],
    network: Option<&'a aws::NetworkConfiguration>,
    managed_tags: Option<bool>,
    execute_command: Option<bool>,
    ebs_volumes: Option<bool>,
    propagate: Option<aws::PropagateTags>,
}

fn service_keys(cx: &Cx, given: &ServiceKeys<'_>) -> Context {
    let mut keys = in_cluster(cx, given.cluster);
    providers(&mut keys, cx, given.shares.iter().map(|share| &share.capacity_provider));
    for (key, value) in [
        ("ecs:enable-ecs-managed-tags", given.managed_tags),
        ("ecs:enable-execute-command", given.execute_command),
        ("ecs:enable-ebs-volumes", given.ebs_volumes),
    ] {
        if let Some(value) = value {
            keys.set(key, value.to_string());
        }
    }
    if let Some(text) = given.definition.filter(|text| !text.is_empty()) {
        // A definition that can't be looked up is nobody's; the handler meets the same trouble.
        let arn = definition(cx, cx.snapshot(), text).unwrap_or_else(|_| nothing(cx, "task-definition", text));
        keys.set("ecs:task-definition", arn.to_string());
    }
    if let Some(propagate) = given.propagate {
        keys.set("ecs:propagate-tags", propagate.as_str());
    }
    if let Some(network) = given.network.and_then(|network| network.awsvpc_configuration.as_ref()) {
        keys.set_all("ecs:subnet", network.subnets.iter().map(String::as_str));
        keys.set("ecs:auto-assign-public-ip", is_on(network.assign_public_ip.map(|it| it == aws::AssignPublicIp::Enabled)));
    }
    keys
}

fn is_on(given: Option<bool>) -> String {
    given.unwrap_or_default().to_string()
}

fn providers<'a>(keys: &mut Context, cx: &Cx, names: impl Iterator<Item = &'a String>) {
    keys.set_all("ecs:capacity-provider", names.map(|name| cx.arn("ecs", format!("capacity-provider/{name}")).to_string()));
}
