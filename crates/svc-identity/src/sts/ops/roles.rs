//! Sessions of roles.

use super::{
    super::{durations, errors, keys, narrowing::Narrowing, packed, roles::RoleArn, tags::Passed, views},
    users::not_built,
};
use api::sts as sdk;
use front::{Answer, Cx, credentials::issue_session};
use logic::policy::Context;
use model::{
    Arn,
    iam::{Principal, SessionTerms},
};
use spine::{Snapshot, Tx};

/// Lets the caller act as a role. That the role's trust policy allows it was looked at before.
pub fn assume(cx: &Cx, tx: &mut Tx, input: &sdk::AssumeRoleRequest) -> Answer<sdk::AssumeRoleResponse> {
    check(cx, input)?;
    let role_arn = RoleArn::parse(&input.role_arn)?;
    let narrowing = Narrowing::new(&input.policy, &input.policy_arns)?;
    let passed = passed(cx, input)?;
    let packed_policy_size = packed::percent(narrowing.policy.as_deref(), &narrowing.arns, &passed)?;
    let source_identity = source_identity(cx, input)?;
    permit(cx, &role_arn.arn, &passed, source_identity.is_some(), &request_keys(cx, input, &passed))?;

    let chained = matches!(cx.principal, Principal::AssumedRole { .. });
    let caller = cx.principal.arn(&cx.account);
    let role = role_arn.find(tx)?.ok_or_else(|| errors::denied(&caller, "sts:AssumeRole", &role_arn.arn))?;
    narrowing.check(tx, &role_arn.account)?;
    let session = role.session(&input.role_session_name);
    let lasts = durations::of_role(input.duration_seconds, role.max_session_s, chained)?;
    let terms = SessionTerms {
        policies: narrowing.policy.map(|policy| vec![policy]),
        policy_arns: narrowing.arns,
        tags: passed.over(&role.tags),
        transitive_tags: passed.onward(),
        source_identity: source_identity.clone(),
        chained,
        federation: None,
    };
    let issued = issue_session(tx, &cx.env, &role_arn.account, session.clone(), lasts, terms)?;
    Ok(sdk::AssumeRoleResponse {
        credentials: Some(views::credentials(issued)),
        assumed_role_user: Some(views::assumed_role_user(&role_arn.account, &session)),
        packed_policy_size,
        source_identity,
        ..Default::default()
    })
}

fn check(cx: &Cx, input: &sdk::AssumeRoleRequest) -> Answer<()> {
    not_built(&[
        ("SerialNumber", input.serial_number.is_some()),
        ("TokenCode", input.token_code.is_some()),
        ("ProvidedContexts", input.provided_contexts.is_some()),
        ("MinimumSessionTokenSize", input.minimum_session_token_size.is_some()),
    ])?;
    match cx.principal {
        Principal::Root => Err(errors::root_assumes()),
        Principal::FederatedUser { .. } => Err(errors::session_credentials("AssumeRole")),
        _ => Ok(()),
    }
}

/// On which role the operation acts. The root of an account is refused by the operation, whatever the role says; tags that can't be passed
/// are refused here, since policies couldn't decide on them.
pub fn assumed(cx: &Cx, _: &Snapshot, input: &sdk::AssumeRoleRequest) -> Answer<Vec<Arn>> {
    let role = RoleArn::parse(&input.role_arn)?;
    passed(cx, input)?;
    Ok(if cx.principal == Principal::Root { Vec::new() } else { vec![role.arn] })
}

/// The condition keys of the request.
pub fn assume_request(cx: &Cx, input: &sdk::AssumeRoleRequest) -> Context {
    request_keys(cx, input, &passed(cx, input).unwrap_or_default())
}

fn passed(cx: &Cx, input: &sdk::AssumeRoleRequest) -> Answer<Passed> {
    Passed::new(&input.tags, &input.transitive_tag_keys, cx.session())
}

fn request_keys(cx: &Cx, input: &sdk::AssumeRoleRequest, passed: &Passed) -> Context {
    let inherited = cx.session().and_then(|session| session.terms.source_identity.as_deref());
    let asked = keys::Asked {
        session_name: Some(&input.role_session_name),
        external_id: input.external_id.as_deref(),
        source_identity: input.source_identity.as_deref().or(inherited),
    };
    keys::of_request(asked, passed)
}

/// Tags and a source identity need permissions of their own, which the trust policy has to give as well.
fn permit(cx: &Cx, role: &Arn, passed: &Passed, identified: bool, keys: &Context) -> Answer<()> {
    let role = std::slice::from_ref(role);
    if passed.any() {
        cx.authorize("sts:TagSession", role, keys)?;
    }
    if identified {
        cx.authorize("sts:SetSourceIdentity", role, keys)?;
    }
    Ok(())
}

/// Once it is set, it goes on through all sessions and can't be another one (IAM user guide, "Monitor and control actions taken with
/// assumed roles").
fn source_identity(cx: &Cx, input: &sdk::AssumeRoleRequest) -> Answer<Option<String>> {
    let standing = cx.session().and_then(|session| session.terms.source_identity.as_ref());
    match (standing, &input.source_identity) {
        (Some(standing), Some(asked)) if standing != asked => Err(errors::source_identity_changed()),
        (Some(identity), _) | (None, Some(identity)) => Ok(Some(identity.clone())),
        (None, None) => Ok(None),
    }
}
