//! Key policies.

use super::super::{errors, facts};
use super::own;
use api::kms as sdk;
use front::{Answer, Cx};
use spine::Tx;

const NAME: &str = "default";

/// `PutKeyPolicy`.
pub fn put(cx: &Cx, tx: &mut Tx, input: &sdk::PutKeyPolicyRequest) -> Answer<()> {
    let found = own(cx, tx, &input.key_id)?;
    check_name(input.policy_name.as_deref())?;
    facts::check(&input.policy)?;
    if input.bypass_policy_lockout_safety_check != Some(true) {
        facts::refuse_lockout(cx, tx, &found.key, &found.spec, &input.policy)?;
    }
    Ok(tx.update_spec(&found.key, |spec| spec.policy = input.policy.clone())?)
}

/// `GetKeyPolicy`.
pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetKeyPolicyRequest) -> Answer<sdk::GetKeyPolicyResponse> {
    let found = own(cx, tx, &input.key_id)?;
    check_name(input.policy_name.as_deref())?;
    Ok(sdk::GetKeyPolicyResponse { policy: Some(found.spec.policy.clone()), policy_name: Some(NAME.into()) })
}

fn check_name(name: Option<&str>) -> Answer<()> {
    let known = name.is_none_or(|name| name == NAME);
    if known { Ok(()) } else { Err(errors::validation("The only valid policy name is default.")) }
}
