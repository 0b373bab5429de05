//! Sessions of users, and of whom users let in.

use super::super::{durations, errors, keys, narrowing::Narrowing, packed, tags::Passed, views};
use api::sts as sdk;
use front::{Answer, Cx, credentials::issue_session};
use logic::policy::Context;
use model::{
    Arn,
    iam::{Principal, SessionTerms, Tags, global_arn},
};
use spine::{Snapshot, Tx};

/// Credentials that do what the caller's lasting ones do, but for a while.
pub fn session_token(cx: &Cx, tx: &mut Tx, input: &sdk::GetSessionTokenRequest) -> Answer<sdk::GetSessionTokenResponse> {
    not_built(&[
        ("SerialNumber", input.serial_number.is_some()),
        ("TokenCode", input.token_code.is_some()),
        ("MinimumSessionTokenSize", input.minimum_session_token_size.is_some()),
    ])?;
    if cx.session().is_some() {
        return Err(errors::session_credentials("GetSessionToken"));
    }
    let lasts = durations::of_user(input.duration_seconds, cx.principal == Principal::Root);
    let issued = issue_session(tx, &cx.env, &cx.account, cx.principal.clone(), lasts, SessionTerms::default())?;
    Ok(sdk::GetSessionTokenResponse { credentials: Some(views::credentials(issued)), ..Default::default() })
}

/// Credentials for somebody who is no user: what the caller may do, as far as the session's policies say so too.
pub fn federation_token(cx: &Cx, tx: &mut Tx, input: &sdk::GetFederationTokenRequest) -> Answer<sdk::GetFederationTokenResponse> {
    not_built(&[("MinimumSessionTokenSize", input.minimum_session_token_size.is_some())])?;
    if cx.session().is_some() {
        return Err(errors::session_credentials("GetFederationToken"));
    }
    let narrowing = Narrowing::new(&input.policy, &input.policy_arns)?;
    let passed = Passed::new(&input.tags, &None, None)?;
    let packed_policy_size = packed::percent(narrowing.policy.as_deref(), &narrowing.arns, &passed)?;
    if passed.any() {
        cx.authorize("sts:TagSession", &[user(cx, &input.name)], &federation_keys(&passed))?;
    }
    narrowing.check(tx, &cx.account)?;
    let lasts = durations::of_user(input.duration_seconds, cx.principal == Principal::Root);
    let terms = SessionTerms {
        // Without a policy nothing is allowed, which an empty list says.
        policies: Some(narrowing.policy.into_iter().collect()),
        policy_arns: narrowing.arns,
        tags: passed.over(&Tags::new()),
        ..SessionTerms::default()
    };
    let session = Principal::FederatedUser { name: input.name.clone(), by: by(&cx.principal) };
    let issued = issue_session(tx, &cx.env, &cx.account, session.clone(), lasts, terms)?;
    Ok(sdk::GetFederationTokenResponse {
        credentials: Some(views::credentials(issued)),
        federated_user: Some(views::federated_user(&cx.account, &session)),
        packed_policy_size,
        ..Default::default()
    })
}

/// On whom the operation acts: the user that it makes. Tags that can't be passed are refused here, since policies couldn't decide on them.
pub fn federated(cx: &Cx, _: &Snapshot, input: &sdk::GetFederationTokenRequest) -> Answer<Vec<Arn>> {
    Passed::new(&input.tags, &None, None)?;
    Ok(vec![user(cx, &input.name)])
}

fn user(cx: &Cx, name: &str) -> Arn {
    global_arn("sts", &cx.account, format!("federated-user/{name}"))
}

/// The condition keys of the request.
pub fn federation_request(_: &Cx, input: &sdk::GetFederationTokenRequest) -> Context {
    federation_keys(&Passed::new(&input.tags, &None, None).unwrap_or_default())
}

fn federation_keys(passed: &Passed) -> Context {
    keys::of_request(keys::Asked::default(), passed)
}

fn by(principal: &Principal) -> Option<String> {
    match principal {
        Principal::User { name, .. } => Some(name.clone()),
        _ => None,
    }
}

/// Refuses parameters that would have no effect.
pub fn not_built(parameters: &[(&str, bool)]) -> Answer<()> {
    match parameters.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(errors::not_built(name)),
        None => Ok(()),
    }
}
