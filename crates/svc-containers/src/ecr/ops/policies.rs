//! The policies of repositories. That they decide is seen to by [`super::super::policy::facts`].

use super::super::{errors, find, policy};
use api::ecr as sdk;
use front::{Answer, Cx};
use spine::Tx;

pub fn set(cx: &Cx, tx: &mut Tx, input: &sdk::SetRepositoryPolicyRequest) -> Answer<sdk::SetRepositoryPolicyResponse> {
    let (key, _) = find::repository(cx, tx, &input.registry_id, &input.repository_name)?;
    policy::check(&input.policy_text)?;
    if input.force != Some(true) {
        policy::refuse_lockout(cx, tx, &key, &input.policy_text)?;
    }
    tx.update_spec(&key, |spec| spec.policy = Some(input.policy_text.clone()))?;
    Ok(sdk::SetRepositoryPolicyResponse {
        registry_id: Some(key.account.to_string()),
        repository_name: Some(key.id),
        policy_text: Some(input.policy_text.clone()),
    })
}

pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetRepositoryPolicyRequest) -> Answer<sdk::GetRepositoryPolicyResponse> {
    let (key, spec) = find::repository(cx, tx, &input.registry_id, &input.repository_name)?;
    let policy = spec.policy.clone().ok_or_else(|| errors::no_policy(&key))?;
    Ok(sdk::GetRepositoryPolicyResponse {
        registry_id: Some(key.account.to_string()),
        repository_name: Some(key.id),
        policy_text: Some(policy),
    })
}

pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteRepositoryPolicyRequest) -> Answer<sdk::DeleteRepositoryPolicyResponse> {
    let (key, spec) = find::repository(cx, tx, &input.registry_id, &input.repository_name)?;
    let policy = spec.policy.clone().ok_or_else(|| errors::no_policy(&key))?;
    tx.update_spec(&key, |spec| spec.policy = None)?;
    Ok(sdk::DeleteRepositoryPolicyResponse {
        registry_id: Some(key.account.to_string()),
        repository_name: Some(key.id),
        policy_text: Some(policy),
    })
}
