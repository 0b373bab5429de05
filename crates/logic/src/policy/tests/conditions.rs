//! Condition operators, their suffix and their sets, on keys that are there and that are not.

use super::world::*;
use crate::policy::*;
use serde_json::{Value, json};

/// Whether a condition on the key `k` holds; `values` of JSON: a text, a list, or `null` for a key that is missing.
fn holds(operator: &str, wanted: Value, values: Value) -> bool {
    let mut context = Context::new();
    match values {
        Value::Null => {}
        Value::Array(values) => {
            context.set_all("aws:k", values.iter().map(|it| it.as_str().unwrap().to_owned()));
        }
        value => {
            context.set("aws:k", value.as_str().unwrap());
        }
    }
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {"aws:K": wanted}}});
    may(statement, "s3:GetObject", "*", &context)
}

fn check(table: &[(&str, Value, Value, bool)]) {
    for (operator, wanted, values, expected) in table {
        assert_eq!(holds(operator, wanted.clone(), values.clone()), *expected, "{operator} {wanted} of {values}");
    }
}

#[test]
fn strings() {
    check(&[
        ("StringEquals", json!("a"), json!("a"), true),
        ("StringEquals", json!("a"), json!("A"), false),
        ("StringEquals", json!(["x", "a"]), json!("a"), true),
        ("StringEquals", json!([]), json!("a"), false),
        ("StringEquals", json!("a*"), json!("ab"), false),
        ("StringEquals", json!("a*"), json!("a*"), true),
        ("StringNotEquals", json!("a"), json!("b"), true),
        ("StringNotEquals", json!(["a", "b"]), json!("b"), false),
        ("StringEqualsIgnoreCase", json!("Straße"), json!("sTRASSE"), false),
        ("StringEqualsIgnoreCase", json!("Über"), json!("üBER"), true),
        ("StringNotEqualsIgnoreCase", json!("A"), json!("a"), false),
        ("StringLike", json!("a*c?"), json!("a:b:cd"), true),
        ("StringLike", json!("A*"), json!("ab"), false),
        ("StringNotLike", json!("a*"), json!("ab"), false),
        ("StringNotLike", json!("a*"), json!("b"), true),
        ("StringEquals", json!(12), json!("12"), true),
        ("StringEquals", json!(true), json!("true"), true),
        ("BinaryEquals", json!("QmluYXJ5"), json!("QmluYXJ5"), true),
        ("BinaryEquals", json!("QmluYXJ5"), json!("qmluYXJ5"), false),
    ]);
}

#[test]
fn numbers() {
    check(&[
        ("NumericEquals", json!("10"), json!("10.0"), true),
        ("NumericEquals", json!(10), json!("11"), false),
        ("NumericNotEquals", json!(10), json!("11"), true),
        ("NumericLessThan", json!("10"), json!("9"), true),
        ("NumericLessThan", json!("10"), json!("10"), false),
        ("NumericLessThanEquals", json!("10"), json!("10"), true),
        ("NumericGreaterThan", json!("-1"), json!("0"), true),
        ("NumericGreaterThanEquals", json!("1e3"), json!("1000"), true),
        ("NumericLessThan", json!("10"), json!("many"), false),
        ("NumericNotEquals", json!("10"), json!("many"), true),
        ("NumericLessThan", json!("x"), json!("1"), false),
        ("NumericLessThan", json!("inf"), json!("1"), false),
    ]);
}

#[test]
fn dates() {
    check(&[
        ("DateEquals", json!("2020-01-01T00:00:00Z"), json!("1577836800"), true),
        ("DateNotEquals", json!("2020-01-01T00:00:00Z"), json!("1577836801"), true),
        ("DateLessThan", json!("2020-01-01T00:00:00Z"), json!("2019-12-31T23:59:59Z"), true),
        ("DateLessThanEquals", json!("2020-01-01T01:00:00+01:00"), json!("2020-01-01T00:00:00Z"), true),
        ("DateGreaterThan", json!("1577836800"), json!("2020-01-01T00:00:00.001Z"), true),
        ("DateGreaterThanEquals", json!("2020-01-01"), json!("2020-01-01T00:00:00Z"), true),
        ("DateGreaterThan", json!("2020-01-01"), json!("soon"), false),
    ]);
}

#[test]
fn booleans_addresses_and_arns() {
    check(&[
        ("Bool", json!("true"), json!("true"), true),
        ("Bool", json!(true), json!("True"), true),
        ("Bool", json!("true"), json!("false"), false),
        ("Bool", json!("true"), json!("yes"), false),
        ("IpAddress", json!("203.0.113.0/24"), json!("203.0.113.9"), true),
        ("IpAddress", json!(["10.0.0.0/8", "2001:db8::/32"]), json!("2001:db8::1"), true),
        ("NotIpAddress", json!(["10.0.0.0/8", "2001:db8::/32"]), json!("10.1.1.1"), false),
        ("NotIpAddress", json!("10.0.0.0/8"), json!("11.1.1.1"), true),
        ("IpAddress", json!("10.0.0.0/8"), json!("not an address"), false),
        ("ArnEquals", json!("arn:aws:sns:*:123:t"), json!("arn:aws:sns:eu-west-1:123:t"), true),
        ("ArnLike", json!("arn:aws:sns:*:123:*"), json!("arn:aws:sns:eu-west-1:123:a:b"), true),
        ("ArnLike", json!("arn:aws:sns:*:t"), json!("arn:aws:sns:eu-west-1:123:t"), false),
        ("ArnLike", json!("arn:aws:sns:*"), json!("arn:aws:sns:eu-west-1:123:t"), false),
        ("ArnNotLike", json!("arn:aws:sns:*:123:*"), json!("arn:aws:sns:r:124:t"), true),
        ("ArnNotEquals", json!("arn:aws:sns:r:123:t"), json!("arn:aws:sns:r:123:t"), false),
    ]);
}

/// IAM user guide, "Condition operators": a key that is missing makes a condition false, unless the operator is negated.
#[test]
fn keys_that_are_missing() {
    let value = |name: &str| match name {
        _ if name.contains("Numeric") => json!("1"),
        _ if name.contains("Date") => json!("2020-01-01"),
        _ if name.contains("Bool") => json!("true"),
        _ if name.contains("Ip") => json!("10.0.0.0/8"),
        _ => json!("arn:aws:s3:::a"),
    };
    let operators = [
        "StringEquals",
        "StringEqualsIgnoreCase",
        "StringLike",
        "NumericEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
        "DateEquals",
        "DateLessThan",
        "DateLessThanEquals",
        "DateGreaterThan",
        "DateGreaterThanEquals",
        "Bool",
        "BinaryEquals",
        "IpAddress",
        "ArnEquals",
        "ArnLike",
    ];
    let negated = [
        "StringNotEquals",
        "StringNotEqualsIgnoreCase",
        "StringNotLike",
        "NumericNotEquals",
        "DateNotEquals",
        "NotIpAddress",
        "ArnNotEquals",
        "ArnNotLike",
    ];
    for (operator, expected) in operators.map(|it| (it, false)).into_iter().chain(negated.map(|it| (it, true))) {
        for missing in [json!(null), json!([])] {
            let check = |prefix: &str, suffix: &str, expected| {
                let name = format!("{prefix}{operator}{suffix}");
                assert_eq!(holds(&name, value(operator), missing.clone()), expected, "{name} {missing}");
            };
            check("", "", expected);
            check("", "IfExists", true);
            check("ForAllValues:", "", true);
            check("ForAnyValue:", "", false);
            check("ForAllValues:", "IfExists", true);
            check("ForAnyValue:", "IfExists", true);
        }
    }
}

#[test]
fn null_asks_whether_a_key_is_there() {
    check(&[
        ("Null", json!("true"), json!(null), true),
        ("Null", json!("true"), json!([]), true),
        ("Null", json!("true"), json!("x"), false),
        ("Null", json!("false"), json!("x"), true),
        ("Null", json!(false), json!(null), false),
        ("Null", json!(["true", "false"]), json!(null), true),
        ("Null", json!("perhaps"), json!(null), false),
    ]);
}

/// IAM user guide, "Set operators for multivalued context keys".
#[test]
fn sets_of_values() {
    check(&[
        ("ForAllValues:StringEquals", json!(["a", "b"]), json!(["a"]), true),
        ("ForAllValues:StringEquals", json!(["a", "b"]), json!(["a", "b"]), true),
        ("ForAllValues:StringEquals", json!(["a", "b"]), json!(["a", "c"]), false),
        ("ForAllValues:StringEquals", json!(["a"]), json!([""]), true),
        ("ForAllValues:StringNotEquals", json!(["a", "b"]), json!(["c", "d"]), true),
        ("ForAllValues:StringNotEquals", json!(["a", "b"]), json!(["a", "d"]), false),
        ("ForAnyValue:StringEquals", json!(["a", "b"]), json!(["c", "b"]), true),
        ("ForAnyValue:StringEquals", json!(["a", "b"]), json!(["c", "d"]), false),
        ("ForAnyValue:StringEquals", json!([""]), json!([""]), false),
        ("ForAnyValue:StringNotEquals", json!(["a", "b"]), json!(["a", "c"]), true),
        ("ForAnyValue:StringNotEquals", json!(["a", "b"]), json!(["a", "b"]), false),
        ("ForAllValues:StringLike", json!("team-*"), json!(["team-a", "team-b"]), true),
        ("ForAnyValue:Bool", json!("true"), json!(["false", "true"]), true),
        // Without a set operator any one value is enough, and a negation is of all of them.
        ("StringEquals", json!("a"), json!(["a", "b"]), true),
        ("StringNotEquals", json!("a"), json!(["a", "b"]), false),
    ]);
}

#[test]
fn conditions_and_keys_all_have_to_hold() {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {
        "StringEquals": {"aws:RequestTag/a": "1", "aws:RequestTag/b": ["2", "3"]},
        "Bool": {"aws:SecureTransport": "true"}}});
    let full = Context::new().with("aws:RequestTag/a", "1").with("aws:RequestTag/b", "3").with("aws:SecureTransport", "true");
    assert!(may(statement.clone(), "ec2:CreateTags", "*", &full));
    for (key, value) in [("aws:RequestTag/a", "2"), ("aws:RequestTag/b", "1"), ("aws:SecureTransport", "false")] {
        assert!(!may(statement.clone(), "ec2:CreateTags", "*", &full.clone().with(key, value)), "{key}");
    }
}

#[test]
fn variables_stand_in_texts_and_arns() {
    let context = Context::new().with("aws:username", "Anna").with("s3:prefix", "home/Anna/x").with("aws:n", "7");
    let condition = |operator: &str, wanted: &str| {
        let statement =
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {"s3:prefix": wanted}}});
        may(statement, "s3:ListBucket", "*", &context)
    };
    assert!(condition("StringLike", "home/${aws:username}/*"));
    assert!(condition("StringEqualsIgnoreCase", "HOME/${aws:username}/x"));
    assert!(!condition("StringLike", "home/${aws:nobody}/*"));
    assert!(condition("StringNotLike", "home/${aws:nobody}/*"), "a text without a value is like nothing");
    assert!(condition("StringLike", "home/${aws:nobody, 'Anna'}/*"));
    let number =
        json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"NumericEquals": {"aws:n": "${aws:n}"}}});
    assert!(!may(number, "s3:ListBucket", "*", &context), "not in numbers");
}

/// IAM user guide, "AWS: Allows MFA-authenticated users to manage their own credentials": a denial unless the key says otherwise.
#[test]
fn a_denial_without_mfa() {
    let policy = json!([allow("*"), {"Effect": "Deny", "NotAction": ["iam:ListMFADevices", "sts:GetSessionToken"], "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}]);
    let with = |value: &str| Context::new().with("aws:MultiFactorAuthPresent", value);
    assert!(may(policy.clone(), "s3:GetObject", "*", &with("true")));
    assert!(!may(policy.clone(), "s3:GetObject", "*", &with("false")));
    assert!(!may(policy.clone(), "s3:GetObject", "*", &Context::new()));
    assert!(may(policy, "sts:GetSessionToken", "*", &with("false")));
}
