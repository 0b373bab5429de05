//! Which documents are taken, and what is said of the others.

use super::world::*;
use crate::policy::*;
use serde_json::{Value, json};

fn fault(kind: Kind, document: &Value) -> Option<String> {
    Policy::parse(&document.to_string(), kind).err().map(|fault| fault.message)
}

/// A document of one statement, in which some members are replaced; `null` takes one out.
fn with(changes: Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::example"});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => statement.as_object_mut().unwrap().remove(name),
            value => statement.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    json!({"Version": "2012-10-17", "Statement": statement})
}

const SYNTAX: &str = "Syntax errors in policy.";
const LEGACY: &str = "The policy failed legacy parsing";
const VENDOR: &str = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
const NO_ACTIONS: &str = "Policy statement must contain actions.";
const NO_RESOURCES: &str = "Policy statement must contain resources.";

#[test]
fn statements_that_identities_may_have() {
    let good = [
        json!({}),
        json!({"Resource": ["arn:aws:s3:::example", "*"]}),
        json!({"Resource": ["arn:aws:s3:::example", null]}),
        json!({"Resource": "arn:aws:fdsasf"}),
        json!({"Resource": "arn:aws:s3:us-west-2:123456789012:accesspoint/point/object/*"}),
        json!({"Resource": "arn:aws:iam:::user/anna"}),
        json!({"Resource": "arn:aws:iam::123456789012:*"}),
        json!({"Resource": "arn:aws:iam::*:user/${aws:username}"}),
        json!({"Action": "*"}),
        json!({"Action": ["s3-s:ListBucket", "s3.s:List*", "iam: any thing "]}),
        json!({"Action": null, "NotAction": "s3:*"}),
        json!({"Resource": null, "NotResource": "*"}),
        json!({"Sid": ""}),
        json!({"Sid": "Abc1"}),
        json!({"Condition": {}}),
        json!({"Condition": {"x": {}, "y": {}}}),
        json!({"Condition": {"StringEqualsIfExists": {"a": "b"}}}),
        json!({"Condition": {"ForAnyValue:StringEqualsIfExists": {"a": ["b", "c"]}}}),
        json!({"Condition": {"DateGreaterThan": {"a": []}}}),
        json!({"Condition": {"DateGreaterThan": {"a": "01T"}}}),
        json!({"Condition": {"DateLessThan": {"a": "-292275054"}}}),
        json!({"Condition": {"DateLessThan": {"a": 1_561_987_215}}}),
        json!({"Condition": {"Bool": {"a": true}, "Null": {"b": "false"}}}),
    ];
    for changes in good {
        assert_eq!(fault(Kind::Identity, &with(changes.clone())), None, "{changes}");
    }
}

#[test]
fn statements_that_identities_may_not_have() {
    let partition =
        |named: &str| format!("Partition \"{}\" is not valid for resource \"arn:{named}\".", named.split(':').next().unwrap());
    let paths = "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, \
                 server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.";
    let sid = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*";
    let bad = [
        (json!({"Extra": 1}), SYNTAX),
        (json!({"Effect": null}), SYNTAX),
        (json!({"Effect": "maybe"}), SYNTAX),
        (json!({"Effect": "denY"}), LEGACY),
        (json!({"Effect": "aLLow", "Resource": null}), LEGACY),
        (json!({"Sid": {}}), SYNTAX),
        (json!({"Sid": "not so"}), sid),
        (json!({"Action": "invalid"}), VENDOR),
        (json!({"Action": "invalid", "Resource": null}), VENDOR),
        (json!({"Action": ""}), VENDOR),
        (json!({"Action": "a a:ListBucket"}), "Vendor a a is not valid"),
        (json!({"Action": "s3:List:Bucket"}), "Actions/Condition can contain only one colon."),
        (json!({"Action": [[]]}), SYNTAX),
        (json!({"Action": {}}), SYNTAX),
        (json!({"NotAction": "s3:*"}), SYNTAX),
        (json!({"NotResource": []}), SYNTAX),
        (json!({"Action": null}), NO_ACTIONS),
        (json!({"Action": []}), NO_ACTIONS),
        (json!({"Action": null, "Resource": null}), NO_ACTIONS),
        (json!({"Resource": null}), NO_RESOURCES),
        (json!({"Resource": []}), NO_RESOURCES),
        (json!({"Resource": "a b"}), "Resource a b must be in ARN format or \"*\"."),
        (json!({"Resource": ""}), "Resource  must be in ARN format or \"*\"."),
        (json!({"Resource": "a b", "Action": "x"}), "Resource a b must be in ARN format or \"*\"."),
        (json!({"Resource": "a:b"}), &partition("b:*:*:*:*")),
        (json!({"Resource": "a:b:c"}), &partition("b:c:*:*:*")),
        (json!({"Resource": "a:b:c:d:e:f:g:h"}), &partition("b:c:d:e:f:g:h")),
        (json!({"Resource": "aws:s3:::box"}), &partition("s3:::box:*")),
        (json!({"Resource": ["arn:error:s3:::box", "arn:error:s3::box"]}), &partition("error:s3:::box")),
        (json!({"Resource": "arn:aws"}), "Resource vendor must be fully qualified and cannot contain regexes."),
        (json!({"Resource": "arn:aws:s3::box"}), LEGACY),
        (json!({"Resource": "arn:aws::::box"}), LEGACY),
        (json!({"Resource": "arn:aws::box", "Action": null}), LEGACY),
        (json!({"Resource": "arn:aws:iam:::box"}), paths),
        (
            json!({"Resource": "arn:aws:iam:eu-west-1::user/a"}),
            "IAM resource arn:aws:iam:eu-west-1::user/a cannot contain region information.",
        ),
        (
            json!({"Resource": "arn:aws:s3:eu-west-1::box"}),
            "Resource arn:aws:s3:eu-west-1::box can not contain region information.",
        ),
        (json!({"Resource": {"a": "b"}}), SYNTAX),
        (json!({"Resource": ["a", {}]}), SYNTAX),
        (json!({"Condition": []}), SYNTAX),
        (json!({"Condition": "a"}), SYNTAX),
        (json!({"Condition": {"a": "b"}}), SYNTAX),
        (json!({"Condition": {"x": {"a": "b"}}}), SYNTAX),
        (json!({"Condition": {"ForAnyValue::StringEquals": {"a": "b"}}}), SYNTAX),
        (json!({"Condition": {"NullIfExists": {"a": "true"}}}), SYNTAX),
        (json!({"Condition": {"StringEquals": {"a": {}}}}), SYNTAX),
        (json!({"Condition": {"StringEquals": {"a": null}}}), SYNTAX),
        (json!({"Condition": {"DateGreaterThan": {"a": "sdfdsf"}}}), LEGACY),
        (json!({"Condition": {"DateLessThan": {"a": "9223372036854775808"}}, "Action": null}), LEGACY),
        (json!({"Principal": "*"}), "Policy document should not specify a principal."),
    ];
    for (changes, message) in bad {
        assert_eq!(fault(Kind::Identity, &with(changes.clone())).as_deref(), Some(message), "{changes}");
    }
}

#[test]
fn what_stands_around_the_statements() {
    let statement = allow("s3:*");
    let version = "Policy document must be version 2012-10-17 or greater.";
    let twice = "Statement IDs (SID) in a single policy must be unique.";
    let named = |sid: &str| json!({"Sid": sid, "Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    let table = [
        (json!("no document"), Some(SYNTAX)),
        (json!({"Version": "2012-10-17"}), Some(SYNTAX)),
        (json!({"Version": "2012-10-17", "Statement": []}), Some(SYNTAX)),
        (json!({"Version": "2012-10-17", "Statement": ["a"]}), Some(SYNTAX)),
        (json!({"Version": "2013-10-17", "Statement": statement}), Some(SYNTAX)),
        (json!({"Version": "2012-10-17", "Statement": statement, "Extra": 1}), Some(SYNTAX)),
        (json!({"Version": "2012-10-17", "Statement": statement, "Id": {}}), Some(SYNTAX)),
        (json!({"Version": "2012-10-17", "Statement": statement, "Id": "x"}), None),
        (json!({"Version": "2008-10-17", "Statement": statement}), Some(version)),
        (json!({"Statement": statement}), Some(version)),
        (json!({"Version": "2012-10-17", "Statement": [named("a"), named("a")]}), Some(twice)),
        (json!({"Version": "2012-10-17", "Statement": [named(""), named("")]}), None),
    ];
    for (document, message) in table {
        assert_eq!(fault(Kind::Identity, &document).as_deref(), message, "{document}");
    }
    let long = " ".repeat(131_073);
    assert!(Policy::parse(&long, Kind::Identity).is_err());
    assert!(
        Policy::parse("{\"Version\":\"2012-10-17\",\"Version\":\"2012-10-17\"}", Kind::Identity).unwrap_err().detail.is_some()
    );
}

#[test]
fn resources_and_roles_say_who() {
    let of_resource = |changes: Value| {
        let mut statement = json!({"Effect": "Allow", "Principal": "*", "Action": "ecr:*"});
        statement.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        statement.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        json!({"Version": "2008-10-17", "Statement": [statement]})
    };
    let invalid = |of: &str, text: &str| Some(format!("Invalid principal in policy: \"{of}\":\"{text}\""));
    let table = [
        (json!({}), None),
        (json!({"Sid": "new statement"}), None),
        (json!({"Principal": null}), Some("Missing required field Principal".to_owned())),
        (json!({"Principal": {"AWS": []}}), Some("Missing required field Principal cannot be empty!".to_owned())),
        (json!({"Principal": null, "NotPrincipal": {"AWS": "123456789012"}}), None),
        (json!({"NotPrincipal": {"AWS": "123456789012"}}), Some(SYNTAX.to_owned())),
        (json!({"Principal": {"Google": "x"}}), Some(SYNTAX.to_owned())),
        (json!({"Principal": ["*"]}), Some(SYNTAX.to_owned())),
        (json!({"Principal": "arn:aws:iam::123456789012:root"}), invalid("STAR", "arn:aws:iam::123456789012:root")),
        (json!({"Principal": {"AWS": "12345"}}), invalid("AWS", "12345")),
        (json!({"Principal": {"AWS": "arn:aws:iam::123456789012:user/*"}}), invalid("AWS", "arn:aws:iam::123456789012:user/*")),
        (json!({"Principal": {"AWS": "arn:aws:s3:::box"}}), invalid("AWS", "arn:aws:s3:::box")),
        (json!({"Principal": {"Service": "ecs"}}), invalid("SERVICE", "ecs")),
        (json!({"Principal": {"CanonicalUser": "79a5"}}), None),
        (json!({"Action": null}), Some("Missing required field Action".to_owned())),
    ];
    for (changes, message) in table {
        assert_eq!(fault(Kind::Resource, &of_resource(changes.clone())), message, "{changes}");
    }
    let trust = |changes: Value| {
        let mut document = of_resource(changes);
        document["Statement"][0]["Action"] = json!("sts:AssumeRole");
        document
    };
    let service = json!({"Principal": {"Service": "ecs-tasks.amazonaws.com"}});
    assert_eq!(fault(Kind::Trust, &trust(service.clone())), None);
    assert_eq!(fault(Kind::Trust, &trust(json!({"Resource": "*"}))).as_deref(), Some("Has prohibited field Resource"));
    assert_eq!(fault(Kind::Trust, &trust(json!({"Principal": null}))).as_deref(), Some("Missing required field Principal"));
    assert!(fault(Kind::Trust, &of_resource(service)).unwrap().starts_with("Trust Policy statement actions can only be"));
}

#[test]
fn statements_know_where_they_stand() {
    let text = "{\"Version\": \"2012-10-17\",\n \"Statement\": [\n  {\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"},\n  \
                {\"Effect\": \"Deny\",\n   \"Action\": \"a:b\", \"Resource\": \"*\"}]}";
    let policy = Policy::parse(text, Kind::Identity).unwrap();
    let places: Vec<(u32, u32, u32, u32)> =
        policy.statements().iter().map(|it| (it.start.line, it.start.column, it.end.line, it.end.column)).collect();
    assert_eq!(places, [(3, 3, 3, 54), (4, 3, 5, 37)]);
}

#[test]
fn every_policy_of_aws_is_taken() {
    for managed in crate::aws_managed::ALL {
        let parsed = Policy::parse(managed.document, Kind::Identity);
        assert!(parsed.is_ok(), "{}: {parsed:?}", managed.name);
    }
}

/// A quadratic step anywhere would make this the slowest test by far.
#[test]
fn many_of_everything_is_read() {
    let many = |item: &dyn Fn(usize) -> String| (0..12_000).map(item).collect::<Vec<_>>().join(",");
    let actions = many(&|number| format!("\"{number:x}:a\""));
    let keys = many(&|number| format!("\"{number:x}\":1"));
    for statement in [
        format!("\"Action\":[{actions}],\"Resource\":\"*\""),
        format!("\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{{\"NumericEquals\":{{{keys}}}}}"),
    ] {
        let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":{{\"Effect\":\"Allow\",{statement}}}}}");
        let policy = Policy::parse(&text, Kind::Identity).unwrap();
        assert!([0, 12_000].contains(&condition_keys(&policy).len()));
    }
}
