//! Tasks that are there: stop, describe, list.

use crate::ecs::{
    errors::{self, invalid},
    load::{self, LoadedTask},
    names, paging, views,
};
use api::ecs as aws;
use front::{Answer, Cx};
use model::ecs::{Stop, StopCode};
use spine::{Read, Tx};
use wire::Fault;

fn task_not_found() -> Fault {
    invalid("The referenced task was not found.")
}

/// `StopTask`. A task that is on its way to stop for another reason keeps that reason.
pub fn stop(cx: &Cx, tx: &mut Tx, input: &aws::StopTaskRequest) -> Answer<aws::StopTaskResponse> {
    let (cluster, _) = names::active_cluster(cx, tx, input.cluster.as_deref())?;
    let key = names::task(&cluster, &input.task)?;
    let task = load::task(tx, &key)?.ok_or_else(task_not_found)?;
    if task.facts().ending().is_none() {
        let reason = input.reason.clone().unwrap_or_else(|| "Task stopped by user".into());
        if reason.chars().count() > 1024 {
            return Err(invalid("The reason can have 1024 characters at most."));
        }
        tx.create(&load::stop_key(&key), &Stop { at: cx.now, code: StopCode::UserInitiated, reason })?;
    }
    let task = load::task(tx, &key)?.ok_or_else(task_not_found)?;
    Ok(aws::StopTaskResponse { task: Some(views::task(&task, false)) })
}

/// `DescribeTasks`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &aws::DescribeTasksRequest) -> Answer<aws::DescribeTasksResponse> {
    let (cluster, _) = names::active_cluster(cx, tx, input.cluster.as_deref())?;
    if input.tasks.is_empty() {
        return Err(invalid("Tasks cannot be empty."));
    }
    if input.tasks.len() > 100 {
        return Err(invalid("tasks can have at most 100 items."));
    }
    let with_tags = input.include.iter().flatten().any(|field| *field == aws::TaskField::Tags);
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for text in &input.tasks {
        let key = names::task(&cluster, text)?;
        match load::task(tx, &key)? {
            Some(task) => tasks.push(views::task(&task, with_tags)),
            None => failures.push(views::failure(key.arn().to_string(), "MISSING")),
        }
    }
    Ok(aws::DescribeTasksResponse { tasks: Some(tasks), failures: Some(failures) })
}

/// `ListTasks`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &aws::ListTasksRequest) -> Answer<aws::ListTasksResponse> {
    errors::refuse_unbuilt(&[("daemonName", input.daemon_name.is_some())])?;
    let (cluster, _) = names::active_cluster(cx, tx, input.cluster.as_deref())?;
    let service = input.service_name.as_deref().map(|name| names::service(&cluster, name)).transpose()?;
    if let Some(service) = &service {
        tx.spec(service)?.ok_or_else(errors::service_not_found)?;
    }
    let filter = Filter { input, service: service.as_ref().map(|key| model::ecs::short_id(&key.id)) };
    let tasks = load::tasks(tx, &cluster)?;
    let items = tasks.iter().filter(|task| filter.fits(task)).map(|task| (task.key.id.clone(), task.key.arn().to_string()));
    let (arns, next_token) = paging::page(items, false, input.max_results, input.next_token.as_deref())?;
    Ok(aws::ListTasksResponse { task_arns: Some(arns), next_token })
}

struct Filter<'a> {
    input: &'a aws::ListTasksRequest,
    service: Option<&'a str>,
}

impl Filter<'_> {
    fn fits(&self, task: &LoadedTask) -> bool {
        let (input, spec) = (self.input, &task.spec);
        let desired = input.desired_status.unwrap_or(aws::DesiredStatus::Running).as_str();
        let instance = input.container_instance.as_deref().map(model::ecs::short_id);
        task.view().desired_status == desired
            && input.family.as_ref().is_none_or(|family| spec.definition.family == *family)
            && input.started_by.as_ref().is_none_or(|by| spec.started_by.as_ref() == Some(by))
            && self.service.is_none_or(|service| spec.service.as_deref() == Some(service))
            && instance.is_none_or(|instance| spec.container_instance.as_deref() == Some(instance))
            && input.launch_type.is_none_or(|kind| kind == views::launch_type(spec.launch_type))
    }
}
