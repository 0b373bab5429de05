//! Groups, and who is in them.

use super::super::{
    access, errors, names,
    paging::{asked, page},
    permissions, views,
};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::{
    Key,
    iam::{Group, GroupSpec, Permissions, User},
};
use spine::{Read, Specs, Tx};

/// How many groups an account may have, and how many a user may be in (IAM user guide, "IAM and AWS STS quotas").
pub const MOST: usize = 300;
/// See [`MOST`].
pub const MOST_PER_USER: usize = 10;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::CreateGroup>(Access::on(|cx, i| access::created::<Group>(cx, &i.path, &i.group_name)), create)
        .op::<sdk::GetGroup>(Access::found(|cx, at, i| access::existing::<Group>(cx, at, &i.group_name)), get)
        .op::<sdk::ListGroups>(Access::on(|cx, i| access::listed::<Group>(cx, &i.path_prefix)), list)
        .op::<sdk::UpdateGroup>(Access::found(|cx, at, i| access::existing::<Group>(cx, at, &i.group_name)), update)
        .op::<sdk::DeleteGroup>(Access::found(|cx, at, i| access::existing::<Group>(cx, at, &i.group_name)), delete)
        .op::<sdk::AddUserToGroup>(Access::found(|cx, at, i| access::existing::<Group>(cx, at, &i.group_name)), add)
        .op::<sdk::RemoveUserFromGroup>(Access::found(|cx, at, i| access::existing::<Group>(cx, at, &i.group_name)), remove)
        .op::<sdk::ListGroupsForUser>(Access::found(|cx, at, i| access::existing::<User>(cx, at, &i.user_name)), list_of_user)
}

fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateGroupRequest) -> Answer<sdk::CreateGroupResponse> {
    let key = names::free::<Group>(cx, tx, &input.group_name)?;
    names::check_quota::<Group>(cx, tx, "GroupsPerAccount", MOST)?;
    let spec = GroupSpec {
        name: input.group_name.clone(),
        path: names::path(&input.path),
        id: names::unique_id::<Group>(&cx.env),
        created_at: cx.now,
        permissions: Permissions::default(),
    };
    tx.create(&key, &spec)?;
    Ok(sdk::CreateGroupResponse { group: views::group(&cx.account, &spec) })
}

fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetGroupRequest) -> Answer<sdk::GetGroupResponse> {
    let (key, spec) = names::find::<Group>(cx, tx, &input.group_name)?;
    let page = page(members(cx, tx, &key)?, asked(&input.marker, input.max_items), |(key, _)| key.id.clone())?;
    let page = page.map(|(_, user)| views::listed_user(&cx.account, &user));
    Ok(sdk::GetGroupResponse {
        group: views::group(&cx.account, &spec),
        users: page.shown,
        is_truncated: page.is_truncated,
        marker: page.marker,
    })
}

fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListGroupsRequest) -> Answer<sdk::ListGroupsResponse> {
    let found = names::under::<Group>(cx, tx, &input.path_prefix)?;
    let page = page(found, asked(&input.marker, input.max_items), |(key, _)| key.id.clone())?;
    let page = page.map(|(_, spec)| views::group(&cx.account, &spec));
    Ok(sdk::ListGroupsResponse { groups: page.shown, is_truncated: page.is_truncated, marker: page.marker })
}

/// Its members are in it under its new name.
fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateGroupRequest) -> Answer<()> {
    let (from, old) = names::find::<Group>(cx, tx, &input.group_name)?;
    let mut new = GroupSpec::clone(&old);
    new.name = input.new_group_name.clone().unwrap_or(new.name);
    new.path = input.new_path.clone().unwrap_or(new.path);
    names::replace(cx, tx, &from, &new)?;
    let to = Key::<Group>::named(&cx.account, &new.name);
    if to == from {
        return Ok(());
    }
    for (user, _) in members(cx, tx, &from)? {
        tx.update_spec(&user, |spec| {
            spec.groups.remove(&from.id);
            spec.groups.insert(to.id.clone());
        })?;
    }
    Ok(())
}

fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteGroupRequest) -> Answer<()> {
    let (key, spec) = names::find::<Group>(cx, tx, &input.group_name)?;
    if !members(cx, tx, &key)?.is_empty() {
        return Err(errors::delete_conflict("remove users from group first"));
    }
    permissions::check_none::<Group>(&spec)?;
    Ok(tx.delete(&key)?)
}

/// It is no error if the user is in the group already.
fn add(cx: &Cx, tx: &mut Tx, input: &sdk::AddUserToGroupRequest) -> Answer<()> {
    let (group, _) = names::find::<Group>(cx, tx, &input.group_name)?;
    let (user, spec) = names::find::<User>(cx, tx, &input.user_name)?;
    if !spec.groups.contains(&group.id) && spec.groups.len() >= MOST_PER_USER {
        return Err(errors::quota("GroupsPerUser", MOST_PER_USER));
    }
    Ok(tx.update_spec(&user, |spec| {
        spec.groups.insert(group.id);
    })?)
}

/// It is no error if the user isn't in the group.
fn remove(cx: &Cx, tx: &mut Tx, input: &sdk::RemoveUserFromGroupRequest) -> Answer<()> {
    let (group, _) = names::find::<Group>(cx, tx, &input.group_name)?;
    let (user, _) = names::find::<User>(cx, tx, &input.user_name)?;
    Ok(tx.update_spec(&user, |spec| {
        spec.groups.remove(&group.id);
    })?)
}

fn list_of_user(cx: &Cx, tx: &mut Tx, input: &sdk::ListGroupsForUserRequest) -> Answer<sdk::ListGroupsForUserResponse> {
    let (_, user) = names::find::<User>(cx, tx, &input.user_name)?;
    let found = user.groups.iter().map(|name| names::find::<Group>(cx, tx, name)).collect::<Answer<Vec<_>>>()?;
    let page = page(found, asked(&input.marker, input.max_items), |(key, _)| key.id.clone())?;
    let page = page.map(|(_, spec)| views::group(&cx.account, &spec));
    Ok(sdk::ListGroupsForUserResponse { groups: page.shown, is_truncated: page.is_truncated, marker: page.marker })
}

/// The users that are in a group.
fn members(cx: &Cx, store: &impl Read, group: &Key<Group>) -> Answer<Specs<User>> {
    let mut users = names::all::<User>(cx, store)?;
    users.retain(|(_, user)| user.groups.contains(&group.id));
    Ok(users)
}
