//! Who has a managed policy.

use super::super::{
    access, managed, names,
    paging::{asked, page},
};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::iam::{Group, Named, Permissions, Role, User};
use spine::Tx;

pub fn rows(service: Service) -> Service {
    service.op::<sdk::ListEntitiesForPolicy>(Access::on(|_, i| access::arn(&i.policy_arn)), list)
}

/// Something that may have a policy.
struct Entity {
    kind: sdk::EntityType,
    name: String,
    id: String,
    path: String,
    attached: bool,
    bounded: bool,
}

fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListEntitiesForPolicyRequest) -> Answer<sdk::ListEntitiesForPolicyResponse> {
    managed::find(cx, tx, &input.policy_arn)?;
    let found = entities(cx, tx, &input.policy_arn)?.into_iter().filter(|entity| wanted(input, entity)).collect();
    let page = page(found, asked(&input.marker, input.max_items), |entity| format!("{:?} {}", entity.kind, entity.name))?;
    let (mut groups, mut users, mut roles) = (Vec::new(), Vec::new(), Vec::new());
    for Entity { kind, name, id, .. } in page.shown {
        let (name, id) = (Some(name), Some(id));
        match kind {
            sdk::EntityType::Group => groups.push(sdk::PolicyGroup { group_name: name, group_id: id }),
            sdk::EntityType::User => users.push(sdk::PolicyUser { user_name: name, user_id: id }),
            _ => roles.push(sdk::PolicyRole { role_name: name, role_id: id }),
        }
    }
    Ok(sdk::ListEntitiesForPolicyResponse {
        policy_groups: Some(groups),
        policy_users: Some(users),
        policy_roles: Some(roles),
        is_truncated: page.is_truncated,
        marker: page.marker,
    })
}

fn wanted(input: &sdk::ListEntitiesForPolicyRequest, entity: &Entity) -> bool {
    let used = match input.policy_usage_filter {
        Some(sdk::PolicyUsageType::PermissionsPolicy) => entity.attached,
        Some(sdk::PolicyUsageType::PermissionsBoundary) => entity.bounded,
        None => entity.attached || entity.bounded,
    };
    let kind = input.entity_filter.is_none_or(|kind| kind == entity.kind);
    used && kind && input.path_prefix.as_ref().is_none_or(|prefix| entity.path.starts_with(prefix.as_str()))
}

fn entities(cx: &Cx, tx: &Tx, arn: &str) -> Answer<Vec<Entity>> {
    let mut found = Vec::new();
    for (_, spec) in names::all::<User>(cx, tx)? {
        found.push(entity::<User>(sdk::EntityType::User, &spec, &spec.permissions, &spec.boundary, arn));
    }
    for (_, spec) in names::all::<Group>(cx, tx)? {
        found.push(entity::<Group>(sdk::EntityType::Group, &spec, &spec.permissions, &None, arn));
    }
    for (_, spec) in names::all::<Role>(cx, tx)? {
        found.push(entity::<Role>(sdk::EntityType::Role, &spec, &spec.permissions, &spec.boundary, arn));
    }
    Ok(found)
}

fn entity<R: Named>(
    kind: sdk::EntityType,
    spec: &R::Spec,
    permissions: &Permissions,
    boundary: &Option<String>,
    arn: &str,
) -> Entity {
    Entity {
        kind,
        name: R::name(spec).to_owned(),
        id: R::unique_id(spec).to_owned(),
        path: R::path(spec).to_owned(),
        attached: permissions.attached.contains(arn),
        bounded: boundary.as_deref() == Some(arn),
    }
}
