//! On which resources operations act, for their rows (Service Authorization Reference, "AWS Identity and Access Management").

use front::Cx;
use model::{
    Arn,
    iam::{Named, User, global_arn},
};

/// The ARN of what has the name.
pub fn named<R: Named>(cx: &Cx, name: &str) -> Vec<Arn> {
    vec![global_arn("iam", &cx.account, format!("{}/{name}", R::RESOURCE))]
}

/// The ARN of a user, who is the caller where none is named.
pub fn user_or_caller(cx: &Cx, name: &Option<String>) -> Vec<Arn> {
    match name {
        Some(name) => named::<User>(cx, name),
        None => vec![cx.principal.arn(&cx.account)],
    }
}

/// What a list acts on: the path that it is asked for, such as `user/division/`.
pub fn under<R: Named>(cx: &Cx, prefix: &Option<String>) -> Vec<Arn> {
    let prefix = prefix.as_deref().unwrap_or("/");
    vec![global_arn("iam", &cx.account, format!("{}{prefix}", R::RESOURCE))]
}
