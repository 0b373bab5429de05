//! Tags of clusters, services, tasks and task definitions.

use crate::ecs::{
    errors::{self, invalid},
    names, tags,
};
use api::ecs as aws;
use front::{Answer, Cx};
use model::{
    Arn, Key,
    ecs::{Cluster, Revision, Service, Tags, Task, TaskDefinition},
};
use spine::{Read, StoreError, Tx};
use wire::Fault;

/// A resource that has tags.
enum Tagged {
    Cluster(Key<Cluster>),
    Service(Key<Service>),
    Task(Key<Task>),
    Definition(Key<TaskDefinition>),
}

impl Tagged {
    fn find(cx: &Cx, text: &str) -> Result<Self, Fault> {
        let arn: Arn =
            text.parse().map_err(|_| invalid(format!("Invalid ARN: {}", text.chars().take(128).collect::<String>())))?;
        if (&*arn.account, &*arn.region) != (cx.account.as_str(), cx.region.as_str()) {
            return Err(errors::resource_not_found());
        }
        let kind = arn.resource.split('/').next().unwrap_or_default();
        let found = match kind {
            "cluster" => Key::<Cluster>::of_arn(&arn).map(Tagged::Cluster),
            "service" => Key::<Service>::of_arn(&arn).map(Tagged::Service),
            "task" => Key::<Task>::of_arn(&arn).map(Tagged::Task),
            "task-definition" => match names::revision(cx, text)? {
                (family, Some(number)) => Some(Tagged::Definition(Revision { family, number }.key(&cx.account, &cx.region))),
                _ => None,
            },
            "container-instance" | "capacity-provider" | "task-set" => {
                return Err(errors::unbuilt(format_args!("resourceArn ({kind})")));
            }
            _ => None,
        };
        found.ok_or_else(|| invalid("The specified resource ARN is invalid."))
    }

    fn tags(&self, tx: &impl Read) -> Result<Option<Tags>, StoreError> {
        Ok(match self {
            Tagged::Cluster(key) => tx.spec(key)?.map(|spec| spec.tags.clone()),
            Tagged::Service(key) => tx.spec(key)?.map(|spec| spec.tags.clone()),
            Tagged::Task(key) => tx.spec(key)?.map(|spec| spec.tags.clone()),
            Tagged::Definition(key) => tx.spec(key)?.map(|spec| spec.tags.clone()),
        })
    }

    fn put(&self, tx: &mut Tx, tags: Tags) -> Result<(), StoreError> {
        match self {
            Tagged::Cluster(key) => tx.update_spec(key, |spec| spec.tags = tags),
            Tagged::Service(key) => tx.update_spec(key, |spec| spec.tags = tags),
            Tagged::Task(key) => tx.update_spec(key, |spec| spec.tags = tags),
            Tagged::Definition(key) => tx.update_spec(key, |spec| spec.tags = tags),
        }
    }

    fn change(&self, tx: &mut Tx, change: impl FnOnce(&mut Tags)) -> Answer<()> {
        let mut tags = self.tags(tx)?.ok_or_else(errors::resource_not_found)?;
        change(&mut tags);
        tags::check_count(&tags)?;
        Ok(self.put(tx, tags)?)
    }
}

/// `TagResource`.
pub fn tag(cx: &Cx, tx: &mut Tx, input: &aws::TagResourceRequest) -> Answer<aws::TagResourceResponse> {
    let new = tags::parse(&Some(input.tags.clone()))?;
    Tagged::find(cx, &input.resource_arn)?.change(tx, |tags| tags.extend(new))?;
    Ok(aws::TagResourceResponse::default())
}

/// `UntagResource`.
pub fn untag(cx: &Cx, tx: &mut Tx, input: &aws::UntagResourceRequest) -> Answer<aws::UntagResourceResponse> {
    Tagged::find(cx, &input.resource_arn)?.change(tx, |tags| tags.retain(|key, _| !input.tag_keys.contains(key)))?;
    Ok(aws::UntagResourceResponse::default())
}

/// `ListTagsForResource`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &aws::ListTagsForResourceRequest) -> Answer<aws::ListTagsForResourceResponse> {
    let tags = Tagged::find(cx, &input.resource_arn)?.tags(tx)?;
    let tags = tags.ok_or_else(|| invalid("The specified resource wasn't found."))?;
    Ok(aws::ListTagsForResourceResponse { tags: Some(tags::show(&tags)) })
}
