//! Managed policies: an account's own, which it makes and deletes, and AWS's, which it can only look at.

use super::super::{
    access, documents, errors, keys,
    managed::{self, Managed},
    names,
    paging::{asked, page},
    tags,
    usage::{Usage, Usages},
    views,
};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use logic::aws_managed;
use model::iam::{ManagedPolicy, ManagedPolicySpec, PolicyVersion};
use spine::{Read, Tx};
use std::collections::BTreeMap;

/// How many of its own an account may have (IAM user guide, "IAM and AWS STS quotas").
pub const MOST: usize = 1500;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::CreatePolicy>(
            Access::on(|cx, i: &sdk::CreatePolicyRequest| access::created::<ManagedPolicy>(cx, &i.path, &i.policy_name))
                .tagging("iam:TagPolicy", |cx, i| {
                    keys::tagging(access::created::<ManagedPolicy>(cx, &i.path, &i.policy_name), &i.tags)
                }),
            create,
        )
        .op::<sdk::GetPolicy>(Access::on(|_, i| access::arn(&i.policy_arn)), get)
        .op::<sdk::ListPolicies>(Access::all(), list)
        .op::<sdk::DeletePolicy>(Access::on(|_, i| access::arn(&i.policy_arn)), delete)
        .op::<sdk::TagPolicy>(
            Access::on(|_, i: &sdk::TagPolicyRequest| access::arn(&i.policy_arn)).keys(|_, i| keys::tags(&i.tags)),
            tag,
        )
        .op::<sdk::UntagPolicy>(
            Access::on(|_, i: &sdk::UntagPolicyRequest| access::arn(&i.policy_arn)).keys(|_, i| keys::tag_keys(&i.tag_keys)),
            untag,
        )
        .op::<sdk::ListPolicyTags>(Access::on(|_, i| access::arn(&i.policy_arn)), list_tags)
}

fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreatePolicyRequest) -> Answer<sdk::CreatePolicyResponse> {
    let key = names::free::<ManagedPolicy>(cx, tx, &input.policy_name)?;
    names::check_quota::<ManagedPolicy>(cx, tx, "PoliciesPerAccount", MOST)?;
    documents::check_managed(&input.policy_document)?;
    let first = PolicyVersion { document: input.policy_document.clone(), created_at: cx.now };
    let spec = ManagedPolicySpec {
        name: input.policy_name.clone(),
        path: names::path(&input.path),
        id: names::unique_id::<ManagedPolicy>(&cx.env),
        description: input.description.clone(),
        created_at: cx.now,
        updated_at: cx.now,
        tags: tags::new(&input.tags)?,
        versions: BTreeMap::from([(1, first)]),
        default: 1,
        next: 2,
    };
    tx.create(&key, &spec)?;
    let made = Managed::Own(key, spec.into());
    Ok(sdk::CreatePolicyResponse { policy: Some(views::policy(&cx.account, &made, Usage::default())) })
}

fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetPolicyRequest) -> Answer<sdk::GetPolicyResponse> {
    let found = managed::find(cx, tx, &input.policy_arn)?;
    let usage = Usages::of(cx, tx)?.get(&input.policy_arn);
    Ok(sdk::GetPolicyResponse { policy: Some(views::policy(&cx.account, &found, usage)) })
}

fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListPoliciesRequest) -> Answer<sdk::ListPoliciesResponse> {
    let usages = Usages::of(cx, tx)?;
    let all = listed(cx, tx, input.scope.unwrap_or(sdk::PolicyScopeType::All))?;
    let under = |path: &str| input.path_prefix.as_ref().is_none_or(|prefix| path.starts_with(prefix.as_str()));
    let found = all.into_iter().map(|policy| {
        let usage = usages.get(&views::policy_arn(&cx.account, &policy));
        (policy, usage)
    });
    let found = found.filter(|(policy, usage)| under(policy.path()) && wanted(input, *usage)).collect();
    let page = page(found, asked(&input.marker, input.max_items), |(policy, _)| format!("{} {}", policy.name(), policy.path()))?;
    let page = page.map(|(policy, usage)| views::listed_policy(&cx.account, &policy, usage));
    Ok(sdk::ListPoliciesResponse { policies: Some(page.shown), is_truncated: page.is_truncated, marker: page.marker })
}

fn listed(cx: &Cx, store: &impl Read, scope: sdk::PolicyScopeType) -> Answer<Vec<Managed>> {
    let mut found = Vec::new();
    if scope != sdk::PolicyScopeType::Aws {
        found.extend(names::all::<ManagedPolicy>(cx, store)?.into_iter().map(|(key, spec)| Managed::Own(key, spec)));
    }
    if scope != sdk::PolicyScopeType::Local {
        found.extend(aws_managed::ALL.iter().map(Managed::Aws));
    }
    Ok(found)
}

fn wanted(input: &sdk::ListPoliciesRequest, usage: Usage) -> bool {
    let attached = input.only_attached != Some(true) || usage.attached > 0;
    attached && used_so(input.policy_usage_filter, usage)
}

/// Whether a policy is used in the way that is asked for, if any is.
fn used_so(filter: Option<sdk::PolicyUsageType>, usage: Usage) -> bool {
    match filter {
        Some(sdk::PolicyUsageType::PermissionsPolicy) => usage.attached > 0,
        Some(sdk::PolicyUsageType::PermissionsBoundary) => usage.bounds > 0,
        None => true,
    }
}

fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeletePolicyRequest) -> Answer<()> {
    let (key, spec) = managed::own(cx, tx, &input.policy_arn)?;
    if Usages::of(cx, tx)?.get(&input.policy_arn) != Usage::default() {
        return Err(errors::policy_attached());
    }
    if spec.versions.len() > 1 {
        return Err(errors::policy_has_versions());
    }
    Ok(tx.delete(&key)?)
}

fn tag(cx: &Cx, tx: &mut Tx, input: &sdk::TagPolicyRequest) -> Answer<()> {
    let (key, spec) = managed::own(cx, tx, &input.policy_arn)?;
    let tags = tags::merge(&spec.tags, &input.tags)?;
    Ok(tx.update_spec(&key, |spec| spec.tags = tags)?)
}

fn untag(cx: &Cx, tx: &mut Tx, input: &sdk::UntagPolicyRequest) -> Answer<()> {
    let (key, _) = managed::own(cx, tx, &input.policy_arn)?;
    Ok(tx.update_spec(&key, |spec| tags::remove(&mut spec.tags, &input.tag_keys))?)
}

fn list_tags(cx: &Cx, tx: &mut Tx, input: &sdk::ListPolicyTagsRequest) -> Answer<sdk::ListPolicyTagsResponse> {
    let asked = asked(&input.marker, input.max_items);
    let page = match managed::find(cx, tx, &input.policy_arn)? {
        Managed::Own(_, spec) => tags::paged(&spec.tags, asked)?,
        Managed::Aws(_) => tags::paged(&Default::default(), asked)?,
    };
    Ok(sdk::ListPolicyTagsResponse { tags: page.shown, is_truncated: page.is_truncated, marker: page.marker })
}
