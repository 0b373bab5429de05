//! What the tests have in common: an account, its people, short ways to write policies and requests.

use crate::policy::*;
use serde_json::{Value, json};
use std::sync::Arc;

pub const ACCOUNT: &str = "123456789012";
pub const OTHER: &str = "444455556666";
pub const ANNA: Caller<'static> = Caller { arn: "arn:aws:iam::123456789012:user/anna", account: ACCOUNT, kind: CallerKind::User };
pub const ROLE: &str = "arn:aws:iam::123456789012:role/team/builder";
pub const SESSION: Caller<'static> = Caller {
    arn: "arn:aws:sts::123456789012:assumed-role/builder/job-7",
    account: ACCOUNT,
    kind: CallerKind::AssumedRole { role_arn: ROLE },
};
pub const BUCKET: &str = "arn:aws:s3:::box/key";

/// A policy of any kind, named as its kind.
pub fn attached(kind: Kind, statements: Value) -> Attached {
    named(&format!("{kind:?}"), kind, statements)
}

pub fn named(name: &str, kind: Kind, statements: Value) -> Attached {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    Attached {
        name: name.into(),
        policy: Arc::new(Policy::parse(&text, kind).unwrap_or_else(|fault| panic!("{fault:?}: {text}"))),
    }
}

pub fn allow(action: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": "*"})
}

pub fn deny(action: &str) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": "*"})
}

pub fn identity(statements: Value) -> Policies {
    Policies { identity: vec![attached(Kind::Identity, statements)], ..Policies::default() }
}

pub fn request<'a>(caller: Caller<'a>, action: &'a str, resource: &'a str, context: &'a Context) -> Request<'a> {
    Request { caller, action, resource, resource_account: None, context }
}

/// Whether a user with these statements may do it.
pub fn may(statements: Value, action: &str, resource: &str, context: &Context) -> bool {
    decide(&request(ANNA, action, resource, context), &identity(statements), None, ResourceRule::Either).allowed
}
