//! The policies of users.

use super::super::{access, keys, paging::asked, permissions};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::iam::User;
use spine::Tx;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::PutUserPolicy>(Access::found(|cx, at, i| access::existing::<User>(cx, at, &i.user_name)), put)
        .op::<sdk::GetUserPolicy>(Access::found(|cx, at, i| access::existing::<User>(cx, at, &i.user_name)), get)
        .op::<sdk::DeleteUserPolicy>(Access::found(|cx, at, i| access::existing::<User>(cx, at, &i.user_name)), delete)
        .op::<sdk::ListUserPolicies>(Access::found(|cx, at, i| access::existing::<User>(cx, at, &i.user_name)), list)
        .op::<sdk::AttachUserPolicy>(
            Access::found(|cx, at, i: &sdk::AttachUserPolicyRequest| access::existing::<User>(cx, at, &i.user_name))
                .keys(|_, i| keys::policy(&i.policy_arn)),
            attach,
        )
        .op::<sdk::DetachUserPolicy>(
            Access::found(|cx, at, i: &sdk::DetachUserPolicyRequest| access::existing::<User>(cx, at, &i.user_name))
                .keys(|_, i| keys::policy(&i.policy_arn)),
            detach,
        )
        .op::<sdk::ListAttachedUserPolicies>(
            Access::found(|cx, at, i| access::existing::<User>(cx, at, &i.user_name)),
            list_attached,
        )
}

fn put(cx: &Cx, tx: &mut Tx, input: &sdk::PutUserPolicyRequest) -> Answer<()> {
    permissions::put_inline::<User>(cx, tx, &input.user_name, &input.policy_name, &input.policy_document)
}

fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetUserPolicyRequest) -> Answer<sdk::GetUserPolicyResponse> {
    let found = permissions::get_inline::<User>(cx, tx, &input.user_name, &input.policy_name)?;
    Ok(sdk::GetUserPolicyResponse { user_name: found.holder, policy_name: found.name, policy_document: found.document })
}

fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteUserPolicyRequest) -> Answer<()> {
    permissions::delete_inline::<User>(cx, tx, &input.user_name, &input.policy_name)
}

fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListUserPoliciesRequest) -> Answer<sdk::ListUserPoliciesResponse> {
    let page = permissions::list_inline::<User>(cx, tx, &input.user_name, asked(&input.marker, input.max_items))?;
    Ok(sdk::ListUserPoliciesResponse { policy_names: page.shown, is_truncated: page.is_truncated, marker: page.marker })
}

fn attach(cx: &Cx, tx: &mut Tx, input: &sdk::AttachUserPolicyRequest) -> Answer<()> {
    permissions::attach::<User>(cx, tx, &input.user_name, &input.policy_arn)
}

fn detach(cx: &Cx, tx: &mut Tx, input: &sdk::DetachUserPolicyRequest) -> Answer<()> {
    permissions::detach::<User>(cx, tx, &input.user_name, &input.policy_arn)
}

fn list_attached(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::ListAttachedUserPoliciesRequest,
) -> Answer<sdk::ListAttachedUserPoliciesResponse> {
    let asked = asked(&input.marker, input.max_items);
    let page = permissions::list_attached::<User>(cx, tx, &input.user_name, &input.path_prefix, asked)?;
    Ok(sdk::ListAttachedUserPoliciesResponse {
        attached_policies: Some(page.shown),
        is_truncated: page.is_truncated,
        marker: page.marker,
    })
}
