//! Tasks read with everything that their state is a function of, from a snapshot or within a transaction.

use super::workload::progress;
use agent_proto::record::Hosted;
use logic::task::{Facts, LastStatus, View, view};
use model::{
    Key,
    ecs::{
        Cluster, Definition, Progress, Service, Stop, Task, TaskDefinition, TaskDefinitionSpec, TaskPlan, TaskSpec, TaskStop,
        short_id,
    },
    iam::WorkloadCredentials,
};
use spine::{Read, Scope, StoreError};
use std::{collections::BTreeMap, sync::Arc};

/// A task with its task definition, the wish that it stop, and what its host says.
pub struct LoadedTask {
    /// Where it stands.
    pub key: Key<Task>,
    /// What was asked for.
    pub spec: Arc<TaskSpec>,
    /// The steps taken.
    pub plan: Arc<TaskPlan>,
    /// The wish that it stop.
    pub stop: Option<Arc<Stop>>,
    /// Its workload is on a host.
    pub hosted: bool,
    /// How its containers are.
    pub progress: Progress,
    /// What it consists of; empty if the definition is gone.
    pub definition: Arc<Definition>,
}

impl LoadedTask {
    /// What its state is a function of.
    pub fn facts(&self) -> Facts<'_> {
        let stop = self.stop.as_deref();
        Facts { definition: &self.definition, spec: &self.spec, plan: &self.plan, stop, progress: &self.progress }
    }
    /// What changes in its life.
    pub fn view(&self) -> View {
        view(&self.facts())
    }
    /// The ARN of the role that its containers act as.
    pub fn task_role(&self) -> Option<&str> {
        self.spec.overrides.task_role(&self.definition)
    }
    /// The ARN of the role in whose name its images are pulled and its output is kept.
    pub fn execution_role(&self) -> Option<&str> {
        self.spec.overrides.execution_role(&self.definition)
    }
    /// Its 32 digits.
    pub fn id(&self) -> &str {
        short_id(&self.key.id)
    }
    /// Whether it counts as running.
    pub fn runs(&self) -> bool {
        self.facts().last_status() == LastStatus::Running
    }
    /// Whether it counts as pending.
    pub fn is_pending(&self) -> bool {
        self.facts().last_status() < LastStatus::Running
    }
}

/// The key of a task's workload.
pub fn hosted_key(task: &Key<Task>) -> Key<Hosted> {
    Key::new(&task.account, &task.region, short_id(&task.id))
}

/// The key of the credentials of a task's role.
pub fn credentials_key(task: &Key<Task>) -> Key<WorkloadCredentials> {
    Key::new(&task.account, &task.region, format!("ecs/{}", task.id))
}

/// The key of the wish that a task stop.
pub fn stop_key(task: &Key<Task>) -> Key<TaskStop> {
    Key::new(&task.account, &task.region, task.id.clone())
}

/// One task.
pub fn task(read: &impl Read, key: &Key<Task>) -> Result<Option<LoadedTask>, StoreError> {
    let Some(row) = read.get(key)? else { return Ok(None) };
    let definition = read.spec(&row.spec.definition.key(&key.account, &key.region))?;
    complete(read, key.clone(), row, definition).map(Some)
}

/// All tasks of a cluster.
pub fn tasks(read: &impl Read, cluster: &Key<Cluster>) -> Result<Vec<LoadedTask>, StoreError> {
    let prefix = format!("{}/", cluster.id);
    let mut definitions: BTreeMap<String, Option<Arc<TaskDefinitionSpec>>> = BTreeMap::new();
    let mut loaded = Vec::new();
    for (key, row) in read.list::<Task>(Scope::Prefix(&cluster.account, &cluster.region, &prefix))? {
        let at: Key<TaskDefinition> = row.spec.definition.key(&key.account, &key.region);
        let definition = match definitions.get(&at.id) {
            Some(known) => known.clone(),
            None => definitions.entry(at.id.clone()).or_insert(read.spec(&at)?).clone(),
        };
        loaded.push(complete(read, key, row, definition)?);
    }
    Ok(loaded)
}

/// All tasks of a service, since the service was made: another one of its name may have been there before it.
pub fn service_tasks(read: &impl Read, service: &Key<Service>) -> Result<Vec<LoadedTask>, StoreError> {
    let Some((cluster, name)) = service.id.split_once('/') else { return Ok(Vec::new()) };
    let since = read.spec(service)?.map(|spec| spec.created_at);
    let all = tasks(read, &Key::new(&service.account, &service.region, cluster))?;
    let own =
        |task: &LoadedTask| task.spec.service.as_deref() == Some(name) && since.is_some_and(|at| task.spec.created_at >= at);
    Ok(all.into_iter().filter(own).collect())
}

fn complete(
    read: &impl Read,
    key: Key<Task>,
    row: spine::Row<Task>,
    definition: Option<Arc<TaskDefinitionSpec>>,
) -> Result<LoadedTask, StoreError> {
    let hosted = read.get(&hosted_key(&key))?;
    Ok(LoadedTask {
        stop: read.spec(&stop_key(&key))?,
        hosted: hosted.is_some(),
        progress: hosted.map(|hosted| progress(&hosted.observed)).unwrap_or_default(),
        definition: definition.map(|spec| Arc::new(spec.definition.clone())).unwrap_or_default(),
        spec: row.spec,
        plan: row.plan,
        key,
    })
}
