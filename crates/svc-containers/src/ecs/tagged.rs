//! What has tags, by its ARN.

use super::{errors, tags};
use front::{Answer, Cx};
use model::{
    Arn, Key,
    ecs::{Cluster, Revision, Service, Tags, Task, TaskDefinition},
};
use spine::{Read, StoreError, Tx};
use wire::Fault;

/// A resource that has tags.
pub enum Tagged {
    /// A cluster.
    Cluster(Key<Cluster>),
    /// A service.
    Service(Key<Service>),
    /// A task.
    Task(Key<Task>),
    /// A task definition.
    Definition(Key<TaskDefinition>),
}

impl Tagged {
    /// The resource of that ARN, if such a thing has tags.
    pub fn of_arn(arn: &Arn) -> Option<Self> {
        let cluster = || Key::<Cluster>::of_arn(arn).map(Tagged::Cluster);
        let service = || Key::<Service>::of_arn(arn).map(Tagged::Service);
        let task = || Key::<Task>::of_arn(arn).map(Tagged::Task);
        let definition = || Revision::key_of_arn(arn).map(Tagged::Definition);
        cluster().or_else(service).or_else(task).or_else(definition)
    }

    /// The resource that a request names.
    pub fn find(cx: &Cx, text: &str) -> Result<Self, Fault> {
        let arn: Arn =
            text.parse().map_err(|_| errors::invalid(format!("Invalid ARN: {}", text.chars().take(128).collect::<String>())))?;
        if (&*arn.account, &*arn.region) != (cx.account.as_str(), cx.region.as_str()) {
            return Err(errors::resource_not_found());
        }
        match arn.resource.split('/').next().unwrap_or_default() {
            kind @ ("container-instance" | "capacity-provider" | "task-set") => {
                Err(errors::unbuilt(format_args!("resourceArn ({kind})")))
            }
            _ => Self::of_arn(&arn).ok_or_else(|| errors::invalid("The specified resource ARN is invalid.")),
        }
    }

    /// Its tags; none if it isn't there.
    pub fn tags(&self, read: &impl Read) -> Result<Option<Tags>, StoreError> {
        Ok(match self {
            Tagged::Cluster(key) => read.spec(key)?.map(|spec| spec.tags.clone()),
            Tagged::Service(key) => read.spec(key)?.map(|spec| spec.tags.clone()),
            Tagged::Task(key) => read.spec(key)?.map(|spec| spec.tags.clone()),
            Tagged::Definition(key) => read.spec(key)?.map(|spec| spec.tags.clone()),
        })
    }

    /// Changes its tags.
    pub fn change(&self, tx: &mut Tx, change: impl FnOnce(&mut Tags)) -> Answer<()> {
        let mut found = self.tags(tx)?.ok_or_else(errors::resource_not_found)?;
        change(&mut found);
        tags::check_count(&found)?;
        Ok(self.put(tx, found)?)
    }

    fn put(&self, tx: &mut Tx, tags: Tags) -> Result<(), StoreError> {
        match self {
            Tagged::Cluster(key) => tx.update_spec(key, |spec| spec.tags = tags),
            Tagged::Service(key) => tx.update_spec(key, |spec| spec.tags = tags),
            Tagged::Task(key) => tx.update_spec(key, |spec| spec.tags = tags),
            Tagged::Definition(key) => tx.update_spec(key, |spec| spec.tags = tags),
        }
    }
}
