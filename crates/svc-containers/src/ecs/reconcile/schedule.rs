//! One service: its situation read from the records, and the scheduler's decision written to them.

use super::targets;
use crate::ecs::{
    launch::platform,
    load::{self, LoadedTask, stop_key},
    ops::{
        instances::{self, Place},
        run::chosen_first,
    },
    roles, tags,
};
use agent_proto::Capabilities;
use logic::{
    deploy::{self, Room, Shortage, Situation, Start, TaskFact, TaskHealth, TaskState},
    placement,
    task::{Health, LastStatus},
};
use model::{
    Env, Key, Timestamp,
    ecs::{
        Cluster, LaunchType, PropagateTags, Service, ServiceSpec, StopCode, Tags, Target, Task, TaskOverride, TaskSpec, short_id,
    },
    elbv2,
};
use spine::{Read, StoreError, Tx};

/// A service that is to be looked at.
pub struct Scheduling<'a> {
    /// The service.
    pub key: &'a Key<Service>,
    /// The dice for ids.
    pub env: &'a Env,
    /// What the host can do.
    pub machine: &'a Capabilities,
    /// The present moment.
    pub now: Timestamp,
}

impl Scheduling<'_> {
    fn name(&self) -> &str {
        short_id(&self.key.id)
    }

    fn cluster(&self) -> Key<Cluster> {
        let name = self.key.id.split_once('/').map_or("", |(cluster, _)| cluster);
        Key::new(&self.key.account, &self.key.region, name)
    }

    /// Decides and writes; answers when to look again, whatever happens.
    pub fn run(&self, tx: &mut Tx) -> Result<Option<Timestamp>, StoreError> {
        let Some(row) = tx.get(self.key)? else { return Ok(None) };
        let loaded = load::service_tasks(tx, self.key)?;
        let facts = loaded.iter().map(|task| fact(tx, task)).collect::<Result<Vec<_>, _>>()?;
        let target = deploy::primary_target(&row.spec, &row.plan);
        let (room, instance) = match self.refusal(tx, &target)? {
            Some(error) => (Room::refused(error), None),
            None => self.room(tx, &row.spec, &target)?,
        };
        let situation = Situation { now: self.now, name: self.name(), spec: &row.spec, plan: &row.plan, tasks: &facts, room };
        let decision = deploy::decide(&situation);
        let mut plan = decision.plan;
        for (id, stop) in &decision.stop {
            let key = Key::<Task>::new(&self.key.account, &self.key.region, format!("{}/{id}", self.cluster().id));
            if !tx.exists(&stop_key(&key))? {
                tx.create(&stop_key(&key), stop)?;
            }
        }
        let mut ids = Vec::new();
        for start in decision.start {
            ids.push(self.start(tx, &row.spec, start, instance.clone())?);
        }
        deploy::started(&mut plan, self.now, self.name(), &ids);
        tx.put_plan(self.key, &plan)?;
        Ok(decision.wake)
    }

    /// How many tasks have room, and the container instance that they go to. Fargate has room always.
    /// Why no task could be had of the target's definition, wherever it is placed: ECS may not assume its roles.
    fn refusal(&self, tx: &Tx, target: &Target) -> Result<Option<String>, StoreError> {
        let Some(found) = tx.spec(&target.definition.key(&self.key.account, &self.key.region))? else { return Ok(None) };
        let overrides = TaskOverride::default();
        let checked = roles::check(tx, &self.key.account, &self.key.arn(), overrides.roles(&found.definition))?;
        Ok(checked.err())
    }

    fn room(&self, tx: &mut Tx, spec: &ServiceSpec, target: &Target) -> Result<(Room, Option<String>), StoreError> {
        if target.launch.launch_type() == LaunchType::Fargate || spec.deleted_at.is_some() {
            return Ok((Room::unbounded(), None));
        }
        let cluster = self.cluster();
        let place = Place { account: &self.key.account, region: &self.key.region, now: self.now, env: self.env };
        let Some(found) = instances::ensure(tx, &cluster, self.machine, &place)? else {
            let reason =
                "no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.";
            return Ok((Room { tasks: 0, shortage: Shortage::Place(reason.into()) }, None));
        };
        let definition = tx.spec(&target.definition.key(&self.key.account, &self.key.region))?;
        let definition = definition.map(|spec| spec.definition.clone()).unwrap_or_default();
        let kind = (&definition, &TaskOverride::default());
        let tasks = load::tasks(tx, &cluster)?;
        let (tasks, refusal) = instances::fitting(kind, &found, self.machine, &tasks, spec.desired_count.max(1));
        let instance = short_id(&found.0.id);
        let said = refusal.map_or("", placement::Refusal::sentence);
        let reason = format!(
            "no container instance met all of its requirements. The closest matching (container-instance {instance}) {said}. For more \
             information, see the Troubleshooting section of the Amazon ECS Developer Guide."
        );
        Ok((Room { tasks, shortage: Shortage::Place(reason) }, Some(instance.into())))
    }

    fn start(&self, tx: &mut Tx, service: &ServiceSpec, start: Start, instance: Option<String>) -> Result<String, StoreError> {
        let id = self.env.hex(32);
        let definition = tx.spec(&start.target.definition.key(&self.key.account, &self.key.region))?;
        let tags = self.tags(service, definition.as_ref().map(|definition| &definition.tags));
        let Start { target, subnet, provider } = start;
        let spec = TaskSpec {
            created_at: self.now,
            definition: target.definition.clone(),
            overrides: TaskOverride::default(),
            started_by: Some(target.deployment.clone()),
            group: format!("service:{}", self.name()),
            service: Some(self.name().into()),
            launch_type: target.launch.launch_type(),
            capacity_provider: provider,
            platform_version: target.platform_version.as_deref().map(platform),
            container_instance: instance,
            network: target.network.as_ref().map(|network| chosen_first(network, subnet)),
            load_balancers: target.load_balancers.clone(),
            client_token: None,
            tags,
        };
        tx.create(&Key::<Task>::new(&self.key.account, &self.key.region, format!("{}/{id}", self.cluster().id)), &spec)?;
        Ok(id)
    }

    fn tags(&self, service: &ServiceSpec, of_definition: Option<&Tags>) -> Tags {
        let mut all = match service.propagate_tags {
            Some(PropagateTags::Service) => service.tags.clone(),
            Some(PropagateTags::TaskDefinition) => of_definition.cloned().unwrap_or_default(),
            None => Tags::new(),
        };
        if service.managed_tags {
            all.extend(tags::managed(&self.cluster().id, Some(self.name())));
        }
        all
    }
}

/// A task as the scheduler sees it.
fn fact(read: &impl Read, task: &LoadedTask) -> Result<TaskFact, StoreError> {
    let view = task.view();
    let ending = view.ending.as_ref();
    let by_itself = |code: StopCode| matches!(code, StopCode::TaskFailedToStart | StopCode::EssentialContainerExited);
    Ok(TaskFact {
        id: task.id().into(),
        deployment: task.spec.started_by.clone().unwrap_or_default(),
        subnet: task.spec.network.as_ref().and_then(|network| network.subnets.first().cloned()),
        provider: task.spec.capacity_provider.clone(),
        created_at: task.spec.created_at,
        state: match view.last_status {
            LastStatus::Stopped => TaskState::Stopped,
            _ if ending.is_some() => TaskState::Stopping,
            LastStatus::Running => TaskState::Running,
            _ => TaskState::Pending,
        },
        started_at: view.started_at,
        health: health(read, task, view.health)?,
        registered: task.plan.registered.is_some(),
        deregistered: task.plan.deregistered_at.is_some(),
        died_at: ending.filter(|stop| by_itself(stop.code)).map(|stop| stop.at),
    })
}

/// What the task's own checks and those of its target groups say together.
fn health(read: &impl Read, task: &LoadedTask, own: Health) -> Result<TaskHealth, StoreError> {
    let checked = task.definition.containers.iter().any(|container| container.essential && container.health_check.is_some());
    let mut all = Vec::new();
    match own {
        Health::Unhealthy => return Ok(failed_container_checks(task)),
        Health::Unknown if checked => all.push(TaskHealth::Unknown),
        Health::Healthy => all.push(TaskHealth::Healthy),
        Health::Unknown => {}
    }
    if !task.spec.load_balancers.is_empty() && task.plan.registered.is_none() {
        all.push(TaskHealth::Unknown);
    }
    for (group, key) in targets::keys(task) {
        let seen = read.get(&key)?.map(|row| row.observed.health.clone()).unwrap_or_default();
        all.push(target_health(group, &key, seen));
    }
    let first = |wanted: fn(&TaskHealth) -> bool| all.iter().find(|health| wanted(health)).cloned();
    let unhealthy = first(|health| matches!(health, TaskHealth::Unhealthy { .. }));
    let unknown = first(|health| matches!(health, TaskHealth::Unknown));
    Ok(unhealthy.or(unknown).or(all.pop()).unwrap_or(TaskHealth::Unchecked))
}

fn failed_container_checks(task: &LoadedTask) -> TaskHealth {
    TaskHealth::Unhealthy {
        stop_reason: "Task failed container health checks".into(),
        event: format!("(task {}) failed container health checks.", task.id()),
    }
}

fn target_health(group: &str, key: &Key<elbv2::Target>, seen: elbv2::Health) -> TaskHealth {
    match seen {
        elbv2::Health::Healthy => TaskHealth::Healthy,
        elbv2::Health::Unknown | elbv2::Health::Initial => TaskHealth::Unknown,
        elbv2::Health::Unhealthy { description, .. } => TaskHealth::Unhealthy {
            stop_reason: format!("Task failed ELB health checks in (target-group {group})"),
            event: format!(
                "(port {}) is unhealthy in (target-group {group}) due to (reason {description}).",
                key.parts().map_or(0, |(.., port)| port)
            ),
        },
    }
}
