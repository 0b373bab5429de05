//! Sessions of roles for whoever has a token of an identity provider.

use super::{
    super::{
        Sts, durations, errors, keys,
        narrowing::Narrowing,
        packed,
        roles::RoleArn,
        tags::Passed,
        views,
        web::{self, Identity},
    },
    users::not_built,
};
use api::sts as sdk;
use front::{Answer, Cx, credentials::issue_session};
use logic::policy::{Attached, Caller, CallerKind, Context, Kind, Policies, Policy, Request, ResourceRule, decide};
use model::{
    Key,
    iam::{Federation, OidcProvider, RoleSpec, SessionTerms, Tags},
};
use oidc::{Issuer, Token};
use spine::{Read, Tx};
use std::sync::Arc;

const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// Lets the bearer of a token act as a role. Nobody signs the request: the token says who it is.
pub async fn assume(
    cx: Cx,
    sts: Arc<Sts>,
    input: sdk::AssumeRoleWithWebIdentityRequest,
) -> Answer<sdk::AssumeRoleWithWebIdentityResponse> {
    not_built(&[
        ("ProviderId", input.provider_id.is_some()),
        ("MinimumSessionTokenSize", input.minimum_session_token_size.is_some()),
    ])?;
    let role_arn = RoleArn::parse(&input.role_arn)?;
    let narrowing = Narrowing::new(&input.policy, &input.policy_arns)?;
    let token = Token::parse(&input.web_identity_token).ok_or_else(errors::not_a_token)?;
    let issuer = web::issuer(&token.claims)?;
    let provider = Key::<OidcProvider>::at(&role_arn.account, without_scheme(issuer));
    let spec = sts.store.snapshot().spec(&provider)?.ok_or_else(|| errors::no_provider(issuer))?;
    let identity = web::identify(&token.claims, &spec, cx.now)?;
    let asked = Issuer { url: issuer, thumbprints: &spec.thumbprints };
    sts.providers.verify(asked, &token, cx.now).await.map_err(errors::not_believed)?;
    let told = &identity.told;
    let passed = Passed::of(told.tags.iter().cloned(), told.transitive.clone(), None)?;
    let bearer = Bearer { provider, identity, passed };
    sts.store.transact(|tx| admit(&cx, tx, &input, &role_arn, &narrowing, &bearer)).await
}

/// Whoever has a token that its provider has signed.
struct Bearer {
    provider: Key<OidcProvider>,
    identity: Identity,
    passed: Passed,
}

fn admit(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::AssumeRoleWithWebIdentityRequest,
    role_arn: &RoleArn,
    narrowing: &Narrowing,
    bearer: &Bearer,
) -> Answer<sdk::AssumeRoleWithWebIdentityResponse> {
    let (identity, passed) = (&bearer.identity, &bearer.passed);
    let packed_policy_size = packed::percent(narrowing.policy.as_deref(), &narrowing.arns, passed)?;
    let role = role_arn.find(tx)?.ok_or_else(|| errors::web_identity_denied(ACTION))?;
    trusted(cx, &role, role_arn, bearer, &input.role_session_name)?;
    narrowing.check(tx, &role_arn.account)?;
    let provider = bearer.provider.arn().to_string();
    let session = role.session(&input.role_session_name);
    let lasts = durations::of_role(input.duration_seconds, role.max_session_s, false)?;
    let terms = SessionTerms {
        policies: narrowing.policy.clone().map(|policy| vec![policy]),
        policy_arns: narrowing.arns.clone(),
        tags: passed.over(&role.tags),
        transitive_tags: passed.onward(),
        source_identity: identity.told.source_identity.clone(),
        chained: false,
        federation: Some(Federation { provider: provider.clone(), claims: single(identity) }),
    };
    let issued = issue_session(tx, &cx.env, &role_arn.account, session.clone(), lasts, terms)?;
    Ok(sdk::AssumeRoleWithWebIdentityResponse {
        credentials: Some(views::credentials(issued)),
        subject_from_web_identity_token: Some(identity.subject.clone()),
        assumed_role_user: Some(views::assumed_role_user(&role_arn.account, &session)),
        packed_policy_size,
        provider: Some(provider),
        audience: Some(identity.audience.clone()),
        source_identity: identity.told.source_identity.clone(),
        ..Default::default()
    })
}

/// Refuses a bearer whom the role's trust policy doesn't let in, with tags and a source identity if the token brings them.
fn trusted(cx: &Cx, role: &RoleSpec, role_arn: &RoleArn, bearer: &Bearer, session_name: &str) -> Answer<()> {
    let (provider, arn) = (bearer.provider.arn().to_string(), role_arn.arn.to_string());
    let source_identity = bearer.identity.told.source_identity.as_deref();
    let context = context(cx, bearer, keys::Asked { session_name: Some(session_name), external_id: None, source_identity });
    let policy = Policy::parse(&role.trust, Kind::Trust).map_err(|_| errors::web_identity_denied(ACTION))?;
    let trust = Attached { name: arn.as_str().into(), policy: Arc::new(policy) };
    let caller = Caller { arn: &provider, account: "", kind: CallerKind::WebIdentity };
    let needed = [(ACTION, true), ("sts:TagSession", bearer.passed.any()), ("sts:SetSourceIdentity", source_identity.is_some())];
    for (action, _) in needed.into_iter().filter(|(_, needed)| *needed) {
        let resource_account = Some(role_arn.account.as_str());
        let request = Request { caller, action, resource: &arn, resource_account, context: &context };
        if !decide(&request, &Policies::default(), Some(&trust), ResourceRule::Trust).allowed {
            return Err(errors::web_identity_denied(action));
        }
    }
    Ok(())
}

/// How the request came, what the token says, and what is asked for. Keys about a principal are left out, for there is none.
fn context(cx: &Cx, bearer: &Bearer, asked: keys::Asked<'_>) -> Context {
    let about_a_principal = |key: &str| key.starts_with("aws:Principal") || key == "aws:userid";
    let mut context = Context::new();
    for (key, values) in cx.context().iter().filter(|(key, _)| !about_a_principal(key)) {
        context.set_all(key.to_owned(), values.to_vec());
    }
    for (key, values) in &bearer.identity.keys {
        context.set_all(key.clone(), values.clone());
    }
    context.set_from(&keys::of_request(asked, &bearer.passed));
    context
}

/// The claims that have one value, as the session keeps them.
fn single(identity: &Identity) -> Tags {
    let single = |(key, values): &(String, Vec<String>)| match &values[..] {
        [value] => Some((key.clone(), value.clone())),
        _ => None,
    };
    identity.keys.iter().filter_map(single).collect()
}

fn without_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}
