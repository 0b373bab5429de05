//! All keys, and the names of their policies.

use super::super::{errors, page};
use super::own;
use api::kms as sdk;
use front::{Answer, Cx, records::all};
use model::{Key, kms::KmsKey};
use page::{Asked, page};
use spine::Tx;

/// `ListKeys`.
pub fn keys(cx: &Cx, tx: &mut Tx, input: &sdk::ListKeysRequest) -> Answer<sdk::ListKeysResponse> {
    if input.resource_owners.is_some() {
        return Err(errors::not_built("ResourceOwners"));
    }
    let asked = Asked { limit: input.limit, marker: input.marker.as_deref(), default: 100 };
    let page = page(all::<KmsKey>(cx, tx)?, |(id, _)| id, &asked)?;
    let shown = page.things.into_iter().map(|(id, _)| {
        let arn = Key::<KmsKey>::new(&cx.account, &cx.region, &*id).arn().to_string();
        sdk::KeyListEntry { key_id: Some(id), key_arn: Some(arn) }
    });
    Ok(sdk::ListKeysResponse { keys: Some(shown.collect()), next_marker: page.next_marker, truncated: page.truncated })
}

/// `ListKeyPolicies`: a key has one, which is called `default`.
pub fn policies(cx: &Cx, tx: &mut Tx, input: &sdk::ListKeyPoliciesRequest) -> Answer<sdk::ListKeyPoliciesResponse> {
    own(cx, tx, &input.key_id)?;
    let asked = Asked { limit: input.limit, marker: input.marker.as_deref(), default: 100 };
    let page = page(vec!["default".to_owned()], |name| name, &asked)?;
    Ok(sdk::ListKeyPoliciesResponse { policy_names: Some(page.things), next_marker: page.next_marker, truncated: page.truncated })
}
