//! Trust policies: who may assume a role. Those that they name have to be there.

use super::{documents, errors};
use front::{Answer, Cx};
use logic::policy::Kind;
use model::{
    AccountId, Arn, Key,
    iam::{Named, Role, User, base_name},
};
use serde_json::Value;
use spine::Read;

/// How many characters a trust policy may have, white space not counted (IAM user guide, "IAM and AWS STS quotas").
pub const LONGEST: usize = 2048;

/// Refuses what is no trust policy, and principals of the account that aren't there. Whether those of other accounts are there is
/// theirs to know.
pub fn check(cx: &Cx, store: &impl Read, document: &str) -> Answer<()> {
    documents::check(document, Kind::Trust)?;
    if documents::size(document) > LONGEST {
        return Err(errors::quota("ACLSizePerRole", LONGEST));
    }
    if principals(document, "Federated").iter().any(|principal| !is_federation(principal)) {
        return Err(errors::malformed_policy("Federated principals must be valid domain names or SAML metadata ARNs"));
    }
    for principal in principals(document, "AWS") {
        if !stands(cx, store, &principal)? {
            return Err(errors::malformed_policy(format!("Invalid principal in policy: \"AWS\":\"{principal}\"")));
        }
    }
    Ok(())
}

/// The principals of one kind that all statements name.
fn principals(document: &str, kind: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let statements = list(&document["Statement"]);
    let sets = statements.into_iter().flat_map(|statement| [&statement["Principal"][kind], &statement["NotPrincipal"][kind]]);
    sets.flat_map(list).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether it is an identity provider: one of those that AWS knows by their domains, or an ARN. It need not be there yet.
fn is_federation(principal: &str) -> bool {
    let Ok(arn) = principal.parse::<Arn>() else {
        return principal == "*" || principal.contains('.') && !principal.contains(':');
    };
    ["oidc-provider", "saml-provider"].iter().any(|kind| arn.resource_id("iam", kind).is_some())
}

/// Policies leave the brackets of a list of one away.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// Whether there is such a principal (IAM user guide, "AWS JSON policy elements: Principal").
fn stands(cx: &Cx, store: &impl Read, principal: &str) -> Answer<bool> {
    if principal == "*" || is_account(principal) {
        return Ok(true);
    }
    let Ok(arn) = principal.parse::<Arn>() else { return Ok(false) };
    let known = ["iam", "sts"].contains(&arn.service.as_str()) && arn.region.is_empty() && is_account(&arn.account);
    let shaped = known && kinds(&arn).is_some_and(|name| !name.is_empty() && !name.contains(['*', '?'])) || is_root(&arn);
    if !shaped || arn.account != cx.account.as_str() || is_root(&arn) {
        return Ok(shaped);
    }
    exists(cx, store, &arn)
}

/// What behind the kind names a principal: groups are none.
fn kinds(arn: &Arn) -> Option<&str> {
    let of = |service, kinds: &[&str]| kinds.iter().find_map(|kind| arn.resource_id(service, kind));
    of("iam", &["user", "role"]).or_else(|| of("sts", &["assumed-role", "federated-user"]))
}

fn exists(cx: &Cx, store: &impl Read, arn: &Arn) -> Answer<bool> {
    if let Some(name) = arn.resource_id("iam", "user") {
        return is::<User>(cx, store, base_name(name), arn);
    }
    if let Some(name) = arn.resource_id("iam", "role") {
        return is::<Role>(cx, store, base_name(name), arn);
    }
    match arn.resource_id("sts", "assumed-role").and_then(|session| session.split_once('/')) {
        Some((role, session)) if !session.is_empty() => Ok(store.exists(&Key::<Role>::named(&cx.account, role))?),
        _ => Ok(arn.resource_id("sts", "federated-user").is_some()),
    }
}

fn is<R: Named>(cx: &Cx, store: &impl Read, name: &str, arn: &Arn) -> Answer<bool> {
    let found = store.spec(&Key::<R>::named(&cx.account, name))?;
    Ok(found.is_some_and(|spec| R::arn(&cx.account, &spec) == *arn))
}

fn is_root(arn: &Arn) -> bool {
    arn.service == "iam" && arn.region.is_empty() && is_account(&arn.account) && arn.resource == "root"
}

fn is_account(text: &str) -> bool {
    AccountId::parse(text).is_ok()
}
