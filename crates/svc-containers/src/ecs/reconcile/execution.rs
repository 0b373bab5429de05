//! What is done in the name of a task's execution role before the task is started, and what ECS says if the role may not do it.
//!
//! A task without an execution role has everything done by the host in the cloud's own name.

use super::logs;
use crate::ecs::{load::LoadedTask, roles};
use front::Behalf;
use logic::image_reference::{OwnImage, own_registry, parse};
use model::{Arn, Key, Timestamp, ecr::Repository};
use spine::Snapshot;
use wire::Fault;

/// What for something is needed.
#[derive(Clone, Debug)]
enum Stage {
    /// To log in to the registry.
    Login,
    /// To find the image of this reference.
    Manifest(String),
    /// To fetch its layers.
    Layers(String),
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

/// Why the task's execution role doesn't do for the task, in the words of `stoppedReason`.
pub fn refusal(snapshot: &Snapshot, endpoint: &str, task: &LoadedTask, now: Timestamp) -> Result<Option<String>, Fault> {
    let Some(role) = task.execution_role() else { return Ok(None) };
    let key = &task.key;
    if let Err(reason) = roles::check(snapshot, &key.account, &key.arn(), [role])? {
        return Ok(Some(reason));
    }
    let behalf = Behalf { account: &key.account, role, session: task.id(), region: key.region.as_str() };
    for need in needs(task, endpoint) {
        if let Err(denial) = behalf.may(snapshot, now, need.action, need.resource.as_ref())? {
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
    let mut found: Vec<Need> =
        own.filter(|(_, own)| own.account == *account).flat_map(|(image, own)| of_image(image, &own)).collect();
    found.sort_by_key(|need| !matches!(need.stage, Stage::Login));
    found.extend(logs::streams(task).flat_map(of_stream));
    found
}

/// Amazon ECR User Guide, "Amazon ECR repository policies": what pulling an image takes.
fn of_image(image: &str, own: &OwnImage) -> [Need; 4] {
    let repository = Key::<Repository>::new(&own.account, &own.region, own.repository.clone()).arn();
    let need = |stage, action| Need { stage, action, resource: Some(repository.clone()) };
    [
        Need { stage: Stage::Login, action: "ecr:GetAuthorizationToken", resource: None },
        need(Stage::Manifest(image.into()), "ecr:BatchGetImage"),
        need(Stage::Layers(image.into()), "ecr:BatchCheckLayerAvailability"),
        need(Stage::Layers(image.into()), "ecr:GetDownloadUrlForLayer"),
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
        Stage::Manifest(image) => format!(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: pulling from host \
             {} failed: 403 Forbidden: {denial}",
            host(image)
        ),
        Stage::Layers(image) => format!(
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
