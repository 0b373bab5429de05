//! The roles of tasks: how callers name them, and what ECS does with them.

use super::{errors::client, load::credentials_key};
use front::{CredentialsWish, Cx, ServicePrincipal, give_credentials, may_assume};
use logic::policy::Context;
use model::{
    AccountId, Arn, Env, Key,
    ecs::{Task, short_id},
    iam::{Named, Role, global_arn},
};
use spine::{Read, StoreError, Tx};
use wire::Fault;

/// The ARN of the role that a caller names by its ARN or its name. Whether there is such a role is found out when it is needed.
pub fn named(read: &impl Read, account: &AccountId, given: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(text) = given.filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.starts_with("arn:") {
        return is_role_of(account, text).then(|| Some(text.to_owned())).ok_or_else(invalid);
    }
    if !is_name(text) {
        return Err(invalid());
    }
    let role = read.spec(&Key::<Role>::named(account, text))?;
    let arn = role.map_or_else(|| global_arn("iam", account, format!("role/{text}")), |role| Role::arn(account, &role));
    Ok(Some(arn.to_string()))
}

fn invalid() -> Fault {
    client("Role is not valid")
}

/// No role of another account can be passed to a service.
fn is_role_of(account: &AccountId, text: &str) -> bool {
    let Ok(arn) = text.parse::<Arn>() else { return false };
    let name = arn.resource_id("iam", "role").map(|role| role.rsplit('/').next().unwrap_or(role));
    arn.region.is_empty() && arn.account == account.as_str() && name.is_some_and(is_name)
}

/// 1 to 64 letters, digits, and some signs (IAM user guide, "IAM and AWS STS quotas").
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
}

/// As whom ECS assumes the roles of tasks.
const SERVICE: &str = "ecs-tasks.amazonaws.com";

/// Refuses unless the caller may pass the roles to tasks.
pub fn pass<'a>(cx: &Cx, roles: impl IntoIterator<Item = &'a str>) -> Result<(), Fault> {
    let keys = Context::new().with("iam:PassedToService", SERVICE);
    let roles: Vec<Arn> = roles.into_iter().filter_map(|role| role.parse().ok()).collect();
    // Without any there is nothing to be asked: an empty list would stand for all of them.
    if roles.is_empty() { Ok(()) } else { cx.authorize("iam:PassRole", &roles, &keys) }
}

fn principal<'a>(account: &'a AccountId, source: &'a Arn) -> ServicePrincipal<'a> {
    ServicePrincipal { name: SERVICE, account, source }
}

/// Whether ECS may assume all of these roles for what `source` names; otherwise why no task can have them.
pub fn check<'a>(
    read: &impl Read,
    account: &AccountId,
    source: &Arn,
    roles: impl IntoIterator<Item = &'a str>,
) -> Result<Result<(), String>, StoreError> {
    for role in roles {
        if may_assume(read, principal(account, source), role)?.is_err() {
            return Ok(Err(unassumable(role)));
        }
    }
    Ok(Ok(()))
}

/// Gives a task the credentials of the role, if the role's trust policy lets ECS assume it: what it asks for them by. Otherwise why it
/// can't have them.
pub fn give(tx: &mut Tx, env: &Env, task: &Key<Task>, role: &str) -> Result<Result<String, String>, StoreError> {
    let arn = task.arn();
    let wish = CredentialsWish { service: principal(&task.account, &arn), role, session: short_id(&task.id) };
    let given = give_credentials(tx, env, &credentials_key(task), wish)?;
    Ok(given.map_err(|_| unassumable(role)))
}

/// In ECS's words.
fn unassumable(role: &str) -> String {
    format!(
        "ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role being passed has the \
         proper trust relationship and permissions and that your IAM user has permissions to pass this role."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use spine::Store;

    #[test]
    fn roles_are_named_by_arn_or_by_name() {
        let (store, account) = (Store::ephemeral(), AccountId::parse("111122223333").unwrap());
        let named = |text| named(&store.snapshot(), &account, Some(text)).map_err(|fault| fault.message);
        assert_eq!(named("app"), Ok(Some("arn:aws:iam::111122223333:role/app".into())));
        assert_eq!(named("arn:aws:iam::111122223333:role/a/b/app"), Ok(Some("arn:aws:iam::111122223333:role/a/b/app".into())));
        assert_eq!(named(""), Ok(None));
        for wrong in [
            "arn:aws:iam::444455556666:role/app",
            "arn:aws:iam::111122223333:user/app",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam:us-east-1:111122223333:role/app",
            "arn:aws:iam",
            "no spaces",
            "a/b",
        ] {
            assert_eq!(named(wrong), Err("Role is not valid".into()), "{wrong}");
        }
    }
}
