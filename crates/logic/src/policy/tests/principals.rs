//! Whom a resource's policy names, and whom it excepts.

use super::world::*;
use crate::policy::*;
use serde_json::{Value, json};

const BERT: Caller<'static> = Caller { arn: "arn:aws:iam::123456789012:user/bert", account: ACCOUNT, kind: CallerKind::User };
const STRANGER: Caller<'static> = Caller { arn: "arn:aws:iam::444455556666:user/anna", account: OTHER, kind: CallerKind::User };
const NOBODY: Caller<'static> = Caller { arn: "anonymous", account: "", kind: CallerKind::Anonymous };
const SERVICE: Caller<'static> = Caller { arn: "delivery.logs.amazonaws.com", account: "", kind: CallerKind::Service };
const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/id.example.com";
const WEB: Caller<'static> = Caller { arn: PROVIDER, account: "", kind: CallerKind::WebIdentity };

/// What comes of a statement for callers whose own policies allow everything (or nothing).
fn decided(effect: &str, element: &str, principal: Value, caller: Caller<'_>, policies: &Policies) -> bool {
    let context = Context::new();
    let statement = json!({"Effect": effect, element: principal, "Action": "*", "Resource": "*"});
    let both = if effect == "Deny" {
        json!([statement, {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}])
    } else {
        json!([statement])
    };
    let policy = attached(Kind::Resource, both);
    decide(&request(caller, "s3:GetObject", BUCKET, &context), policies, Some(&policy), ResourceRule::MustAllow).allowed
}

#[test]
fn who_is_named() {
    let all = identity(allow("*"));
    let table = [
        (json!("*"), [true, true, true, true, true, true]),
        (json!({"AWS": "*"}), [true, true, true, true, true, true]),
        (json!({"AWS": ACCOUNT}), [true, true, false, false, false, false]),
        (json!({"AWS": ANNA.arn}), [true, false, false, false, false, false]),
        (json!({"AWS": [ANNA.arn, STRANGER.arn]}), [true, false, true, false, false, false]),
        (json!({"AWS": SESSION.arn}), [false, false, false, false, false, false]),
        (json!({"Service": SERVICE.arn}), [false, false, false, false, true, false]),
        (json!({"Service": "ec2.amazonaws.com"}), [false, false, false, false, false, false]),
        (json!({"Federated": PROVIDER}), [false, false, false, false, false, true]),
        (json!({"Federated": "accounts.google.com"}), [false, false, false, false, false, false]),
        (json!({"CanonicalUser": "79a59d"}), [false, false, false, false, false, false]),
        (json!({"AWS": OTHER, "Service": SERVICE.arn}), [false, false, true, false, true, false]),
    ];
    for (principal, expected) in table {
        let found =
            [ANNA, BERT, STRANGER, NOBODY, SERVICE, WEB].map(|it| decided("Allow", "Principal", principal.clone(), it, &all));
        assert_eq!(found, expected, "{principal}");
        let denied =
            [ANNA, BERT, STRANGER, NOBODY, SERVICE, WEB].map(|it| !decided("Deny", "Principal", principal.clone(), it, &all));
        assert_eq!(denied, expected, "denied {principal}");
    }
    assert!(decided("Allow", "Principal", json!({"AWS": ROLE}), SESSION, &all));
    assert!(
        !decided("Allow", "Principal", json!({"AWS": "arn:aws:iam::123456789012:role/builder"}), SESSION, &all),
        "paths count"
    );
    assert!(!decided("Deny", "Principal", json!({"AWS": ROLE}), SESSION, &all));
}

/// IAM user guide, "NotPrincipal": with a deny, every link has to be named: the account, the role, the session.
#[test]
fn who_is_excepted_from_a_denial() {
    let all = identity(allow("*"));
    let allowed = |principal: Value, caller| decided("Deny", "NotPrincipal", json!({"AWS": principal}), caller, &all);
    assert!(allowed(json!([ANNA.arn, ACCOUNT]), ANNA));
    assert!(!allowed(json!([ANNA.arn, ACCOUNT]), BERT));
    assert!(!allowed(json!([ANNA.arn]), ANNA));
    assert!(!allowed(json!([ACCOUNT]), ANNA));
    assert!(allowed(json!([SESSION.arn, ROLE, ACCOUNT]), SESSION));
    assert!(!allowed(json!([ROLE, ACCOUNT]), SESSION));
    assert!(!allowed(json!([ANNA.arn, ACCOUNT]), NOBODY));
    assert!(!allowed(json!([ANNA.arn, ACCOUNT]), SERVICE));
    assert!(decided("Deny", "NotPrincipal", json!({"Service": SERVICE.arn}), SERVICE, &all));
    // Nobody who has a boundary is excepted.
    let bounded = Policies { boundary: Some(attached(Kind::Identity, allow("*"))), ..all.clone() };
    assert!(!decided("Deny", "NotPrincipal", json!({"AWS": [ANNA.arn, ACCOUNT]}), ANNA, &bounded));
}

#[test]
fn who_is_excepted_from_a_grant() {
    let none = Policies::default();
    let allowed = |principal: Value, caller| decided("Allow", "NotPrincipal", json!({"AWS": principal}), caller, &none);
    assert!(!allowed(json!([ANNA.arn]), ANNA));
    assert!(!allowed(json!([ACCOUNT]), ANNA));
    assert!(allowed(json!([ANNA.arn]), BERT));
    assert!(!allowed(json!([ROLE]), SESSION));
    assert!(!allowed(json!(["*"]), BERT));
}
