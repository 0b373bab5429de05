//! On which resources operations act, for their rows.

use front::Cx;
use model::{
    Arn,
    iam::{Named, global_arn},
};

/// The ARN of what has the name.
pub fn named<R: Named>(cx: &Cx, name: &str) -> Vec<Arn> {
    vec![global_arn("iam", &cx.account, format!("{}/{name}", R::RESOURCE))]
}

/// The ARN of what is to be made, in the path that it gets.
pub fn created<R: Named>(cx: &Cx, path: &Option<String>, name: &str) -> Vec<Arn> {
    let path = path.as_deref().unwrap_or("/");
    vec![global_arn("iam", &cx.account, format!("{}{path}{name}", R::RESOURCE))]
}

/// Whatever stands under a path.
pub fn listed<R: Named>(cx: &Cx, prefix: &Option<String>) -> Vec<Arn> {
    let prefix = prefix.as_deref().unwrap_or("/");
    vec![global_arn("iam", &cx.account, format!("{}{prefix}*", R::RESOURCE))]
}

/// What is given by its ARN; nothing where that is none, which the operation refuses.
pub fn arn(given: &str) -> Vec<Arn> {
    given.parse().into_iter().collect()
}
