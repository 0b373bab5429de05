//! Actions, resources, their negations and policy variables.

use super::world::*;
use crate::policy::pattern::{Pattern, Reach, Style, Token, tokens};
use crate::policy::*;
use proptest::prelude::*;
use serde_json::json;

fn matches(pattern: &str, style: Style, text: &str) -> bool {
    Pattern::new(pattern, style).matches(text)
}

#[test]
fn wildcards_of_actions_and_strings() {
    let table = [
        ("*", "", true),
        ("*", "a:b", true),
        ("", "", true),
        ("", "a", false),
        ("s3:get*", "s3:getobject", true),
        ("s3:get*", "s3:get", true),
        ("s3:get*", "s3:listbucket", false),
        ("*:get*", "s3:getobject", true),
        ("s3:*object", "s3:getobject", true),
        ("s3:*object", "s3:getobjects", false),
        ("s3:get?bject", "s3:getobject", true),
        ("s3:get?bject", "s3:getbject", false),
        ("?", "é", true),
        ("*?", "é", true),
        ("??", "é", false),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-c-b", false),
    ];
    for (pattern, text, expected) in table {
        assert_eq!(matches(pattern, Style::Like, text), expected, "{pattern} {text}");
    }
    assert!(matches("a*", Style::Literal, "a*") && !matches("a*", Style::Literal, "ab"));
}

#[test]
fn wildcards_of_resources_stay_in_their_part_of_the_arn() {
    let table = [
        ("arn:aws:s3:::box/*", "arn:aws:s3:::box/a/b:c", true),
        ("arn:aws:s3:::box/*/test/*", "arn:aws:s3:::box/1/2/test/3/o.jpg", true),
        ("arn:aws:s3:::box/*/test/*", "arn:aws:s3:::box/1-test/o.jpg", false),
        ("arn:aws:s3:::BOX/*", "arn:aws:s3:::box/a", false),
        ("arn:aws:s3:::box*", "arn:aws:s3:::box-2/a", true),
        ("arn:aws:iam::*:user/anna", "arn:aws:iam::123456789012:user/anna", true),
        ("arn:aws:ec2:us-*-1:*:instance/*", "arn:aws:ec2:us-east-1:123456789012:instance/i-1", true),
        ("arn:aws:ec2:us-*-1:*:instance/*", "arn:aws:ec2:us-east-2:1-1:instance/i-1", false),
        // At the end of a part it goes on.
        ("arn:aws:sns:*", "arn:aws:sns:eu-west-1:123456789012:topic", true),
        ("arn:aws:logs:*:log-group:a", "arn:aws:logs:eu-west-1:123456789012:log-group:a", true),
        ("arn:aws:sns:*-1", "arn:aws:sns:eu-west-1:123456789012:topic-1", false),
        ("arn:aws:ecs:us-east-?:*:cluster/c", "arn:aws:ecs:us-east-1:1:cluster/c", true),
        ("arn:aws:ecs:us-east-?1:cluster/c", "arn:aws:ecs:us-east-:1:cluster/c", false),
        ("arn:aws:logs:r:a:log-group:*:log-stream:*x", "arn:aws:logs:r:a:log-group:g:log-stream:a:x", true),
        ("*", "*", true),
        ("arn:aws:s3:::box", "*", false),
    ];
    for (pattern, text, expected) in table {
        assert_eq!(matches(pattern, Style::Resource, text), expected, "{pattern} {text}");
    }
}

#[test]
fn actions_ignore_case_and_resources_do_not() {
    let none = Context::new();
    let statement = json!({"Effect": "Allow", "Action": "S3:getOBJECT", "Resource": "arn:aws:s3:::Box/*"});
    assert!(may(statement.clone(), "s3:GetObject", "arn:aws:s3:::Box/x", &none));
    assert!(!may(statement.clone(), "s3:GetObject", "arn:aws:s3:::box/x", &none));
    assert!(!may(statement, "s3:GetObjectAcl", "arn:aws:s3:::Box/x", &none));
}

#[test]
fn not_action_and_not_resource_are_everything_else() {
    let none = Context::new();
    let but_iam = json!({"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"});
    assert!(may(but_iam.clone(), "s3:GetObject", "*", &none));
    assert!(!may(but_iam, "iam:CreateUser", "*", &none));
    // IAM user guide, "NotResource": everything of S3 but two folders is denied.
    let payroll = json!([allow("*"), {"Effect": "Deny", "Action": "s3:*",
        "NotResource": ["arn:aws:s3:::HRBucket/Payroll", "arn:aws:s3:::HRBucket/Payroll/*"]}]);
    assert!(may(payroll.clone(), "s3:GetObject", "arn:aws:s3:::HRBucket/Payroll/may", &none));
    assert!(!may(payroll.clone(), "s3:GetObject", "arn:aws:s3:::HRBucket/other", &none));
    assert!(may(payroll, "ec2:RunInstances", "*", &none));
}

#[test]
fn variables_stand_for_the_values_of_keys() {
    let home = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::box/home/${aws:username}/*"});
    let of = |name: &str| Context::new().with("aws:username", name);
    assert!(may(home.clone(), "s3:GetObject", "arn:aws:s3:::box/home/anna/x", &of("anna")));
    assert!(!may(home.clone(), "s3:GetObject", "arn:aws:s3:::box/home/bert/x", &of("anna")));
    // What a value holds is literal.
    assert!(!may(home.clone(), "s3:GetObject", "arn:aws:s3:::box/home/anna/x", &of("*")));
    assert!(may(home.clone(), "s3:GetObject", "arn:aws:s3:::box/home/*/x", &of("*")));
    // Without a value nothing matches, and neither with several.
    assert!(!may(home.clone(), "s3:GetObject", "arn:aws:s3:::box/home/anna/x", &Context::new()));
    let mut several = Context::new();
    several.set_all("aws:username", ["anna", "bert"]);
    assert!(!may(home, "s3:GetObject", "arn:aws:s3:::box/home/anna/x", &several));
}

#[test]
fn variables_have_defaults_and_special_characters() {
    let template = |text: &str, resource: &str, context: &Context| {
        may(json!({"Effect": "Allow", "Action": "*", "Resource": text}), "s3:GetObject", resource, context)
    };
    let none = Context::new();
    let blue = Context::new().with("aws:PrincipalTag/team", "blue");
    let team = "arn:aws:s3:::box/${aws:PrincipalTag/team, 'company-wide'}/x";
    assert!(template(team, "arn:aws:s3:::box/company-wide/x", &none));
    assert!(template(team, "arn:aws:s3:::box/blue/x", &blue));
    assert!(!template(team, "arn:aws:s3:::box/company-wide/x", &blue));
    let special = "arn:aws:s3:::box/${*}/${?}/${$}/*";
    assert!(template(special, "arn:aws:s3:::box/*/?/$/x", &none));
    assert!(!template(special, "arn:aws:s3:::box/a/?/$/x", &none));
    for odd in ["arn:aws:s3:::box/${", "arn:aws:s3:::box/${}", "arn:aws:s3:::box/${a, b}", "arn:aws:s3:::box/$"] {
        assert!(template(odd, odd, &none), "{odd}");
    }
    assert!(template("arn:aws:s3:::box/${x${aws:PrincipalTag/team}", "arn:aws:s3:::box/${xblue", &blue));
}

#[test]
fn the_older_version_has_no_variables() {
    let text = json!({"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*",
        "Resource": "arn:aws:s3:::box/${aws:username}"}});
    let policy = Attached { name: "p".into(), policy: Policy::parse(&text.to_string(), Kind::Resource).unwrap().into() };
    let context = Context::new().with("aws:username", "anna");
    let may = |resource: &str| {
        decide(&request(ANNA, "s3:GetObject", resource, &context), &Policies::default(), Some(&policy), ResourceRule::Either)
            .allowed
    };
    assert!(may("arn:aws:s3:::box/${aws:username}"));
    assert!(!may("arn:aws:s3:::box/anna"));
}

#[test]
fn no_pattern_takes_long() {
    let text = "a".repeat(5_000);
    for pattern in ["*a".repeat(1_000) + "b", "*?".repeat(1_000) + "b", format!("arn:*:{}b:*:*:*", "a*".repeat(500))] {
        for style in [Style::Like, Style::Resource, Style::Arn] {
            assert!(!matches(&pattern, style, &text));
            assert!(!matches(&pattern, style, &format!("arn:x:{text}")));
        }
    }
}

/// Tries everything.
fn naive(tokens: &[Token], text: &[char]) -> bool {
    let covers = |reach: Reach, character: char| reach == Reach::All || character != ':';
    match (tokens, text) {
        ([], []) => true,
        ([Token::Many(reach), rest @ ..], _) => {
            naive(rest, text) || text.first().is_some_and(|it| covers(*reach, *it) && naive(tokens, &text[1..]))
        }
        ([Token::Is(expected), rest @ ..], [character, others @ ..]) => expected == character && naive(rest, others),
        ([Token::One(reach), rest @ ..], [character, others @ ..]) => covers(*reach, *character) && naive(rest, others),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn matching_agrees_with_trying_everything(pattern in "[ab:*?é]{0,14}", text in "[ab:é]{0,14}") {
        let expected: Vec<char> = text.chars().collect();
        for style in [Style::Literal, Style::Like, Style::Resource, Style::Arn] {
            let tokens = tokens(&pattern, style, &mut 0, None);
            prop_assert_eq!(matches(&pattern, style, &text), naive(&tokens, &expected), "{:?}", style);
        }
    }

    #[test]
    fn a_text_is_like_itself_and_like_anything(text in "\\PC{0,30}") {
        prop_assert!(matches(&text, Style::Literal, &text) && matches("*", Style::Resource, &text));
        prop_assert!(matches(&text, Style::Like, &text), "wildcards cover themselves");
    }
}
