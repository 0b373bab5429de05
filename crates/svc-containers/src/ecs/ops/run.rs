//! `RunTask`.

use super::instances::{self, Place};
use crate::ecs::{
    definition::check_fargate_size,
    errors::{self, invalid, refuse_unbuilt},
    launch,
    load::{self, LoadedTask},
    names, overrides, roles, tags, views,
};
use agent_proto::Capabilities;
use api::ecs as aws;
use front::{Answer, Cx};
use logic::placement;
use model::{
    Key,
    ecs::{
        AwsVpc, Cluster, Definition, Launch, LaunchType, PropagateTags, Task, TaskDefinitionSpec, TaskOverride, TaskSpec,
        short_id,
    },
};
use spine::Tx;
use std::time::Duration;
use wire::Fault;

/// For so long a `clientToken` is known.
const TOKEN_LIVES: Duration = Duration::from_secs(24 * 3600);

/// `RunTask`: as many tasks as asked for, or as there is room for.
pub fn run(cx: &Cx, tx: &mut Tx, machine: &Capabilities, input: &aws::RunTaskRequest) -> Answer<aws::RunTaskResponse> {
    refuse(input)?;
    let (cluster, cluster_spec) = names::active_cluster(cx, tx, input.cluster.as_deref())?;
    let definition = names::active_definition(cx, tx, &input.task_definition)?;
    let count = count(input.count)?;
    if let Some(done) = done_before(cx, tx, &cluster, &definition, count, input)? {
        return answer(tx, &done, Vec::new());
    }
    let launch = launch::launch(&cluster_spec, input.launch_type, &input.capacity_provider_strategy)?;
    let template = template(cx, tx, &cluster, &definition, &launch, input)?;
    pass_roles(cx, tx, &cluster, &definition.definition, &template.overrides)?;
    let room = match launch.launch_type() {
        LaunchType::Fargate => Room { count, instance: None, failures: Vec::new() },
        LaunchType::Ec2 => room_on_instance(cx, tx, &cluster, machine, (&definition.definition, &template.overrides), count)?,
    };
    let mut started = Vec::new();
    for _ in 0..room.count {
        let spec = place(&template, &launch, &started, room.instance.clone());
        let key = Key::<Task>::new(&cx.account, &cx.region, format!("{}/{}", cluster.id, cx.env.hex(32)));
        tx.create(&key, &spec)?;
        started.push((key, spec));
    }
    let keys: Vec<Key<Task>> = started.into_iter().map(|(key, _)| key).collect();
    answer(tx, &keys, room.failures)
}

fn refuse(input: &aws::RunTaskRequest) -> Result<(), Fault> {
    refuse_unbuilt(&[
        ("enableExecuteCommand", input.enable_execute_command == Some(true)),
        ("volumeConfigurations", errors::filled(&input.volume_configurations)),
        ("referenceId", input.reference_id.is_some()),
    ])?;
    let long = |text: &Option<String>, most: usize| text.as_ref().is_some_and(|text| text.chars().count() > most);
    match () {
        () if long(&input.started_by, 128) => Err(invalid("startedBy can have 128 characters at most.")),
        () if long(&input.client_token, 64) => Err(invalid("clientToken can have 64 characters at most.")),
        () if long(&input.group, 255) => Err(invalid("group can have 255 characters at most.")),
        () if input.group.as_deref().is_some_and(|group| group.starts_with("service:")) => {
            Err(invalid("A group name that begins with service: is for the tasks of services."))
        }
        () => Ok(()),
    }
}

fn count(given: Option<i32>) -> Result<u32, Fault> {
    match given.unwrap_or(1) {
        count @ 1..=10 => Ok(count as u32),
        _ => Err(invalid("count must be between 1 and 10.")),
    }
}

/// The tasks that a request with the same token has started.
fn done_before(
    cx: &Cx,
    tx: &Tx,
    cluster: &Key<Cluster>,
    definition: &TaskDefinitionSpec,
    count: u32,
    input: &aws::RunTaskRequest,
) -> Answer<Option<Vec<Key<Task>>>> {
    let Some(token) = input.client_token.as_ref() else { return Ok(None) };
    let same = |task: &LoadedTask| task.spec.client_token.as_ref() == Some(token) && cx.now < task.spec.created_at + TOKEN_LIVES;
    let tasks: Vec<LoadedTask> = load::tasks(tx, cluster)?.into_iter().filter(same).collect();
    let differs = |task: &LoadedTask| task.spec.definition != definition.revision || task.spec.started_by != input.started_by;
    match tasks.len() {
        0 => Ok(None),
        found if found > count as usize || tasks.iter().any(differs) => {
            Err(errors::conflict(tasks.iter().map(|task| task.key.arn().to_string()).collect()))
        }
        _ => Ok(Some(tasks.into_iter().map(|task| task.key).collect())),
    }
}

/// What all tasks of the request have in common.
fn template(
    cx: &Cx,
    tx: &Tx,
    cluster: &Key<Cluster>,
    definition: &TaskDefinitionSpec,
    launch: &Launch,
    input: &aws::RunTaskRequest,
) -> Answer<TaskSpec> {
    launch::check_compatible(&definition.definition, launch)?;
    launch::placement(launch, &input.placement_constraints, &input.placement_strategy)?;
    let mode = definition.definition.network_mode;
    let overrides = overrides::parse(tx, &cx.account, &definition.definition, input.overrides.as_ref())?;
    check_size(&definition.definition, &overrides, launch)?;
    let mut all_tags = tags::parse(&input.tags)?;
    match tags::propagate(input.propagate_tags) {
        Some(PropagateTags::Service) => return Err(invalid("propagateTags SERVICE is for services; a task has none.")),
        Some(PropagateTags::TaskDefinition) => {
            definition.tags.iter().for_each(|(key, value)| {
                all_tags.entry(key.clone()).or_insert_with(|| value.clone());
            });
        }
        None => {}
    }
    if input.enable_ecs_managed_tags == Some(true) {
        all_tags.extend(tags::managed(&cluster.id, None));
    }
    tags::check_count(&all_tags)?;
    Ok(TaskSpec {
        created_at: cx.now,
        definition: definition.revision.clone(),
        overrides,
        started_by: input.started_by.clone(),
        group: input.group.clone().unwrap_or_else(|| format!("family:{}", definition.revision.family)),
        service: None,
        launch_type: launch.launch_type(),
        capacity_provider: None,
        platform_version: launch::platform_version(input.platform_version.as_deref(), launch)?.as_deref().map(launch::platform),
        container_instance: None,
        network: launch::network(cx, tx, mode, launch, input.network_configuration.as_ref())?,
        load_balancers: Vec::new(),
        client_token: input.client_token.clone(),
        tags: all_tags,
    })
}

/// The caller has to be allowed to pass the roles on, and ECS to assume them.
fn pass_roles(cx: &Cx, tx: &Tx, cluster: &Key<Cluster>, definition: &Definition, overrides: &TaskOverride) -> Result<(), Fault> {
    roles::pass(cx, overrides.roles(definition))?;
    roles::check(tx, &cx.account, &cluster.arn(), overrides.roles(definition))?.map_err(errors::client)
}

/// With its overrides, a task on Fargate still has to be of a size that Fargate has.
fn check_size(definition: &Definition, overrides: &TaskOverride, launch: &Launch) -> Result<(), Fault> {
    let size = (overrides.cpu.or(definition.cpu), overrides.memory.or(definition.memory));
    match (launch.launch_type(), size) {
        (LaunchType::Fargate, (Some(cpu), Some(memory))) => check_fargate_size(cpu, memory),
        _ => Ok(()),
    }
}

/// How many of the tasks can be placed, on which container instance, and what is said of the others.
struct Room {
    count: u32,
    instance: Option<String>,
    failures: Vec<aws::Failure>,
}

fn room_on_instance(
    cx: &Cx,
    tx: &mut Tx,
    cluster: &Key<Cluster>,
    machine: &Capabilities,
    kind: (&Definition, &TaskOverride),
    count: u32,
) -> Answer<Room> {
    let Some(found) = instances::ensure(tx, cluster, machine, &Place::of(cx))? else {
        return Err(invalid("No Container Instances were found in your cluster."));
    };
    let tasks = load::tasks(tx, cluster)?;
    let (fit, refusal) = instances::fitting(kind, &found, machine, &tasks, count);
    let key = found.0;
    let failure = |refusal: placement::Refusal| views::failure(key.arn().to_string(), refusal.as_str());
    let failures = (fit..count).filter_map(|_| refusal.map(failure)).collect();
    Ok(Room { count: fit, instance: Some(short_id(&key.id).into()), failures })
}

/// One task: subnets and capacity providers are taken in turn.
fn place(template: &TaskSpec, launch: &Launch, before: &[(Key<Task>, TaskSpec)], instance: Option<String>) -> TaskSpec {
    let providers = before.iter().filter_map(|(_, spec)| spec.capacity_provider.as_deref());
    let capacity_provider = match launch {
        Launch::Providers(shares) => placement::provider(shares, providers),
        Launch::Type(_) => None,
    };
    let taken = before.iter().filter_map(|(_, spec)| spec.network.as_ref()?.subnets.first().map(String::as_str));
    let network = template.network.as_ref().map(|network| chosen_first(network, placement::subnet(&network.subnets, taken)));
    TaskSpec { capacity_provider, network, container_instance: instance, ..template.clone() }
}

/// The network with the chosen subnet in the first place.
pub fn chosen_first(network: &AwsVpc, chosen: Option<String>) -> AwsVpc {
    let mut network = network.clone();
    if let Some(chosen) = chosen {
        network.subnets.sort_by_key(|subnet| *subnet != chosen);
    }
    network
}

fn answer(tx: &Tx, keys: &[Key<Task>], failures: Vec<aws::Failure>) -> Answer<aws::RunTaskResponse> {
    let mut tasks = Vec::new();
    for key in keys {
        tasks.extend(load::task(tx, key)?.map(|task| views::task(&task, true)));
    }
    Ok(aws::RunTaskResponse { tasks: Some(tasks), failures: Some(failures) })
}
