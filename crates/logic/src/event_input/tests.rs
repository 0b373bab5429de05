//! The user guide's examples, and that what is rendered stays JSON.

use super::{InvalidTemplate, Path, Reserved, Template};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const RESERVED: Reserved<'_> =
    Reserved { rule_arn: "arn:aws:events:us-east-1:1:rule/r", rule_name: "r", ingestion_time: "2026-01-01T00:00:00Z" };

fn event() -> Value {
    json!({
        "id": "7bf73129", "detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2",
        "resources": ["arn:a", "arn:b"], "detail": {"instance-id": "i-0123456789", "state": "RUNNING", "n": 3, "a b": "q\"x", "o": {"k": [1, "v"]}}
    })
}

fn paths() -> BTreeMap<String, String> {
    [
        ("instance", "$.detail.instance-id"),
        ("state", "$.detail.state"),
        ("n", "$.detail.n"),
        ("quote", "$.detail['a b']"),
        ("object", "$.detail.o"),
        ("first", "$.resources[0]"),
        ("all", "$.resources[*]"),
        ("nothing", "$.detail.nothing"),
    ]
    .map(|(name, path)| (name.to_owned(), path.to_owned()))
    .into()
}

fn render(template: &str) -> String {
    Template::parse(&paths(), template).unwrap_or_else(|e| panic!("{template}: {e:?}")).render(&event(), RESERVED)
}

#[test]
fn templates() {
    for (template, wanted) in [
        (r#""instance <instance> is in <state>""#, r#""instance i-0123456789 is in RUNNING""#),
        (r#"{"instance": <instance>, "n": <n>}"#, r#"{"instance": "i-0123456789", "n": 3}"#),
        (r#"{"instance": "<instance>", "n": "<n>"}"#, r#"{"instance": "i-0123456789", "n": "3"}"#),
        (r#"{"q": "<quote>", "o": <object>, "first": <first>}"#, r#"{"q": "q\"x", "o": {"k":[1,"v"]}, "first": "arn:a"}"#),
        (r#"{"all": <all>, "text": "<object>"}"#, r#"{"all": ["arn:a","arn:b"], "text": "{k:[1,v]}"}"#),
        (r#"{"x": <nothing>, "y": "<nothing>"}"#, r#"{"x": "", "y": ""}"#),
        (
            r#"{"rule": <aws.events.rule-name>, "at": "<aws.events.event.ingestion-time>"}"#,
            r#"{"rule": "r", "at": "2026-01-01T00:00:00Z"}"#,
        ),
        (r#""a \"<state>\" \<b\>""#, r#""a \"RUNNING\" <b>""#),
        ("\"<instance>\"\n\"<state>\"", "\"i-0123456789\"\n\"RUNNING\""),
    ] {
        assert_eq!(render(template), wanted, "{template}");
    }
    assert_eq!(render("<aws.events.event.json>"), event().to_string());
    let short: Value = serde_json::from_str(&render(r#"{"e": <aws.events.event>}"#)).expect("JSON");
    assert_eq!((short["e"]["detailType"].as_str(), short["e"].get("detail")), (event()["detail-type"].as_str(), None));
}

#[test]
fn what_is_no_template() {
    let parse = |text: &str| Template::parse(&paths(), text).map(drop).expect_err(text);
    assert_eq!(parse(r#""<other>""#), InvalidTemplate::Placeholder("other".into()));
    for text in ["instance <instance>", "{\"a\": }", "", "{\"a\": <n>"] {
        assert!(matches!(parse(text), InvalidTemplate::Json(_)), "{text}");
    }
    let wrong: BTreeMap<String, String> = [("a".to_owned(), "detail".to_owned())].into();
    assert_eq!(Template::parse(&wrong, "\"<a>\"").map(drop), Err(InvalidTemplate::Path("detail".into())));
}

#[test]
fn paths_lead_into_events() {
    let find = |path: &str| Path::parse(path).unwrap_or_else(|| panic!("{path}")).find(&event());
    assert_eq!(find("$"), Some(event()));
    assert_eq!(find("$.detail.o.k[1]"), Some(json!("v")));
    assert_eq!(find("$.detail[\"state\"]"), Some(json!("RUNNING")));
    assert_eq!(find("$.resources.*"), Some(json!(["arn:a", "arn:b"])));
    assert_eq!(find("$.resources[7]"), None);
    for wrong in ["", "detail", "$.", "$..a", "$[x]", "$['a'", "$.a[", "$a"] {
        assert!(Path::parse(wrong).is_none(), "{wrong}");
    }
}

proptest! {
    /// Whatever an event holds, it can't break out of the template.
    #[test]
    fn what_is_rendered_is_json(text in ".{0,12}", within: bool) {
        let template = if within { r#"{"a": "x <v> y"}"# } else { r#"{"a": <v>}"# };
        let template = Template::parse(&[("v".to_owned(), "$.v".to_owned())].into(), template).expect("a template");
        let rendered: Value = serde_json::from_str(&template.render(&json!({"v": text}), RESERVED)).expect("JSON");
        let wanted = if within { format!("x {text} y") } else { text };
        prop_assert_eq!(rendered["a"].as_str(), Some(wanted.as_str()));
    }

    #[test]
    fn reading_never_panics(text in "[<>\"\\\\a{}:.é]{0,30}", path in "\\$[.\\[\\]'a0*é\"]{0,12}") {
        let _ = (Template::parse(&paths(), &text), Path::parse(&path));
    }
}
