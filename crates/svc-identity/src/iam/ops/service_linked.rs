//! Roles that services have in an account. Nobody but the service may change them, and nothing in this cloud depends on them.

use super::super::{access, errors, keys, names, permissions::Holder, service_linked, views};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::{
    Key, Region,
    iam::{Permissions, Role, RoleDeletion, RoleDeletionSpec, RoleSpec, global_arn},
};
use service_linked::Linked;
use spine::{Read, Scope, Tx};
use std::{collections::BTreeSet, time::Duration};

/// How long the outcome of a deletion can be asked for.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::CreateServiceLinkedRole>(
            Access::on(|cx, i: &sdk::CreateServiceLinkedRoleRequest| at_creation(cx, &i.aws_service_name))
                .keys(|_, i| keys::service(&i.aws_service_name)),
            create,
        )
        .op::<sdk::DeleteServiceLinkedRole>(Access::found(|cx, at, i| access::existing::<Role>(cx, at, &i.role_name)), delete)
        .op::<sdk::GetServiceLinkedRoleDeletionStatus>(Access::on(|cx, i| of_task(cx, &i.deletion_task_id)), status)
}

/// Policies name the role with its path (Service Authorization Reference, IAM).
fn at_creation(cx: &Cx, service: &str) -> Vec<model::Arn> {
    let role = service_linked::of(service).map_or("*", |linked| linked.role);
    vec![global_arn("iam", &cx.account, format!("role{}{service}/{role}", service_linked::PATH))]
}

fn of_task(cx: &Cx, task: &str) -> Vec<model::Arn> {
    let role = task.strip_prefix("task/").and_then(|rest| rest.rsplit_once('/')).map_or("*", |(role, _)| role);
    vec![global_arn("iam", &cx.account, format!("role/{role}"))]
}

fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateServiceLinkedRoleRequest) -> Answer<sdk::CreateServiceLinkedRoleResponse> {
    let service = &input.aws_service_name;
    let linked = service_linked::of(service)
        .ok_or_else(|| errors::invalid_input(format!("{service} is not a valid service principal for a service-linked role.")))?;
    let name = role_name(linked, input.custom_suffix.as_deref())?;
    let key = Key::<Role>::named(&cx.account, &name);
    if tx.exists(&key)? {
        return Err(errors::service_role_taken(&name));
    }
    let spec = RoleSpec {
        name,
        path: linked.path(),
        id: names::unique_id::<Role>(&cx.env),
        created_at: cx.now,
        description: input.description.clone(),
        trust: linked.trust(),
        max_session_s: 3600,
        tags: Default::default(),
        boundary: None,
        permissions: Permissions { attached: BTreeSet::from([linked.policy_arn()]), ..Default::default() },
    };
    tx.create(&key, &spec)?;
    Ok(sdk::CreateServiceLinkedRoleResponse { role: Some(views::role(&cx.account, &spec)) })
}

fn role_name(linked: &Linked, suffix: Option<&str>) -> Answer<String> {
    match suffix {
        None => Ok(linked.role.to_owned()),
        Some(_) if !linked.suffixes => Err(errors::invalid_input(format!("Custom suffix is not allowed for {}", linked.service))),
        Some(suffix) => {
            let name = format!("{}_{suffix}", linked.role);
            let fits = name.len() <= 64;
            if fits { Ok(name) } else { Err(errors::invalid_input(format!("The role name {name} is longer than 64 characters"))) }
        }
    }
}

/// The deletion is done when it is answered; what asks for its outcome is told so.
fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteServiceLinkedRoleRequest) -> Answer<sdk::DeleteServiceLinkedRoleResponse> {
    let (key, spec) = names::find::<Role>(cx, tx, &input.role_name)?;
    if Role::check_modifiable(&spec).is_ok() {
        return Err(errors::missing::<Role>(&input.role_name));
    }
    forget_old(cx, tx)?;
    let task = format!("task{}{}/{}", spec.path, spec.name, cx.env.uuid());
    tx.delete(&key)?;
    tx.create(&deletion(cx, &task), &RoleDeletionSpec { at: cx.now })?;
    Ok(sdk::DeleteServiceLinkedRoleResponse { deletion_task_id: task })
}

fn status(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::GetServiceLinkedRoleDeletionStatusRequest,
) -> Answer<sdk::GetServiceLinkedRoleDeletionStatusResponse> {
    let task = &input.deletion_task_id;
    if !tx.exists(&deletion(cx, task))? {
        return Err(errors::no_such_entity(format!("The deletion task with id {task} cannot be found.")));
    }
    Ok(sdk::GetServiceLinkedRoleDeletionStatusResponse { status: sdk::DeletionTaskStatusType::Succeeded, reason: None })
}

fn forget_old(cx: &Cx, tx: &mut Tx) -> Answer<()> {
    for (key, spec) in tx.specs::<RoleDeletion>(Scope::Region(&cx.account, &Region::global()))? {
        if cx.now.since(spec.at) > REMEMBERED {
            tx.delete(&key)?;
        }
    }
    Ok(())
}

fn deletion(cx: &Cx, task: &str) -> Key<RoleDeletion> {
    Key::new(&cx.account, &Region::global(), task)
}
