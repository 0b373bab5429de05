//! Users.

use super::super::{
    access,
    caller::{self, Subject},
    errors, keys, managed, names,
    paging::{asked, page},
    permissions, tags, views,
};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::iam::{AccessKey, Permissions, Principal, User, UserSpec};
use spine::{Read, Scope, Tx};

/// How many users an account may have (IAM user guide, "IAM and AWS STS quotas").
pub const MOST: usize = 5000;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::CreateUser>(
            Access::on(|cx, i: &sdk::CreateUserRequest| access::created::<User>(cx, &i.path, &i.user_name))
                .keys(|_, i| keys::new_entity(&i.permissions_boundary))
                .tagging("iam:TagUser", |cx, i| keys::tagging(access::created::<User>(cx, &i.path, &i.user_name), &i.tags)),
            create,
        )
        .op::<sdk::GetUser>(Access::found(|cx, at, i| access::user_or_caller(cx, at, &i.user_name)), get)
        .op::<sdk::ListUsers>(Access::on(|cx, i| access::listed::<User>(cx, &i.path_prefix)), list)
        .op::<sdk::UpdateUser>(Access::found(|cx, at, i| access::existing::<User>(cx, at, &i.user_name)), update)
        .op::<sdk::DeleteUser>(Access::found(|cx, at, i| access::existing::<User>(cx, at, &i.user_name)), delete)
        .op::<sdk::PutUserPermissionsBoundary>(
            Access::found(|cx, at, i: &sdk::PutUserPermissionsBoundaryRequest| access::existing::<User>(cx, at, &i.user_name))
                .keys(|_, i| keys::boundary(&i.permissions_boundary)),
            put_boundary,
        )
        .op::<sdk::DeleteUserPermissionsBoundary>(
            Access::found(|cx, at, i| access::existing::<User>(cx, at, &i.user_name)),
            delete_boundary,
        )
        .op::<sdk::TagUser>(
            Access::found(|cx, at, i: &sdk::TagUserRequest| access::existing::<User>(cx, at, &i.user_name))
                .keys(|_, i| keys::tags(&i.tags)),
            tag,
        )
        .op::<sdk::UntagUser>(
            Access::found(|cx, at, i: &sdk::UntagUserRequest| access::existing::<User>(cx, at, &i.user_name))
                .keys(|_, i| keys::tag_keys(&i.tag_keys)),
            untag,
        )
        .op::<sdk::ListUserTags>(Access::found(|cx, at, i| access::existing::<User>(cx, at, &i.user_name)), list_tags)
}

fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateUserRequest) -> Answer<sdk::CreateUserResponse> {
    let key = names::free::<User>(cx, tx, &input.user_name)?;
    names::check_quota::<User>(cx, tx, "UsersPerAccount", MOST)?;
    input.permissions_boundary.iter().try_for_each(|arn| managed::check_attachable(cx, tx, arn))?;
    let spec = UserSpec {
        name: input.user_name.clone(),
        path: names::path(&input.path),
        id: names::unique_id::<User>(&cx.env),
        created_at: cx.now,
        tags: tags::new(&input.tags)?,
        boundary: input.permissions_boundary.clone(),
        permissions: Permissions::default(),
        groups: Default::default(),
        login: None,
        keys: Default::default(),
    };
    tx.create(&key, &spec)?;
    Ok(sdk::CreateUserResponse { user: Some(views::user(&cx.account, &spec)) })
}

fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetUserRequest) -> Answer<sdk::GetUserResponse> {
    let user = match caller::subject(cx, &input.user_name)? {
        Subject::User(name) => views::user(&cx.account, &names::find::<User>(cx, tx, &name)?.1),
        Subject::Root => views::root(&cx.account, caller::account_since(cx, tx)?),
    };
    Ok(sdk::GetUserResponse { user })
}

fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListUsersRequest) -> Answer<sdk::ListUsersResponse> {
    let found = names::under::<User>(cx, tx, &input.path_prefix)?;
    let page = page(found, asked(&input.marker, input.max_items), |(key, _)| key.id.clone())?;
    let page = page.map(|(_, spec)| views::listed_user(&cx.account, &spec));
    Ok(sdk::ListUsersResponse { users: page.shown, is_truncated: page.is_truncated, marker: page.marker })
}

/// What is known by the user's ARN, policies of other accounts for one, is not changed with it: so it is with AWS, too.
fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateUserRequest) -> Answer<()> {
    let (key, old) = names::find::<User>(cx, tx, &input.user_name)?;
    let mut new = UserSpec::clone(&old);
    new.name = input.new_user_name.clone().unwrap_or(new.name);
    new.path = input.new_path.clone().unwrap_or(new.path);
    names::replace(cx, tx, &key, &new)?;
    let (was, is) = (old.principal(), new.principal());
    if was == is { Ok(()) } else { credentials_follow(cx, tx, &was, &is) }
}

/// Keys and sessions of a user stand for it under its new name.
fn credentials_follow(cx: &Cx, tx: &mut Tx, was: &Principal, is: &Principal) -> Answer<()> {
    let keys = tx.specs::<AccessKey>(Scope::All)?;
    for (key, spec) in keys.into_iter().filter(|(_, spec)| spec.account == cx.account) {
        if let Some(principal) = renamed(&spec.principal, was, is) {
            tx.update_spec(&key, |spec| spec.principal = principal)?;
        }
    }
    Ok(())
}

/// The principal of a credential under the user's new name, if it is the user, or somebody whom the user has made a session for.
fn renamed(principal: &Principal, was: &Principal, is: &Principal) -> Option<Principal> {
    let (Principal::User { name: old, .. }, Principal::User { name: new, .. }) = (was, is) else { return None };
    match principal {
        principal if principal == was => Some(is.clone()),
        Principal::FederatedUser { name, by: Some(by) } if by == old => {
            Some(Principal::FederatedUser { name: name.clone(), by: Some(new.clone()) })
        }
        _ => None,
    }
}

/// Everything that hangs on the user has to go first (IAM API reference, `DeleteUser`).
fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteUserRequest) -> Answer<()> {
    let (key, spec) = names::find::<User>(cx, tx, &input.user_name)?;
    if !spec.groups.is_empty() {
        return Err(errors::delete_conflict("remove users from group first"));
    }
    permissions::check_none::<User>(&spec)?;
    if !spec.keys.is_empty() {
        return Err(errors::delete_conflict("delete access keys first"));
    }
    if spec.login.is_some() {
        return Err(errors::delete_conflict("delete login profile first"));
    }
    Ok(tx.delete(&key)?)
}

fn put_boundary(cx: &Cx, tx: &mut Tx, input: &sdk::PutUserPermissionsBoundaryRequest) -> Answer<()> {
    let (key, _) = names::find::<User>(cx, tx, &input.user_name)?;
    managed::check_attachable(cx, tx, &input.permissions_boundary)?;
    Ok(tx.update_spec(&key, |spec| spec.boundary = Some(input.permissions_boundary.clone()))?)
}

fn delete_boundary(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteUserPermissionsBoundaryRequest) -> Answer<()> {
    let (key, _) = names::find::<User>(cx, tx, &input.user_name)?;
    Ok(tx.update_spec(&key, |spec| spec.boundary = None)?)
}

fn tag(cx: &Cx, tx: &mut Tx, input: &sdk::TagUserRequest) -> Answer<()> {
    let (key, spec) = names::find::<User>(cx, tx, &input.user_name)?;
    let tags = tags::merge(&spec.tags, &input.tags)?;
    Ok(tx.update_spec(&key, |spec| spec.tags = tags)?)
}

fn untag(cx: &Cx, tx: &mut Tx, input: &sdk::UntagUserRequest) -> Answer<()> {
    let (key, _) = names::find::<User>(cx, tx, &input.user_name)?;
    Ok(tx.update_spec(&key, |spec| tags::remove(&mut spec.tags, &input.tag_keys))?)
}

fn list_tags(cx: &Cx, tx: &mut Tx, input: &sdk::ListUserTagsRequest) -> Answer<sdk::ListUserTagsResponse> {
    let (_, spec) = names::find::<User>(cx, tx, &input.user_name)?;
    let page = tags::paged(&spec.tags, asked(&input.marker, input.max_items))?;
    Ok(sdk::ListUserTagsResponse { tags: page.shown, is_truncated: page.is_truncated, marker: page.marker })
}
