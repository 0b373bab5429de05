//! `userIdentity`: who made a call, as CloudTrail writes it (user guide, "CloudTrail userIdentity element").

use front::Call;
use model::iam::{AccessKeySpec, Principal, base_name, global_arn};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use wire::Time;

/// What is known of the credentials besides the principal.
#[derive(Clone, Default)]
pub(super) struct Facts {
    /// The key's record; keys of the tutorials have none.
    pub(super) key: Option<Arc<AccessKeySpec>>,
    /// The unique id of the user that has made a federated user's session.
    pub(super) issuer_id: Option<String>,
}

/// The element for a call.
pub(super) fn element(call: &Call, facts: &Facts) -> Value {
    match &call.principal {
        Principal::Anonymous => return outsider(call),
        Principal::Service { name } => return json!({"type": "AWSService", "invokedBy": name}),
        _ => {}
    }
    let mut element = Map::new();
    element.insert("type".into(), kind(&call.principal).into());
    element.insert("principalId".into(), call.principal.id(&call.account).into());
    element.insert("arn".into(), call.principal.arn(&call.account).to_string().into());
    element.insert("accountId".into(), call.account.as_str().into());
    element.insert("accessKeyId".into(), call.access_key_id.clone().into());
    if let Principal::User { name, .. } = &call.principal {
        element.insert("userName".into(), base_name(name).into());
    }
    if let Some(context) = session_context(call, facts) {
        element.insert("sessionContext".into(), context);
    }
    Value::Object(element)
}

/// What LookupEvents calls the user's name: a session's is its own, not its role's.
pub(super) fn user_name(call: &Call) -> &str {
    match &call.principal {
        Principal::Root => "root",
        Principal::Anonymous => call.response["subjectFromWebIdentityToken"].as_str().unwrap_or_default(),
        Principal::User { name, .. } => base_name(name),
        Principal::AssumedRole { session, .. } => session,
        Principal::FederatedUser { name, .. } | Principal::Service { name } => name,
    }
}

/// Whoever had a token of an identity provider in place of a signature; what it says of its holder stands in the answer ("Values for AWS STS
/// APIs with SAML and web identity federation").
fn outsider(call: &Call) -> Value {
    let said = |name: &str| call.response[name].as_str().unwrap_or_default();
    let (provider, audience, subject) = (said("provider"), said("audience"), said("subjectFromWebIdentityToken"));
    json!({
        "type": kind(&call.principal),
        "principalId": format!("{provider}:{audience}:{subject}"),
        "userName": subject,
        "identityProvider": provider,
    })
}

fn kind(principal: &Principal) -> &'static str {
    match principal {
        Principal::Root => "Root",
        Principal::Anonymous => "WebIdentityUser",
        Principal::User { .. } => "IAMUser",
        Principal::AssumedRole { .. } => "AssumedRole",
        Principal::FederatedUser { .. } => "FederatedUser",
        Principal::Service { .. } => "AWSService",
    }
}

/// Where temporary credentials come from.
fn session_context(call: &Call, facts: &Facts) -> Option<Value> {
    let key = facts.key.as_ref()?;
    let session = key.session.as_ref()?;
    // Nothing here asks for a second factor, so none was ever shown.
    let mut context = Map::new();
    context.insert(
        "attributes".into(),
        json!({"creationDate": Time(key.created_at.0).to_the_second(), "mfaAuthenticated": "false"}),
    );
    if let Some(issuer) = session_issuer(call, facts) {
        context.insert("sessionIssuer".into(), issuer);
    }
    if let Some(federation) = &session.terms.federation {
        let data = json!({"federatedProvider": federation.provider, "attributes": federation.claims});
        context.insert("webIdFederationData".into(), data);
    }
    if let Some(source) = &session.terms.source_identity {
        context.insert("sourceIdentity".into(), source.clone().into());
    }
    Some(Value::Object(context))
}

fn session_issuer(call: &Call, facts: &Facts) -> Option<Value> {
    let account = &call.account;
    match &call.principal {
        Principal::AssumedRole { role, id, .. } => Some(json!({
            "type": "Role",
            "principalId": id,
            "arn": call.principal.role_arn(account)?.to_string(),
            "accountId": account,
            "userName": base_name(role),
        })),
        Principal::FederatedUser { by: Some(user), .. } => Some(json!({
            "type": "IAMUser",
            "principalId": facts.issuer_id,
            "arn": global_arn("iam", account, format!("user/{user}")).to_string(),
            "accountId": account,
            "userName": base_name(user),
        })),
        Principal::FederatedUser { by: None, .. } => {
            let arn = Principal::Root.arn(account).to_string();
            Some(json!({"type": "Root", "principalId": account, "arn": arn, "accountId": account}))
        }
        Principal::Root | Principal::Anonymous | Principal::User { .. } | Principal::Service { .. } => None,
    }
}
