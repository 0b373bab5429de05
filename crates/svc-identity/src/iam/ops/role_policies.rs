//! The policies of roles.

use super::super::{access, keys, paging::asked, permissions};
use api::iam as sdk;
use front::{Access, Service};
use model::iam::Role;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::PutRolePolicy>(Access::found(|cx, at, i| access::existing::<Role>(cx, at, &i.role_name)), |cx, tx, i| {
            permissions::put_inline::<Role>(cx, tx, &i.role_name, &i.policy_name, &i.policy_document)
        })
        .op::<sdk::GetRolePolicy>(Access::found(|cx, at, i| access::existing::<Role>(cx, at, &i.role_name)), |cx, tx, i| {
            let found = permissions::get_inline::<Role>(cx, tx, &i.role_name, &i.policy_name)?;
            Ok(sdk::GetRolePolicyResponse { role_name: found.holder, policy_name: found.name, policy_document: found.document })
        })
        .op::<sdk::DeleteRolePolicy>(Access::found(|cx, at, i| access::existing::<Role>(cx, at, &i.role_name)), |cx, tx, i| {
            permissions::delete_inline::<Role>(cx, tx, &i.role_name, &i.policy_name)
        })
        .op::<sdk::ListRolePolicies>(Access::found(|cx, at, i| access::existing::<Role>(cx, at, &i.role_name)), |cx, tx, i| {
            let page = permissions::list_inline::<Role>(cx, tx, &i.role_name, asked(&i.marker, i.max_items))?;
            Ok(sdk::ListRolePoliciesResponse { policy_names: page.shown, is_truncated: page.is_truncated, marker: page.marker })
        })
        .op::<sdk::AttachRolePolicy>(
            Access::found(|cx, at, i: &sdk::AttachRolePolicyRequest| access::existing::<Role>(cx, at, &i.role_name))
                .keys(|_, i| keys::policy(&i.policy_arn)),
            |cx, tx, i| permissions::attach::<Role>(cx, tx, &i.role_name, &i.policy_arn),
        )
        .op::<sdk::DetachRolePolicy>(
            Access::found(|cx, at, i: &sdk::DetachRolePolicyRequest| access::existing::<Role>(cx, at, &i.role_name))
                .keys(|_, i| keys::policy(&i.policy_arn)),
            |cx, tx, i| permissions::detach::<Role>(cx, tx, &i.role_name, &i.policy_arn),
        )
        .op::<sdk::ListAttachedRolePolicies>(
            Access::found(|cx, at, i| access::existing::<Role>(cx, at, &i.role_name)),
            |cx, tx, i| {
                let asked = asked(&i.marker, i.max_items);
                let page = permissions::list_attached::<Role>(cx, tx, &i.role_name, &i.path_prefix, asked)?;
                Ok(sdk::ListAttachedRolePoliciesResponse {
                    attached_policies: Some(page.shown),
                    is_truncated: page.is_truncated,
                    marker: page.marker,
                })
            },
        )
}
