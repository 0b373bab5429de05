//! Everything that there is in an account, with what it is allowed, in one list.

use super::super::{
    documents,
    managed::Managed,
    names,
    paging::{asked, page},
    permissions,
    usage::Usages,
    views,
};
use super::{instance_profiles, policy_versions};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use logic::aws_managed;
use model::{
    Key,
    iam::{Group, GroupSpec, InstanceProfile, ManagedPolicy, Permissions, Role, User, UserSpec},
};
use sdk::EntityType;
use spine::{Read, Row, Tx};
use std::sync::Arc;

pub fn rows(service: Service) -> Service {
    service.op::<sdk::GetAccountAuthorizationDetails>(Access::all(), details)
}

/// Something that is listed.
enum Thing {
    User(Arc<UserSpec>),
    Group(Arc<GroupSpec>),
    Role(Key<Role>),
    Policy(Managed),
}

impl Thing {
    /// What it is, which its place in the list begins with.
    fn kind(&self) -> EntityType {
        match self {
            Thing::User(_) => EntityType::User,
            Thing::Group(_) => EntityType::Group,
            Thing::Role(_) => EntityType::Role,
            Thing::Policy(Managed::Own(..)) => EntityType::LocalManagedPolicy,
            Thing::Policy(Managed::Aws(_)) => EntityType::AwsManagedPolicy,
        }
    }

    fn place(&self) -> String {
        let name = match self {
            Thing::User(spec) => &spec.name,
            Thing::Group(spec) => &spec.name,
            Thing::Role(key) => &key.id,
            Thing::Policy(policy) => policy.name(),
        };
        format!("{:?} {name}", self.kind())
    }
}

fn details(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::GetAccountAuthorizationDetailsRequest,
) -> Answer<sdk::GetAccountAuthorizationDetailsResponse> {
    let usages = Usages::of(cx, tx)?;
    let wanted = |kind: EntityType| input.filter.as_ref().is_none_or(|kinds| kinds.is_empty() || kinds.contains(&kind));
    let found = things(cx, tx, &usages)?.into_iter().filter(|thing| wanted(thing.kind())).collect();
    let page = page(found, asked(&input.marker, input.max_items), Thing::place)?;
    let (mut users, mut groups, mut roles, mut policies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for thing in page.shown {
        match thing {
            Thing::User(spec) => users.push(user(cx, tx, &spec)?),
            Thing::Group(spec) => groups.push(group(cx, &spec)),
            Thing::Role(key) => roles.extend(tx.get(&key)?.map(|row| role(cx, tx, &key, &row)).transpose()?),
            Thing::Policy(policy) => policies.push(managed(cx, &policy, &usages)),
        }
    }
    Ok(sdk::GetAccountAuthorizationDetailsResponse {
        user_detail_list: Some(users),
        group_detail_list: Some(groups),
        role_detail_list: Some(roles),
        policies: Some(policies),
        is_truncated: page.is_truncated,
        marker: page.marker,
    })
}

/// Of AWS's policies, those that the account uses.
fn things(cx: &Cx, tx: &Tx, usages: &Usages) -> Answer<Vec<Thing>> {
    let mut found = Vec::new();
    found.extend(names::all::<User>(cx, tx)?.into_iter().map(|(_, spec)| Thing::User(spec)));
    found.extend(names::all::<Group>(cx, tx)?.into_iter().map(|(_, spec)| Thing::Group(spec)));
    found.extend(names::all::<Role>(cx, tx)?.into_iter().map(|(key, _)| Thing::Role(key)));
    found.extend(names::all::<ManagedPolicy>(cx, tx)?.into_iter().map(|(key, spec)| Thing::Policy(Managed::Own(key, spec))));
    let used = aws_managed::ALL.iter().filter(|policy| usages.get(&policy.arn()) != Default::default());
    found.extend(used.map(|policy| Thing::Policy(Managed::Aws(policy))));
    Ok(found)
}

fn user(cx: &Cx, tx: &Tx, spec: &UserSpec) -> Answer<sdk::UserDetail> {
    let groups = spec.groups.iter().map(|id| tx.spec(&Key::<Group>::named(&cx.account, id)));
    let groups = groups.filter_map(|found| found.transpose()).map(|group| Ok(group?.name.clone())).collect::<Answer<_>>()?;
    let shown = views::user(&cx.account, spec);
    Ok(sdk::UserDetail {
        path: Some(shown.path),
        user_name: Some(shown.user_name),
        user_id: Some(shown.user_id),
        arn: Some(shown.arn),
        create_date: Some(shown.create_date),
        user_policy_list: Some(inline(&spec.permissions)),
        group_list: Some(groups),
        attached_managed_policies: Some(attached(&spec.permissions)),
        permissions_boundary: shown.permissions_boundary,
        tags: shown.tags,
    })
}

fn group(cx: &Cx, spec: &GroupSpec) -> sdk::GroupDetail {
    let shown = views::group(&cx.account, spec);
    sdk::GroupDetail {
        path: Some(shown.path),
        group_name: Some(shown.group_name),
        group_id: Some(shown.group_id),
        arn: Some(shown.arn),
        create_date: Some(shown.create_date),
        group_policy_list: Some(inline(&spec.permissions)),
        attached_managed_policies: Some(attached(&spec.permissions)),
    }
}

fn role(cx: &Cx, tx: &Tx, key: &Key<Role>, row: &Row<Role>) -> Answer<sdk::RoleDetail> {
    let profiles = names::all::<InstanceProfile>(cx, tx)?;
    let profiles = profiles.iter().filter(|(_, profile)| profile.role.as_ref() == Some(&key.id));
    let shown = views::role(&cx.account, &row.spec);
    Ok(sdk::RoleDetail {
        path: Some(shown.path),
        role_name: Some(shown.role_name),
        role_id: Some(shown.role_id),
        arn: Some(shown.arn),
        create_date: Some(shown.create_date),
        assume_role_policy_document: shown.assume_role_policy_document,
        instance_profile_list: Some(
            profiles.map(|(_, profile)| instance_profiles::view(cx, tx, profile)).collect::<Answer<_>>()?,
        ),
        role_policy_list: Some(inline(&row.spec.permissions)),
        attached_managed_policies: Some(attached(&row.spec.permissions)),
        permissions_boundary: shown.permissions_boundary,
        tags: shown.tags,
        role_last_used: Some(views::role_last_used(&row.observed)),
    })
}

fn managed(cx: &Cx, policy: &Managed, usages: &Usages) -> sdk::ManagedPolicyDetail {
    let usage = usages.get(&views::policy_arn(&cx.account, policy));
    let shown = views::policy(&cx.account, policy, usage);
    let (versions, default) = policy_versions::versions(policy);
    sdk::ManagedPolicyDetail {
        policy_name: shown.policy_name,
        policy_id: shown.policy_id,
        arn: shown.arn,
        path: shown.path,
        default_version_id: shown.default_version_id,
        attachment_count: shown.attachment_count,
        permissions_boundary_usage_count: shown.permissions_boundary_usage_count,
        is_attachable: shown.is_attachable,
        description: shown.description,
        create_date: shown.create_date,
        update_date: shown.update_date,
        policy_version_list: Some(
            versions.iter().rev().map(|(number, version)| views::version(*number, version, default)).collect(),
        ),
    }
}

fn inline(permissions: &Permissions) -> Vec<sdk::PolicyDetail> {
    let shown = permissions.inline.iter().map(|(name, document)| sdk::PolicyDetail {
        policy_name: Some(name.clone()),
        policy_document: Some(documents::encoded(document)),
    });
    shown.collect()
}

fn attached(permissions: &Permissions) -> Vec<sdk::AttachedPolicy> {
    permissions.attached.iter().cloned().map(permissions::attached).collect()
}
