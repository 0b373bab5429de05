//! Roles: what they are, who may assume them, and how long.

use super::super::{
    access, errors, keys, managed, names,
    paging::{asked, page},
    permissions::{self, Holder},
    service_linked, tags, trust, views,
};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::{
    Key,
    iam::{InstanceProfile, Permissions, Role, RoleSpec},
};
use spine::{Read, Tx};
use std::sync::Arc;

/// How many roles an account may have (IAM user guide, "IAM and AWS STS quotas").
pub const MOST: usize = 1000;
/// How long a session of a role may last where nothing else is said, in seconds (IAM API reference, `MaxSessionDuration`).
const HOUR: u32 = 3600;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::CreateRole>(
            Access::on(|cx, i: &sdk::CreateRoleRequest| access::created::<Role>(cx, &i.path, &i.role_name))
                .keys(|_, i| keys::new_entity(&i.permissions_boundary))
                .tagging("iam:TagRole", |cx, i| keys::tagging(access::created::<Role>(cx, &i.path, &i.role_name), &i.tags)),
            create,
        )
        .op::<sdk::GetRole>(Access::found(|cx, at, i| access::existing::<Role>(cx, at, &i.role_name)), get)
        .op::<sdk::ListRoles>(Access::on(|cx, i| access::listed::<Role>(cx, &i.path_prefix)), list)
        .op::<sdk::UpdateRole>(Access::found(|cx, at, i| access::existing::<Role>(cx, at, &i.role_name)), update)
        .op::<sdk::UpdateRoleDescription>(Access::found(|cx, at, i| access::existing::<Role>(cx, at, &i.role_name)), describe)
        .op::<sdk::UpdateAssumeRolePolicy>(
            Access::found(|cx, at, i| access::existing::<Role>(cx, at, &i.role_name)),
            update_trust,
        )
        .op::<sdk::DeleteRole>(Access::found(|cx, at, i| access::existing::<Role>(cx, at, &i.role_name)), delete)
        .op::<sdk::PutRolePermissionsBoundary>(
            Access::found(|cx, at, i: &sdk::PutRolePermissionsBoundaryRequest| access::existing::<Role>(cx, at, &i.role_name))
                .keys(|_, i| keys::boundary(&i.permissions_boundary)),
            put_boundary,
        )
        .op::<sdk::DeleteRolePermissionsBoundary>(
            Access::found(|cx, at, i| access::existing::<Role>(cx, at, &i.role_name)),
            delete_boundary,
        )
        .op::<sdk::TagRole>(
            Access::found(|cx, at, i: &sdk::TagRoleRequest| access::existing::<Role>(cx, at, &i.role_name))
                .keys(|_, i| keys::tags(&i.tags)),
            tag,
        )
        .op::<sdk::UntagRole>(
            Access::found(|cx, at, i: &sdk::UntagRoleRequest| access::existing::<Role>(cx, at, &i.role_name))
                .keys(|_, i| keys::tag_keys(&i.tag_keys)),
            untag,
        )
        .op::<sdk::ListRoleTags>(Access::found(|cx, at, i| access::existing::<Role>(cx, at, &i.role_name)), list_tags)
}

fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateRoleRequest) -> Answer<sdk::CreateRoleResponse> {
    let key = names::free::<Role>(cx, tx, &input.role_name)?;
    names::check_quota::<Role>(cx, tx, "RolesPerAccount", MOST)?;
    let path = names::path(&input.path);
    if path.starts_with(service_linked::PATH) {
        return Err(errors::validation(format!("Path {path} is reserved for service-linked roles.")));
    }
    trust::check(cx, tx, &input.assume_role_policy_document)?;
    input.permissions_boundary.iter().try_for_each(|arn| managed::check_attachable(cx, tx, arn))?;
    let spec = RoleSpec {
        name: input.role_name.clone(),
        path,
        id: names::unique_id::<Role>(&cx.env),
        created_at: cx.now,
        description: input.description.clone(),
        trust: input.assume_role_policy_document.clone(),
        max_session_s: duration(input.max_session_duration),
        tags: tags::new(&input.tags)?,
        boundary: input.permissions_boundary.clone(),
        permissions: Permissions::default(),
    };
    tx.create(&key, &spec)?;
    Ok(sdk::CreateRoleResponse { role: views::role(&cx.account, &spec) })
}

fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetRoleRequest) -> Answer<sdk::GetRoleResponse> {
    let key = Key::<Role>::named(&cx.account, &input.role_name);
    let row = tx.get(&key)?.ok_or_else(|| errors::missing::<Role>(&input.role_name))?;
    let role_last_used = Some(views::role_last_used(&row.observed));
    Ok(sdk::GetRoleResponse { role: sdk::Role { role_last_used, ..views::role(&cx.account, &row.spec) } })
}

fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListRolesRequest) -> Answer<sdk::ListRolesResponse> {
    let found = names::under::<Role>(cx, tx, &input.path_prefix)?;
    let page = page(found, asked(&input.marker, input.max_items), |(key, _)| key.id.clone())?;
    let page = page.map(|(_, spec)| views::listed_role(&cx.account, &spec));
    Ok(sdk::ListRolesResponse { roles: page.shown, is_truncated: page.is_truncated, marker: page.marker })
}

/// The description of a service-linked role can be changed, and nothing else of it (IAM user guide, "Edit a service-linked role
/// description"). A duration that isn't given becomes an hour (IAM API reference, `UpdateRole`).
fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateRoleRequest) -> Answer<sdk::UpdateRoleResponse> {
    let (key, spec) = names::find::<Role>(cx, tx, &input.role_name)?;
    if input.max_session_duration.is_some() {
        Role::check_modifiable(&spec)?;
    }
    let (description, max_session_s) = (input.description.clone(), duration(input.max_session_duration));
    tx.update_spec(&key, |spec| {
        spec.description = description.or(spec.description.take());
        spec.max_session_s = max_session_s;
    })?;
    Ok(sdk::UpdateRoleResponse {})
}

fn describe(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateRoleDescriptionRequest) -> Answer<sdk::UpdateRoleDescriptionResponse> {
    let (key, _) = names::find::<Role>(cx, tx, &input.role_name)?;
    tx.update_spec(&key, |spec| spec.description = Some(input.description.clone()))?;
    let (_, spec) = names::find::<Role>(cx, tx, &input.role_name)?;
    Ok(sdk::UpdateRoleDescriptionResponse { role: Some(views::role(&cx.account, &spec)) })
}

fn update_trust(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateAssumeRolePolicyRequest) -> Answer<()> {
    let (key, _) = modifiable(cx, tx, &input.role_name)?;
    trust::check(cx, tx, &input.policy_document)?;
    Ok(tx.update_spec(&key, |spec| spec.trust = input.policy_document.clone())?)
}

fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteRoleRequest) -> Answer<()> {
    let (key, spec) = modifiable(cx, tx, &input.role_name)?;
    let profiles = names::all::<InstanceProfile>(cx, tx)?;
    if profiles.iter().any(|(_, profile)| profile.role.as_ref() == Some(&key.id)) {
        return Err(errors::delete_conflict("remove roles from instance profile first"));
    }
    permissions::check_none::<Role>(&spec)?;
    Ok(tx.delete(&key)?)
}

fn put_boundary(cx: &Cx, tx: &mut Tx, input: &sdk::PutRolePermissionsBoundaryRequest) -> Answer<()> {
    let (key, _) = modifiable(cx, tx, &input.role_name)?;
    managed::check_attachable(cx, tx, &input.permissions_boundary)?;
    Ok(tx.update_spec(&key, |spec| spec.boundary = Some(input.permissions_boundary.clone()))?)
}

fn delete_boundary(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteRolePermissionsBoundaryRequest) -> Answer<()> {
    let (key, _) = modifiable(cx, tx, &input.role_name)?;
    Ok(tx.update_spec(&key, |spec| spec.boundary = None)?)
}

fn tag(cx: &Cx, tx: &mut Tx, input: &sdk::TagRoleRequest) -> Answer<()> {
    let (key, spec) = names::find::<Role>(cx, tx, &input.role_name)?;
    let tags = tags::merge(&spec.tags, &input.tags)?;
    Ok(tx.update_spec(&key, |spec| spec.tags = tags)?)
}

fn untag(cx: &Cx, tx: &mut Tx, input: &sdk::UntagRoleRequest) -> Answer<()> {
    let (key, _) = names::find::<Role>(cx, tx, &input.role_name)?;
    Ok(tx.update_spec(&key, |spec| tags::remove(&mut spec.tags, &input.tag_keys))?)
}

fn list_tags(cx: &Cx, tx: &mut Tx, input: &sdk::ListRoleTagsRequest) -> Answer<sdk::ListRoleTagsResponse> {
    let (_, spec) = names::find::<Role>(cx, tx, &input.role_name)?;
    let page = tags::paged(&spec.tags, asked(&input.marker, input.max_items))?;
    Ok(sdk::ListRoleTagsResponse { tags: page.shown, is_truncated: page.is_truncated, marker: page.marker })
}

fn modifiable(cx: &Cx, tx: &Tx, name: &str) -> Answer<(Key<Role>, Arc<RoleSpec>)> {
    let (key, spec) = names::find::<Role>(cx, tx, name)?;
    Role::check_modifiable(&spec)?;
    Ok((key, spec))
}

/// The model has checked the bounds.
fn duration(given: Option<i32>) -> u32 {
    given.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(HOUR)
}
