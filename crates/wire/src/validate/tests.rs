//! The constraints, one by one, and the wording of their violations.

use super::*;
use crate::schema::Protocol;

static SHAPES: &[Shape] = &[
    Shape::record(
        "Input",
        &[
            Member::new("RoleName", 1).required(),
            Member::new("Count", 2),
            Member::new("Tags", 3),
            Member::new("Arns", 5),
            Member::new("Secret", 6),
            Member::new("Mode", 7),
            Member::new("Labels", 8),
            Member::new("Choice", 9),
        ],
    ),
    Shape::new("Name", Kind::String).min(2.0).max(4.0).pattern("[a-z]*"),
    Shape::new("Count", Kind::Integer).min(1.0).max(10.0),
    Shape::list("Tags", Member::element(4)).max(2.0),
    Shape::record("Tag", &[Member::new("Key", 1).required()]),
    Shape::list("Arns", Member::element(1)),
    Shape::new("Secret", Kind::String).min(8.0).sensitive(),
    Shape::choice("Mode", &["on", "off"]),
    Shape::map("Labels", Member::key(1), Member::value(1)),
    Shape::record("Choice", &[Member::new("a", 1), Member::new("b", 1)]).union(),
];

static SERVICE: Service = Service {
    id: "test",
    service_id: "Test",
    protocols: &[Protocol::AwsJson11],
    target_prefix: "",
    signing_name: "test",
    endpoint_prefix: "test",
    xml_namespace: "",
    api_version: "",
    query_compatible: false,
    bare_errors: false,
    validation: ValidationStyle::Listed("ValidationException"),
    shapes: SHAPES,
    operations: &[Operation::rpc("Test", Some(0), None)],
    unbuilt: &[],
};

fn text(it: &str) -> Value {
    Value::Str(it.into())
}

fn found(members: Vec<(&'static str, Value)>) -> Vec<String> {
    let violations = violations(&SERVICE, &SERVICE.operations[0], &Value::Struct(members));
    violations.iter().map(Violation::to_string).collect()
}

fn found_in(name: &'static str, value: Value) -> Vec<String> {
    found(vec![("RoleName", text("abc")), (name, value)])
}

#[test]
fn what_keeps_to_the_model_passes() {
    let tag = Value::Struct(vec![("Key", text("ab"))]);
    assert!(found(vec![("RoleName", text("ab")), ("Count", Value::Int(10)), ("Tags", Value::List(vec![tag]))]).is_empty());
}

#[test]
fn every_violation_is_named_in_the_model_s_order() {
    let message = check(&SERVICE, &SERVICE.operations[0], &Value::Struct(vec![("Count", Value::Int(0))])).unwrap_err().message;
    assert_eq!(
        message,
        "2 validation errors detected: Value null at 'roleName' failed to satisfy constraint: Member must not be null; \
         Value '0' at 'count' failed to satisfy constraint: Member must have value greater than or equal to 1"
    );
}

#[test]
fn lengths_count_characters() {
    assert!(found_in("RoleName", text("abc")).is_empty());
    let long = found(vec![("RoleName", text("abcde"))]);
    assert_eq!(
        long,
        ["Value 'abcde' at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 4"]
    );
    let accents = found(vec![("RoleName", text("éééé"))]);
    let pattern =
        "Value 'éééé' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]*";
    assert_eq!(accents, [pattern]);
}

#[test]
fn patterns_match_the_whole_text() {
    assert_eq!(found(vec![("RoleName", text("ab1"))]).len(), 1);
    assert_eq!(found(vec![("RoleName", text("ab\n"))]).len(), 1);
}

#[test]
fn members_inside_lists_have_numbered_paths() {
    let tags = Value::List(vec![Value::Struct(vec![("Key", text("ab"))]), Value::empty()]);
    assert_eq!(
        found_in("Tags", tags),
        ["Value null at 'tags.2.member.key' failed to satisfy constraint: Member must not be null"]
    );
}

#[test]
fn scalars_inside_lists_and_maps_are_named_once() {
    let constraints = "[Member must have length less than or equal to 4, Member must have length greater than or equal to 2, \
                       Member must satisfy regular expression pattern: [a-z]*]";
    let arns = Value::List(vec![text(""), text("abc"), text("A")]);
    let expected =
        format!("Value '[, abc, A]' at 'arns' failed to satisfy constraint: Member must satisfy constraint: {constraints}");
    assert_eq!(found_in("Arns", arns), [expected]);
    let labels = Value::Map([("abc".to_owned(), text("x"))].into());
    let expected =
        format!("Value '{{abc=x}}' at 'labels' failed to satisfy constraint: Map value must satisfy constraint: {constraints}");
    assert_eq!(found_in("Labels", labels), [expected]);
    let keys = Value::Map([("x".to_owned(), text("abc"))].into());
    assert!(found_in("Labels", keys)[0].contains("Map keys must satisfy constraint: ["));
}

#[test]
fn nulls_are_no_elements() {
    let nulls = found_in("Arns", Value::List(vec![Value::Null]));
    assert!(nulls[0].ends_with("Member must satisfy constraint: [Member must not be null]"), "{nulls:?}");
}

#[test]
fn secrets_are_not_shown() {
    let secret = found_in("Secret", text("hunter2"));
    assert_eq!(secret, ["Value at 'secret' failed to satisfy constraint: Member must have length greater than or equal to 8"]);
}

#[test]
fn enumerations_are_listed() {
    let mode = found_in("Mode", text("dim"));
    assert_eq!(mode, ["Value 'dim' at 'mode' failed to satisfy constraint: Member must satisfy enum value set: [on, off]"]);
}

#[test]
fn unions_have_one_member() {
    assert!(found_in("Choice", Value::Struct(vec![("a", text("abc"))])).is_empty());
    assert_eq!(found_in("Choice", Value::empty()).len(), 1);
    assert_eq!(found_in("Choice", Value::Struct(vec![("a", text("abc")), ("b", text("abc"))])).len(), 1);
}

#[test]
fn long_values_are_cut() {
    let long = found(vec![("RoleName", text(&"a".repeat(100_000)))]);
    assert!(long[0].len() < 2_000);
}
