//! On which resources operations act, for their rows (Service Authorization Reference, "AWS Identity and Access Management").

use front::{Answer, Cx};
use model::{
    Arn, Key,
    iam::{AccessKey, Named, Principal, User, base_name, global_arn},
};
use spine::{Read, Snapshot};

/// The ARN of what has the name, with the path where it stands; without one where there is nothing of that name.
pub fn existing<R: Named>(cx: &Cx, at: &Snapshot, name: &str) -> Answer<Vec<Arn>> {
    let found = at.spec(&Key::<R>::named(&cx.account, name))?;
    Ok(vec![found.map_or_else(|| named::<R>(cx, name), |spec| R::arn(&cx.account, &spec))])
}

/// The ARN of what has the name and stands in no path.
pub fn named<R: Named>(cx: &Cx, name: &str) -> Arn {
    global_arn("iam", &cx.account, format!("{}/{name}", R::RESOURCE))
}

/// The ARN of what is to be made, in the path that it gets.
pub fn created<R: Named>(cx: &Cx, path: &Option<String>, name: &str) -> Vec<Arn> {
    let path = path.as_deref().unwrap_or("/");
    vec![global_arn("iam", &cx.account, format!("{}{path}{name}", R::RESOURCE))]
}

/// What a list acts on: the path that it is asked for, such as `user/division/`.
pub fn listed<R: Named>(cx: &Cx, prefix: &Option<String>) -> Vec<Arn> {
    created::<R>(cx, prefix, "")
}

/// The ARN of a user, who is the caller where none is named.
pub fn user_or_caller(cx: &Cx, at: &Snapshot, name: &Option<String>) -> Answer<Vec<Arn>> {
    match (name, &cx.principal) {
        (Some(name), _) => existing::<User>(cx, at, name),
        (None, Principal::User { name, .. }) => existing::<User>(cx, at, base_name(name)),
        (None, principal) => Ok(vec![principal.arn(&cx.account)]),
    }
}

/// The user whose access key it is; any, if it is nobody's in the account.
pub fn owner_of_key(cx: &Cx, at: &Snapshot, id: &str) -> Answer<Vec<Arn>> {
    let found = at.spec(&Key::<AccessKey>::of_id(id))?.filter(|key| key.account == cx.account);
    Ok(vec![found.map_or_else(|| named::<User>(cx, "*"), |key| key.principal.arn(&cx.account))])
}

/// What is given by its ARN; nothing where that is none, which the operation refuses.
pub fn arn(given: &str) -> Vec<Arn> {
    given.parse().into_iter().collect()
}
