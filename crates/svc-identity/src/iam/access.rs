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
