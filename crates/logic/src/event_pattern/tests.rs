//! The documentation's examples, the messages, and what must hold of every pattern.

use super::Pattern;
use proptest::prelude::*;
use serde_json::{Value, json};

fn check(pattern: &Value, hits: &[Value], misses: &[Value]) {
    let read = Pattern::parse(&pattern.to_string()).unwrap_or_else(|e| panic!("{pattern}: {e}"));
    for event in hits {
        assert!(read.matches(event), "{pattern} should match {event}");
    }
    for event in misses {
        assert!(!read.matches(event), "{pattern} should not match {event}");
    }
}

/// Checks what is wanted of one field.
fn field(wanted: &Value, hits: &[Value], misses: &[Value]) {
    let events = |values: &[Value]| values.iter().map(|it| json!({"detail": {"x": it}})).collect::<Vec<_>>();
    check(&json!({"detail": {"x": wanted}}), &events(hits), &events(misses));
}

fn reason(pattern: &str) -> String {
    Pattern::parse(pattern).map(|_| ()).expect_err(pattern).0
}

fn instance() -> Value {
    json!({
        "version": "0",
        "id": "ddddd4-aaaa-7777-4444-345dd43cc333",
        "detail-type": "EC2 Instance State-change Notification",
        "source": "aws.ec2",
        "account": "012345679012",
        "time": "2017-10-02T16:24:49Z",
        "region": "us-east-1",
        "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-000000aaaaaa00000"],
        "detail": {
            "c-count": 5,
            "d-count": 3,
            "x-limit": 301.8,
            "source-ip": "10.0.0.33",
            "instance-id": "i-000000aaaaaa00000",
            "state": "running"
        }
    })
}

#[test]
fn the_documented_examples_match_the_documented_event() {
    let patterns = [
        json!({
            "detail-type": ["EC2 Instance State-change Notification"],
            "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-000000aaaaaa00000"],
            "detail": {"state": ["initializing", "running"]}
        }),
        json!({"time": [{"prefix": "2017-10-02"}]}),
        json!({"source": [{"prefix": {"equals-ignore-case": "AWS"}}]}),
        json!({"source": [{"suffix": "ec2"}]}),
        json!({"source": [{"suffix": {"equals-ignore-case": "EC2"}}]}),
        json!({"source": [{"equals-ignore-case": "AWS.EC2"}]}),
        json!({"resources": [{"wildcard": "*:instance/i-*"}]}),
        json!({"detail": {"state": [{"anything-but": "initializing"}]}}),
        json!({"detail": {"x-limit": [{"anything-but": 123}]}}),
        json!({"detail": {"state": [{"anything-but": ["stopped", "overloaded"]}]}}),
        json!({"detail": {"x-limit": [{"anything-but": [100, 200, 300]}]}}),
        json!({"detail": {"state": [{"anything-but": {"prefix": "init"}}]}}),
        json!({"detail": {"instance-id": [{"anything-but": {"suffix": ["1234", "6789"]}}]}}),
        json!({"detail": {"state": [{"anything-but": {"equals-ignore-case": ["Stopped", "OverLoaded"]}}]}}),
        json!({"detail": {"state": [{"anything-but": {"wildcard": "*/bin/*.jar"}}]}}),
        json!({"detail": {
            "c-count": [{"numeric": [">", 0, "<=", 5]}],
            "d-count": [{"numeric": ["<", 10]}],
            "x-limit": [{"numeric": ["=", 3.018e2]}]
        }}),
        json!({"detail": {"source-ip": [{"cidr": "10.0.0.0/24"}]}}),
        json!({"detail": {"c-count": [{"exists": true}], "e-count": [{"exists": false}]}}),
        json!({"detail": {"$or": [
            {"c-count": [{"numeric": [">", 5]}]},
            {"d-count": [{"numeric": ["<", 10]}]},
            {"x-limit": [{"numeric": ["=", 3.018e2]}]}
        ]}}),
        json!({"source": ["aws.ec2"], "detail": {"$or": [{"state": ["stopped"]}, {"c-count": [5], "d-count": [3]}]}}),
    ];
    for pattern in &patterns {
        check(pattern, &[instance()], &[json!({}), json!({"detail": "text"}), json!([instance()])]);
    }
}

#[test]
fn values() {
    field(&json!(["a", "b"]), &[json!("a"), json!(["z", "b"])], &[json!("A"), json!("c"), json!([])]);
    field(&json!([""]), &[json!("")], &[json!(null), json!("a")]);
    field(&json!([null]), &[json!(null), json!([null])], &[json!("null"), json!(""), json!(0)]);
    field(&json!([true]), &[json!(true)], &[json!(false), json!("true")]);
    field(&json!([300]), &[json!(300), json!(300.0), json!(3.0e2)], &[json!("300"), json!(301)]);
    field(&json!([9007199254740993u64]), &[json!(9007199254740993u64)], &[json!(9007199254740992u64)]);
}

#[test]
fn operators() {
    field(&json!([{"prefix": "ab"}]), &[json!("abc"), json!(["x", "ab"])], &[json!("cab"), json!(1)]);
    field(&json!([{"prefix": ""}]), &[json!("abc"), json!("")], &[json!(1)]);
    field(&json!([{"suffix": ".png"}]), &[json!("a.png")], &[json!("a.PNG"), json!("a.png ")]);
    field(&json!([{"suffix": {"equals-ignore-case": ".Png"}}]), &[json!("a.pNG")], &[json!("a.pn")]);
    field(&json!([{"prefix": {"equals-ignore-case": "EventB"}}]), &[json!("eventbridge")], &[json!("vent")]);
    field(&json!([{"equals-ignore-case": "alice"}]), &[json!("ALICE")], &[json!("Alice ")]);
    field(&json!([{"anything-but": "a"}]), &[json!("b"), json!(1), json!(null), json!(["a", "b"])], &[json!("a"), json!(["a"])]);
    field(&json!([{"anything-but": [1, 2]}]), &[json!(3), json!("1")], &[json!(1), json!(2.0)]);
    field(&json!([{"anything-but": {"prefix": ["in", "er"]}}]), &[json!("ok"), json!(1)], &[json!("init"), json!("error")]);
    field(&json!([{"anything-but": {"wildcard": "*/lib/*"}}]), &[json!("/usr/bin/x")], &[json!("/usr/lib/x")]);
    field(&json!([{"anything-but": {"equals-ignore-case": "stop"}}]), &[json!("stopp")], &[json!("STOP")]);
    field(&json!([{"numeric": [">", 10, "<=", 20]}]), &[json!(10.1), json!(20)], &[json!(10), json!(21), json!("15")]);
    field(&json!([{"numeric": ["=", 100]}]), &[json!(100), json!(1e2)], &[json!(100.5)]);
    field(&json!([{"numeric": [">=", -1]}]), &[json!(-1), json!(1e300)], &[json!(-1.5)]);
    field(&json!([{"cidr": "10.0.0.0/8"}]), &[json!("10.255.0.1")], &[json!("11.0.0.0"), json!("10.0.0"), json!(10)]);
    field(&json!([{"cidr": "0.0.0.0/0"}]), &[json!("255.1.2.3")], &[json!("::1")]);
    field(&json!([{"cidr": "2001:db8::/32"}]), &[json!("2001:db8:1::")], &[json!("2001:db9::")]);
    field(&json!([{"exists": true}]), &[json!(null), json!(["a"])], &[json!({"y": 1}), json!([]), json!([{}])]);
    field(&json!([{"exists": false}]), &[json!({"y": 1}), json!([])], &[json!(null), json!(["a"])]);
    field(&json!([{"exists": false}, "a"]), &[json!("a"), json!({})], &[json!("b")]);
    check(&json!({"detail": {"x": [{"exists": false}]}}), &[json!({}), json!({"detail": 1})], &[]);
}

#[test]
fn wildcards() {
    field(
        &json!([{"wildcard": "dir/*.png"}]),
        &[json!("dir/a/b.png"), json!("dir/.png")],
        &[json!("dir/a.jpg"), json!("dir.png")],
    );
    field(&json!([{"wildcard": "*"}]), &[json!(""), json!("a")], &[json!(1)]);
    field(&json!([{"wildcard": "plain"}]), &[json!("plain")], &[json!("plainer")]);
    field(&json!([{"wildcard": "a*a"}]), &[json!("aa"), json!("aba")], &[json!("a")]);
    field(&json!([{"wildcard": r"\*\\*"}]), &[json!(r"*\x")], &[json!("x")]);
}

#[test]
fn fields_match_together_in_one_element_of_an_array() {
    let staff =
        json!({"employees": [[{"first": "John", "last": "Doe"}, {"first": "Anna", "last": "Smith"}], [{"first": "Peter"}]]});
    check(&json!({"employees": {"first": ["Anna"]}}), std::slice::from_ref(&staff), &[]);
    check(&json!({"employees": {"first": ["Anna"], "last": ["Smith"]}}), std::slice::from_ref(&staff), &[]);
    check(&json!({"employees": {"first": ["Anna"], "last": ["Doe"]}}), &[], std::slice::from_ref(&staff));
    check(&json!({"employees": {"first": ["Peter"], "last": [{"exists": false}]}}), std::slice::from_ref(&staff), &[]);
    check(
        &json!({"employees": {"last": [{"exists": false}]}}),
        &[json!({"employees": [{"first": "A"}]})],
        std::slice::from_ref(&staff),
    );
    let or = json!({"employees": {"first": ["Anna"]}, "$or": [{"employees": {"last": ["Doe"]}}, {"x": [1]}]});
    check(&or, &[json!({"employees": [{"first": "Anna"}], "x": 1})], &[staff]);
}

#[test]
fn alternatives_nest() {
    let pattern = json!({"source": ["aws.cloudwatch"], "$or": [
        {"metricName": ["CPUUtilization", "ReadLatency"]},
        {"metricType": ["MetricType"], "namespace": ["AWS/EC2"], "$or": [{"metricId": [1234]}, {"spaceId": [1000]}]},
        {"scope": ["Service"]}
    ]});
    let with = |rest: Value| {
        let mut event = rest;
        event["source"] = json!("aws.cloudwatch");
        event
    };
    let hits = [
        with(json!({"metricName": "ReadLatency"})),
        with(json!({"scope": "Service"})),
        with(json!({"metricType": "MetricType", "namespace": "AWS/EC2", "spaceId": 1000})),
    ];
    let misses =
        [with(json!({})), json!({"scope": "Service"}), with(json!({"metricType": "MetricType", "namespace": "AWS/EC2"}))];
    check(&pattern, &hits, &misses);
    let pair = |n: usize| json!([{format!("a{n}"): [1]}, {format!("b{n}"): [1]}]);
    let many: serde_json::Map<_, _> = (0..10).map(|n| (format!("f{n}"), json!({"$or": pair(n)}))).collect();
    assert!(reason(&Value::Object(many).to_string()).starts_with("Rule is too complex"));
}

#[test]
fn what_is_wrong_is_said_as_eventbridge_says_it() {
    let at = |pattern: &str, column: usize, text: &str| {
        assert_eq!(reason(pattern), format!("{text}\n at [Source: (String)\"{pattern}\"; line: 1, column: {column}]"));
    };
    // These two were seen in the wild.
    at(r#"{"source":["test.event-pattern"],"detail":{"lenderId":"LenderA"}}"#, 56, "\"lenderId\" must be an object or an array");
    at(r#"{"source": ["aws.health"], "detail": {}}"#, 40, "Empty objects are not allowed");
    at("[]", 2, "Filter is not an object");
    at(r#"{"a":[]}"#, 8, "Empty arrays are not allowed");
    at(r#"{"a":[[1]]}"#, 8, "Match value must be String, number, true, false, or null");
    at(r#"{"a":[{"exists":"true"}]}"#, 18, "exists match pattern must be either true or false.");
    at(
        "junk",
        5,
        "Unrecognized token 'junk': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
    );
    at("", 1, "Unexpected end-of-input");
}

#[test]
fn wrong_operators_are_refused() {
    let table = [
        (json!({}), "Match expression name not found"),
        (json!({"regex": "a"}), "Unrecognized match type regex"),
        (json!({"prefix": 1}), "prefix match pattern must be a string"),
        (json!({"prefix": {}}), "Prefix expression name not found"),
        (json!({"suffix": {"prefix": "a"}}), "Unsupported suffix pattern: prefix"),
        (json!({"prefix": "a", "suffix": "b"}), "Only one key allowed in match expression"),
        (json!({"wildcard": "a**"}), "Consecutive wildcard characters at pos 2"),
        (json!({"wildcard": "a\\n"}), "Invalid escape character at pos 2"),
        (json!({"cidr": "10.0.0.0"}), "Malformed CIDR, one '/' required"),
        (json!({"cidr": "10.0.0.0/x"}), "Malformed CIDR, mask bits must be an integer"),
        (json!({"cidr": "10.0.0.0/-1"}), "Malformed CIDR, mask bits must not be negative"),
        (json!({"cidr": "10.0.0.0/32"}), "IPv4 mask bits must be < 32"),
        (json!({"cidr": "::/128"}), "IPv6 mask bits must be < 128"),
        (json!({"cidr": "host/8"}), "Nonstandard IP address: host"),
        (json!({"numeric": 1}), "Value of numeric must be an array."),
        (json!({"numeric": [1]}), "Invalid member in numeric match: 1"),
        (json!({"numeric": ["!", 1]}), "Unrecognized numeric range operator: !"),
        (json!({"numeric": ["=", "1"]}), "Value of equals must be numeric"),
        (json!({"numeric": ["<", 1, ">", 2]}), "Too many elements in numeric expression"),
        (json!({"numeric": [">", 1, ">", 2]}), "Bad numeric range operator: >"),
        (json!({"numeric": [">", 2, "<", 2]}), "Bottom must be less than top"),
        (json!({"numeric": [">", 1, "<", 2, 3]}), "Too many terms in numeric range expression"),
        (json!({"numeric": ["=", 9007199254740993u64]}), "Cannot compare number : 9007199254740993"),
        (json!({"anything-but": null}), "Value of anything-but must be an array or single string/number value."),
        (json!({"anything-but": []}), "Inside anything but list, either all values are number or string"),
        (json!({"anything-but": [1, "a"]}), "Inside anything but list, either all values are number or string"),
        (json!({"anything-but": [true]}), "Inside anything but list, start|null|boolean is not supported."),
        (json!({"anything-but": {"numeric": ["=", 1]}}), "Unsupported anything-but pattern: numeric"),
        (json!({"anything-but": {"prefix": ""}}), "Null prefix/suffix not allowed"),
        (json!({"anything-but": {"suffix": 1}}), "prefix/suffix match pattern must be a string"),
    ];
    for (operator, wanted) in table {
        let found = reason(&json!({"a": [operator]}).to_string());
        assert!(found.starts_with(wanted), "{operator}: {found}");
    }
    for (pattern, wanted) in [
        (json!({"$or": {"a": [1]}}), "It must be an Array followed with $or."),
        (json!({"$or": [1, 2]}), "Only JSON object is allowed in array of $or relationship."),
        (json!({"$or": [{"a": [1]}]}), "There must have at least 2 Objects in $or relationship."),
        (json!({"$or": [{"prefix": ["a"]}, {"b": [1]}]}), "prefix is Ruler reserved fieldName which cannot be used inside $or."),
    ] {
        let found = reason(&pattern.to_string());
        assert!(found.starts_with(wanted), "{pattern}: {found}");
    }
    for text in
        ["{\"a\"", "{\"a\":[1}", "{\"a\":[1 2]}", "{\"a\" [1]}", "{a:[1]}", "{\"a\":[\"x]}", "{\"a\":[01]}", "{\"a\":[1],}"]
    {
        assert!(Pattern::parse(text).is_err(), "{text}");
    }
    assert!(reason(&"{\"a\":".repeat(5000)).starts_with("Document nesting depth (1001) exceeds"));
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..3).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ]
}

/// Events with few names and values, so that patterns made of others often match.
fn event() -> impl Strategy<Value = Value> {
    let value = scalar().prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[xyz]", inner, 0..3).prop_map(|it| it.into_iter().collect()),
        ]
    });
    prop::collection::btree_map("[xyz]", value, 0..3).prop_map(|it| it.into_iter().collect())
}

/// The pattern that asks for all that is in an event.
fn everything(value: &Value) -> Option<Value> {
    match value {
        Value::Object(members) => {
            let fields: serde_json::Map<_, _> =
                members.iter().filter_map(|(name, value)| Some((name.clone(), everything(value)?))).collect();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        Value::Array(elements) => elements.iter().find_map(everything),
        scalar => Some(json!([scalar])),
    }
}

fn matches(pattern: &Value, event: &Value) -> bool {
    Pattern::parse(&pattern.to_string()).unwrap_or_else(|e| panic!("{pattern}: {e}")).matches(event)
}

proptest! {
    #[test]
    fn reading_never_panics(text in "[\\{\\}\\[\\]\":,a$or \\\\0-9é-]{0,60}") {
        let _ = Pattern::parse(&text);
    }

    #[test]
    fn an_event_matches_all_that_it_holds(event in event()) {
        if let Some(pattern) = everything(&event) {
            prop_assert!(matches(&pattern, &event), "{pattern}");
        }
    }

    #[test]
    fn or_is_or(event in event(), one in event(), other in event()) {
        if let (Some(one), Some(other)) = (everything(&one), everything(&other)) {
            let either = matches(&json!({"$or": [&one, &other]}), &event);
            prop_assert_eq!(either, matches(&one, &event) || matches(&other, &event));
        }
    }

    #[test]
    fn a_scalar_is_either_there_as_wanted_or_anything_but(value in scalar(), unwanted in "[ab]{0,2}") {
        let event = json!({"x": value});
        let but = matches(&json!({"x": [{"anything-but": unwanted.as_str()}]}), &event);
        prop_assert_ne!(but, matches(&json!({"x": [unwanted]}), &event));
    }

    #[test]
    fn exactly_one_of_present_and_absent(event in event(), name in "[xyz]") {
        let ask = |it: bool| matches(&json!({name.as_str(): {"x": [{"exists": it}]}}), &event);
        prop_assert_ne!(ask(true), ask(false));
    }

    #[test]
    fn wildcards_are_as_regular_expressions(parts in prop::collection::vec("[ab]{0,2}", 1..4), text in "[ab]{0,6}") {
        let wildcard = parts.join("*").replace("**", "*").replace("**", "*");
        let expression = regex::Regex::new(&format!("^{}$", wildcard.replace('*', ".*"))).expect("a regular expression");
        prop_assert_eq!(matches(&json!({"x": [{"wildcard": wildcard}]}), &json!({"x": text})), expression.is_match(&text));
    }
}
