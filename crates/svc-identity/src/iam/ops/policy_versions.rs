//! Versions of managed policies.

use super::super::{
    access, documents, errors,
    managed::{self, Managed},
    paging::{asked, page},
    views,
};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::iam::PolicyVersion;
use spine::Tx;
use wire::Fault;

/// How many versions a policy may have at a time (IAM user guide, "IAM and AWS STS quotas").
pub const MOST: usize = 5;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::CreatePolicyVersion>(Access::on(|_, i| access::arn(&i.policy_arn)), create)
        .op::<sdk::GetPolicyVersion>(Access::on(|_, i| access::arn(&i.policy_arn)), get)
        .op::<sdk::ListPolicyVersions>(Access::on(|_, i| access::arn(&i.policy_arn)), list)
        .op::<sdk::DeletePolicyVersion>(Access::on(|_, i| access::arn(&i.policy_arn)), delete)
        .op::<sdk::SetDefaultPolicyVersion>(Access::on(|_, i| access::arn(&i.policy_arn)), set_default)
}

fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreatePolicyVersionRequest) -> Answer<sdk::CreatePolicyVersionResponse> {
    let (key, spec) = managed::own(cx, tx, &input.policy_arn)?;
    documents::check_managed(&input.policy_document)?;
    if spec.versions.len() >= MOST {
        return Err(errors::limit(format!(
            "A managed policy can have up to {MOST} versions. Before you create a new version, you must delete an existing version."
        )));
    }
    let (number, version) = (spec.next, PolicyVersion { document: input.policy_document.clone(), created_at: cx.now });
    let default = if input.set_as_default == Some(true) { number } else { spec.default };
    let made = views::listed_version(number, &version, default);
    tx.update_spec(&key, |spec| {
        spec.versions.insert(number, version);
        spec.next = number + 1;
        spec.default = default;
        spec.updated_at = cx.now;
    })?;
    Ok(sdk::CreatePolicyVersionResponse { policy_version: Some(made) })
}

fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetPolicyVersionRequest) -> Answer<sdk::GetPolicyVersionResponse> {
    let (versions, default) = versions(&managed::find(cx, tx, &input.policy_arn)?);
    let wanted = number(&input.version_id);
    let found = versions.iter().find(|(number, _)| Some(*number) == wanted);
    let (number, version) = found.ok_or_else(|| missing(&input.policy_arn, &input.version_id))?;
    Ok(sdk::GetPolicyVersionResponse { policy_version: Some(views::version(*number, version, default)) })
}

/// The newest comes first.
fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListPolicyVersionsRequest) -> Answer<sdk::ListPolicyVersionsResponse> {
    let (versions, default) = versions(&managed::find(cx, tx, &input.policy_arn)?);
    let page = page(versions, asked(&input.marker, input.max_items), |(number, _)| format!("{:010}", u32::MAX - number))?;
    let page = page.map(|(number, version)| views::listed_version(number, &version, default));
    Ok(sdk::ListPolicyVersionsResponse { versions: Some(page.shown), is_truncated: page.is_truncated, marker: page.marker })
}

fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeletePolicyVersionRequest) -> Answer<()> {
    let (key, spec) = managed::own(cx, tx, &input.policy_arn)?;
    let number = number(&input.version_id).filter(|number| spec.versions.contains_key(number));
    let number = number.ok_or_else(|| missing(&input.policy_arn, &input.version_id))?;
    if number == spec.default {
        return Err(errors::default_version());
    }
    Ok(tx.update_spec(&key, |spec| drop(spec.versions.remove(&number)))?)
}

fn set_default(cx: &Cx, tx: &mut Tx, input: &sdk::SetDefaultPolicyVersionRequest) -> Answer<()> {
    let (key, spec) = managed::own(cx, tx, &input.policy_arn)?;
    let number = number(&input.version_id).filter(|number| spec.versions.contains_key(number));
    let number = number.ok_or_else(|| missing(&input.policy_arn, &input.version_id))?;
    Ok(tx.update_spec(&key, |spec| spec.default = number)?)
}

/// All versions of a policy, and which is in force. Of AWS's policies there is only the one in force.
pub fn versions(policy: &Managed) -> (Vec<(u32, PolicyVersion)>, u32) {
    match policy {
        Managed::Own(_, spec) => (spec.versions.clone().into_iter().collect(), spec.default),
        Managed::Aws(policy) => {
            let version = PolicyVersion { document: policy.document.to_owned(), created_at: policy.updated_at };
            (vec![(policy.version, version)], policy.version)
        }
    }
}

fn number(version_id: &str) -> Option<u32> {
    version_id.strip_prefix('v')?.parse().ok()
}

fn missing(arn: &str, version: &str) -> Fault {
    errors::no_such_entity(format!("Policy {arn} version {version} does not exist or is not attachable."))
}
