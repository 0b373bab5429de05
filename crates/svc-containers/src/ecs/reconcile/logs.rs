//! The streams of CloudWatch Logs that containers with the `awslogs` driver write to.

use crate::ecs::load::LoadedTask;
use agent_proto::record::LOCAL_HOST;
use model::{
    AccountId, Arn, Env, Key, Region, Timestamp,
    ecs::{ContainerDefinition, LogConfiguration},
    logs::{LogGroup, LogGroupSpec, LogSource, LogSourceSpec, LogStream, LogStreamSpec, source_id, stream_id},
};
use spine::{Read, StoreError, Tx};

/// Makes the streams and the sources of a task's containers. The error that is no store's is a task's: its group isn't there.
pub fn open(tx: &mut Tx, task: &LoadedTask, env: &Env, now: Timestamp) -> Result<Result<(), String>, StoreError> {
    for (container, log, region) in logged(task) {
        if let Err(reason) = open_one(tx, task, container, log, &region, env, now)? {
            return Ok(Err(reason));
        }
    }
    Ok(Ok(()))
}

fn open_one(
    tx: &mut Tx,
    task: &LoadedTask,
    container: &ContainerDefinition,
    log: &LogConfiguration,
    region: &Region,
    env: &Env,
    now: Timestamp,
) -> Result<Result<(), String>, StoreError> {
    let option = |name: &str| log.options.get(name).map(String::as_str).unwrap_or_default();
    let (account, group) = (&task.key.account, option("awslogs-group"));
    let group_key = Key::<LogGroup>::new(account, region, group);
    if !tx.exists(&group_key)? {
        if option("awslogs-create-group") != "true" {
            return Ok(Err(no_group()));
        }
        let spec = LogGroupSpec {
            uid: env.hex(32),
            created: now,
            retention_days: None,
            deletion_protected: false,
            tags: Default::default(),
        };
        tx.create(&group_key, &spec)?;
    }
    let stream = stream_name(option("awslogs-stream-prefix"), &container.name, task.id());
    let stream_key = Key::<LogStream>::new(account, region, stream_id(group, &stream));
    if !tx.exists(&stream_key)? {
        tx.create(&stream_key, &LogStreamSpec { uid: env.hex(32), created: now })?;
    }
    let source = Key::<LogSource>::new(account, region, source_id(task.id(), &container.name));
    let spec = LogSourceSpec {
        host: LOCAL_HOST.into(),
        workload: task.id().into(),
        container: container.name.clone(),
        group: group.into(),
        stream,
    };
    if tx.exists(&source)? {
        tx.delete(&source)?;
    }
    tx.create(&source, &spec)?;
    Ok(Ok(()))
}

/// A stream that a container of a task writes to.
pub struct Stream {
    account: AccountId,
    region: Region,
    group: String,
    name: String,
    /// The group is made with it if it isn't there.
    pub makes_group: bool,
}

impl Stream {
    /// The ARN under which CloudWatch Logs decides on its group: the one that the group's streams begin with.
    pub fn group_arn(&self) -> Arn {
        Arn::new("logs", &self.region, &self.account, format!("log-group:{}:log-stream:", self.group))
    }

    /// Its ARN.
    pub fn arn(&self) -> Arn {
        Arn::new("logs", &self.region, &self.account, format!("log-group:{}:log-stream:{}", self.group, self.name))
    }
}

/// The streams that a task's containers write to.
pub fn streams(task: &LoadedTask) -> impl Iterator<Item = Stream> {
    logged(task).map(|(container, log, region)| {
        let option = |name: &str| log.options.get(name).map(String::as_str).unwrap_or_default();
        Stream {
            account: task.key.account.clone(),
            region,
            group: option("awslogs-group").into(),
            name: stream_name(option("awslogs-stream-prefix"), &container.name, task.id()),
            makes_group: option("awslogs-create-group") == "true",
        }
    })
}

/// `prefix/container/task`.
fn stream_name(prefix: &str, container: &str, task: &str) -> String {
    format!("{prefix}/{container}/{task}")
}

fn no_group() -> String {
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch \
     log stream: ResourceNotFoundException: The specified log group does not exist."
        .into()
}

/// The containers that write to CloudWatch Logs, and the regions that they write to.
fn logged(task: &LoadedTask) -> impl Iterator<Item = (&ContainerDefinition, &LogConfiguration, Region)> {
    let containers = task.definition.containers.iter();
    containers.filter_map(|container| {
        let log = container.log.as_ref()?;
        let region = log.options.get("awslogs-region").and_then(|region| Region::parse(region).ok());
        Some((container, log, region.unwrap_or_else(|| task.key.region.clone())))
    })
}

/// The keys of a task's sources.
pub fn sources(task: &LoadedTask) -> impl Iterator<Item = Key<LogSource>> {
    logged(task).map(|(container, _, region)| Key::new(&task.key.account, &region, source_id(task.id(), &container.name)))
}

/// Whether all that a task's containers wrote has been read. One that was never started wrote nothing.
pub fn drained(read: &impl Read, task: &LoadedTask) -> Result<bool, StoreError> {
    if task.plan.stopped_at.is_none() {
        return Ok(false);
    }
    let progress = task.facts().progress();
    for ((container, ..), key) in logged(task).zip(sources(task)) {
        let started = progress.containers.get(&container.name).is_some_and(|container| container.started_at.is_some());
        if started && read.get(&key)?.is_some_and(|source| !source.plan.drained) {
            return Ok(false);
        }
    }
    Ok(true)
}
