//! Which condition keys policies ask for.

use super::super::{access, sources};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use logic::policy::{Kind, condition_keys};
use sdk::PolicySourceType;
use sources::Source;
use spine::Tx;
use std::collections::BTreeMap;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::GetContextKeysForCustomPolicy>(Access::all(), custom)
        .op::<sdk::GetContextKeysForPrincipalPolicy>(Access::on(|_, i| access::arn(&i.policy_source_arn)), principal)
}

fn custom(_: &Cx, _: &mut Tx, input: &sdk::GetContextKeysForCustomPolicyRequest) -> Answer<sdk::GetContextKeysForPolicyResponse> {
    Ok(keys(&given(&input.policy_input_list)?))
}

fn principal(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::GetContextKeysForPrincipalPolicyRequest,
) -> Answer<sdk::GetContextKeysForPolicyResponse> {
    let mut found = sources::of(cx, tx, &input.policy_source_arn)?.identity;
    found.extend(given(input.policy_input_list.as_deref().unwrap_or_default())?);
    Ok(keys(&found))
}

fn given(documents: &[String]) -> Answer<Vec<Source>> {
    let numbered = documents.iter().enumerate();
    let source = |(index, text): (usize, &String)| {
        sources::given(format!("PolicyInputList.{}", index + 1), text, Kind::Identity, PolicySourceType::None)
    };
    numbered.map(source).collect()
}

/// Each key once, however it is written.
fn keys(sources: &[Source]) -> sdk::GetContextKeysForPolicyResponse {
    let found = sources.iter().flat_map(|source| condition_keys(&source.attached.policy));
    let found: BTreeMap<String, String> = found.map(|key| (key.to_lowercase(), key)).collect();
    sdk::GetContextKeysForPolicyResponse { context_key_names: Some(found.into_values().collect()) }
}
