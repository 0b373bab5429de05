//! What is done in the name of a task's execution role before the task is started, and what ECS says if the role may not do it.
//!
//! A task without an execution role has everything done by the host in the cloud's own name.

use super::logs;
use crate::{
    ecr::repository_facts,
    ecs::{load::LoadedTask, roles},
};
use front::{Behalf, Facts};
use logic::image_reference::{OwnImage, own_registry, parse};
use model::{Arn, Key, Timestamp, ecr::Repository};
use spine::Snapshot;
use wire::Fault;

/// What for something is needed.
#[derive(Clone, Debug)]
enum Stage {
    /// To log in to the registry.
    Login,
    /// To find the image of this reference, in this repository.
    Manifest(String, Key<Repository>),
    /// To fetch its layers.
    Layers(String, Key<Repository>),
    /// To make a group or a stream of CloudWatch Logs, and to write to it.
    Logs,
}

/// Something that the role has to be allowed.
#[derive(Clone, Debug)]
struct Need {
    stage: Stage,
    action: &'static str,
    /// None stands for `*`.
    resource: Option<Arn>,
}

impl Need {
    /// What is known of the thing that it is needed for.
    fn facts(&self, snapshot: &Snapshot) -> Result<Facts, Fault> {
        match &self.stage {
            Stage::Manifest(_, repository) | Stage::Layers(_, repository) => repository_facts(snapshot, repository),
            Stage::Login | Stage::Logs => Ok(Facts::default()),
        }
    }
}

/// Why the task's execution role doesn't do for the task, in the words of `stoppedReason`.
pub fn refusal(snapshot: &Snapshot, endpoint: &str, task: &LoadedTask, now: Timestamp) -> Result<Option<String>, Fault> {
    let Some(role) = task.execution_role() else { return Ok(None) };
    let key = &task.key;
    if let Err(reason) = roles::check(snapshot, &key.account, &key.arn(), [role])? {
        return Ok(Some(reason));
    }
    let behalf = Behalf { account: &key.account, role, session: task.id(), region: key.region.as_str() };
    for need in needs(task, endpoint) {
        let facts = need.facts(snapshot)?;
        if let Err(denial) = behalf.may(snapshot, now, need.action, (need.resource.as_ref(), &facts))? {
            return Ok(Some(reason(&need.stage, &denial)));
        }
    }
    Ok(None)
}

/// In the order in which it would be done.
fn needs(task: &LoadedTask, endpoint: &str) -> Vec<Need> {
    let (account, region) = (&task.key.account, &task.key.region);
    let images = task.definition.containers.iter().map(|container| &container.image);
    let own = images.filter_map(|image| Some((image, own_registry(image, endpoint, account, region)?)));
    let mut found: Vec<Need> = own.flat_map(|(image, own)| of_image(image, &own)).collect();
    found.sort_by_key(|need| !matches!(need.stage, Stage::Login));
    found.extend(logs::streams(task).flat_map(of_stream));
    found
}

/// Amazon ECR User Guide, "Amazon ECR repository policies": what pulling an image takes.
fn of_image(image: &str, own: &OwnImage) -> [Need; 4] {
    let repository = Key::<Repository>::new(&own.account, &own.region, own.repository.clone());
    let need = |stage: fn(String, Key<Repository>) -> Stage, action| Need {
        stage: stage(image.into(), repository.clone()),
        action,
        resource: Some(repository.arn()),
    };
    [
        Need { stage: Stage::Login, action: "ecr:GetAuthorizationToken", resource: None },
        need(Stage::Manifest, "ecr:BatchGetImage"),
        need(Stage::Layers, "ecr:BatchCheckLayerAvailability"),
        need(Stage::Layers, "ecr:GetDownloadUrlForLayer"),
    ]
}

fn of_stream(stream: logs::Stream) -> impl Iterator<Item = Need> {
    let need = |action, resource| Need { stage: Stage::Logs, action, resource: Some(resource) };
    let group = stream.makes_group.then(|| need("logs:CreateLogGroup", stream.group_arn()));
    let rest = [need("logs:CreateLogStream", stream.arn()), need("logs:PutLogEvents", stream.arn())];
    group.into_iter().chain(rest)
}

/// Amazon ECS Developer Guide, "Amazon ECS stopped tasks error messages".
fn reason(stage: &Stage, denial: &str) -> String {
    match stage {
        Stage::Login => format!(
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to \
             retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: {denial} status code: 400"
        ),
        Stage::Manifest(image, _) => format!(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: pulling from host \
             {} failed: 403 Forbidden: {denial}",
            host(image)
        ),
        Stage::Layers(image, _) => format!(
            "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: the layers of \
             {image}: 403 Forbidden: {denial}"
        ),
        Stage::Logs => format!(
            "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create \
             Cloudwatch log stream: AccessDeniedException: {denial} status code: 400: exit status 1"
        ),
    }
}

fn host(image: &str) -> String {
    parse(image).map(|reference| reference.registry).unwrap_or_default()
}
