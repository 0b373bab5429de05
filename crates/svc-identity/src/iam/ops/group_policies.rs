//! The policies of groups.

use super::super::{access, keys, paging::asked, permissions};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::iam::Group;
use spine::Tx;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::PutGroupPolicy>(Access::found(|cx, at, i| access::existing::<Group>(cx, at, &i.group_name)), put)
        .op::<sdk::GetGroupPolicy>(Access::found(|cx, at, i| access::existing::<Group>(cx, at, &i.group_name)), get)
        .op::<sdk::DeleteGroupPolicy>(Access::found(|cx, at, i| access::existing::<Group>(cx, at, &i.group_name)), delete)
        .op::<sdk::ListGroupPolicies>(Access::found(|cx, at, i| access::existing::<Group>(cx, at, &i.group_name)), list)
        .op::<sdk::AttachGroupPolicy>(
            Access::found(|cx, at, i: &sdk::AttachGroupPolicyRequest| access::existing::<Group>(cx, at, &i.group_name))
                .keys(|_, i| keys::policy(&i.policy_arn)),
            attach,
        )
        .op::<sdk::DetachGroupPolicy>(
            Access::found(|cx, at, i: &sdk::DetachGroupPolicyRequest| access::existing::<Group>(cx, at, &i.group_name))
                .keys(|_, i| keys::policy(&i.policy_arn)),
            detach,
        )
        .op::<sdk::ListAttachedGroupPolicies>(
            Access::found(|cx, at, i| access::existing::<Group>(cx, at, &i.group_name)),
            list_attached,
        )
}

fn put(cx: &Cx, tx: &mut Tx, input: &sdk::PutGroupPolicyRequest) -> Answer<()> {
    permissions::put_inline::<Group>(cx, tx, &input.group_name, &input.policy_name, &input.policy_document)
}

fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetGroupPolicyRequest) -> Answer<sdk::GetGroupPolicyResponse> {
    let found = permissions::get_inline::<Group>(cx, tx, &input.group_name, &input.policy_name)?;
    Ok(sdk::GetGroupPolicyResponse { group_name: found.holder, policy_name: found.name, policy_document: found.document })
}

fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteGroupPolicyRequest) -> Answer<()> {
    permissions::delete_inline::<Group>(cx, tx, &input.group_name, &input.policy_name)
}

fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListGroupPoliciesRequest) -> Answer<sdk::ListGroupPoliciesResponse> {
    let page = permissions::list_inline::<Group>(cx, tx, &input.group_name, asked(&input.marker, input.max_items))?;
    Ok(sdk::ListGroupPoliciesResponse { policy_names: page.shown, is_truncated: page.is_truncated, marker: page.marker })
}

fn attach(cx: &Cx, tx: &mut Tx, input: &sdk::AttachGroupPolicyRequest) -> Answer<()> {
    permissions::attach::<Group>(cx, tx, &input.group_name, &input.policy_arn)
}

fn detach(cx: &Cx, tx: &mut Tx, input: &sdk::DetachGroupPolicyRequest) -> Answer<()> {
    permissions::detach::<Group>(cx, tx, &input.group_name, &input.policy_arn)
}

fn list_attached(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::ListAttachedGroupPoliciesRequest,
) -> Answer<sdk::ListAttachedGroupPoliciesResponse> {
    let asked = asked(&input.marker, input.max_items);
    let page = permissions::list_attached::<Group>(cx, tx, &input.group_name, &input.path_prefix, asked)?;
    Ok(sdk::ListAttachedGroupPoliciesResponse {
        attached_policies: Some(page.shown),
        is_truncated: page.is_truncated,
        marker: page.marker,
    })
}
