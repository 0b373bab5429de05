//! Users.

use super::super::{
    access, managed, names,
    paging::{asked, page},
    permissions, tags, views,
};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::iam::{Permissions, User, UserSpec};
use spine::Tx;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::CreateUser>(Access::on(|cx, i| access::named::<User>(cx, &i.user_name)), create)
        .op::<sdk::ListUsers>(Access::on(|cx, _| access::named::<User>(cx, "*")), list)
        .op::<sdk::PutUserPolicy>(Access::on(|cx, i| access::named::<User>(cx, &i.user_name)), |cx, tx, i| {
            permissions::put_inline::<User>(cx, tx, &i.user_name, &i.policy_name, &i.policy_document)
        })
}

fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateUserRequest) -> Answer<sdk::CreateUserResponse> {
    let key = names::free::<User>(cx, tx, &input.user_name)?;
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

fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListUsersRequest) -> Answer<sdk::ListUsersResponse> {
    let found = names::under::<User>(cx, tx, &input.path_prefix)?;
    let page = page(found, asked(&input.marker, input.max_items), |(key, _)| key.id.clone())?;
    let page = page.map(|(_, spec)| views::listed_user(&cx.account, &spec));
    Ok(sdk::ListUsersResponse { users: page.shown, is_truncated: page.is_truncated, marker: page.marker })
}
