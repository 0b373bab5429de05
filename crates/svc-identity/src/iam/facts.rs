//! What decisions have to know of IAM's own resources: their tags, what bounds them, and whether users may change their passwords.

use front::{Answer, Cx, Facts};
use logic::policy::{Context, Kind};
use model::{
    AccountId, Arn, Key,
    iam::{AccountSettings, InstanceProfile, ManagedPolicy, Named, OidcProvider, Role, Tags, User, UserSpec, base_name},
};
use serde_json::json;
use spine::{Read, Snapshot};
use std::sync::Arc;

/// What is known of the resource of an ARN; nothing of a path alone, which is what lists act on.
pub fn of(_: &Cx, at: &Snapshot, arn: &Arn) -> Answer<Facts> {
    let named = arn.resource.split_once('/').filter(|(_, id)| !base_name(id).is_empty());
    let (Ok(account), Some((kind, id))) = (AccountId::parse(&arn.account), named) else {
        return Ok(Facts::default());
    };
    let place = Place { at, account: &account, name: base_name(id) };
    match kind {
        User::RESOURCE => place.user(),
        Role::RESOURCE => place.facts::<Role>(|role| entity(&role.tags, role.boundary.as_ref())),
        InstanceProfile::RESOURCE => place.facts::<InstanceProfile>(|profile| entity(&profile.tags, None)),
        ManagedPolicy::RESOURCE => place.facts::<ManagedPolicy>(|policy| entity(&policy.tags, None)),
        "oidc-provider" => {
            let found = at.spec(&Key::<OidcProvider>::at(&account, id))?;
            Ok(found.map(|provider| entity(&provider.tags, None)).unwrap_or_default())
        }
        _ => Ok(Facts::default()),
    }
}

/// Where something is looked for.
struct Place<'a> {
    at: &'a Snapshot,
    account: &'a AccountId,
    name: &'a str,
}

impl Place<'_> {
    fn find<R: Named>(&self) -> Answer<Option<Arc<R::Spec>>> {
        Ok(self.at.spec(&Key::<R>::named(self.account, self.name))?)
    }

    fn facts<R: Named>(&self, facts: impl FnOnce(&R::Spec) -> Facts) -> Answer<Facts> {
        Ok(self.find::<R>()?.map(|spec| facts(&spec)).unwrap_or_default())
    }

    fn user(&self) -> Answer<Facts> {
        let Some(user) = self.find::<User>()? else { return Ok(Facts::default()) };
        let facts = entity(&user.tags, user.boundary.as_ref());
        let settings = self.at.spec(&Key::<AccountSettings>::of(self.account))?;
        let policy = settings.as_ref().and_then(|settings| settings.password_policy.as_ref());
        if policy.is_none_or(|policy| !policy.users_may_change) {
            return Ok(facts);
        }
        Ok(facts.with_policy("the account's password policy", &may_change_password(self.account, &user), Kind::Resource))
    }
}

fn entity(tags: &Tags, boundary: Option<&String>) -> Facts {
    let mut keys = Context::new();
    if let Some(arn) = boundary {
        keys.set("iam:PermissionsBoundary", arn);
    }
    Facts { tags: tags.clone(), keys, ..Facts::default() }
}

/// `AllowUsersToChangePassword` permits every user to change its own, which no policy of its own has to (IAM user guide, "Permit IAM
/// users to change their own passwords").
fn may_change_password(account: &AccountId, user: &UserSpec) -> String {
    let arn = User::arn(account, user).to_string();
    let statement = json!({"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "iam:ChangePassword", "Resource": arn});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}
