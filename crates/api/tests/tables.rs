//! What has to hold for every service's tables, whatever their models say.

use std::collections::BTreeSet;
use wire::Service;
use wire::schema::{Kind, Member};

/// Patterns that can't be checked (Java's look-around), by service. The list may only shrink.
// IAM checks an account's alias itself.
const UNCHECKED: &[(&str, &str)] = &[
    (
        "ec2-instance-connect",
        "(^[A-Za-z_][A-Za-z0-9\\@\\._-]{0,30}[A-Za-z0-9\\$_-]?$)|(^(?=.{2,32}$)[0-9]{1,32}[A-Za-z\\@\\._-][A-Za-z0-9\\@\\._-]*[A-Za-z0-9\\$_-]?$)",
    ),
    ("events", "^(?!\\s*$).+"),
    ("iam", "^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$"),
    ("lambda", "(?!^[0-9]+$)([a-zA-Z0-9-_]+)"),
    ("lambda", "(^(?!(system\\x2e)))(^[_a-zA-Z0-9])([^$]*)"),
    (
        "lambda",
        "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]{1,64})(:((?!\\d+$)[0-9a-zA-Z-_]+))?",
    ),
    ("lambda", "((?!^\\d+$)^[0-9a-zA-Z-_]+$)"),
    ("lambda", "[0-9A-Za-z\\.\\-_]*(?<!\\.)"),
    ("scheduler", "(?=[/\\.\\-_A-Za-z0-9]+)((?!aws\\.).*)|(\\$(\\.[\\w_-]+(\\[(\\d+|\\*)\\])*)*)"),
];

fn members(service: &'static Service) -> impl Iterator<Item = &'static Member> {
    service.shapes.iter().flat_map(|shape| match &shape.kind {
        Kind::Structure(structure) => structure.members.iter().collect::<Vec<_>>(),
        Kind::List(list) => vec![&list.member],
        Kind::Map(map) => vec![&map.key, &map.value],
        _ => Vec::new(),
    })
}

#[test]
fn every_reference_is_to_a_shape() {
    for service in api::SERVICES {
        let ends = service.operations.iter().flat_map(|operation| operation.input.into_iter().chain(operation.output));
        let last = ends.chain(members(service).map(|member| member.shape)).max();
        assert!(last.is_none_or(|last| (last as usize) < service.shapes.len()), "{}", service.id);
    }
}

#[test]
fn every_payload_is_a_member() {
    for service in api::SERVICES {
        for structure in service.shapes.iter().filter_map(|shape| shape.structure()) {
            assert!(structure.payload.is_none_or(|name| structure.member(name).is_some()), "{}", service.id);
        }
    }
}

#[test]
fn every_name_is_there_once() {
    for service in api::SERVICES {
        let names = service.operations.iter().map(|it| it.name).chain(service.unbuilt.iter().map(|it| it.0));
        let names: Vec<&str> = names.collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{}", service.id);
        assert_eq!(service.id, api::service(service.id).unwrap().id);
    }
}

#[test]
fn patterns_can_be_checked() {
    let unchecked = api::SERVICES.iter().flat_map(|service| {
        let patterns = service.shapes.iter().filter_map(|shape| shape.pattern);
        patterns.filter(|pattern| !wire::validate::is_supported(pattern)).map(|pattern| (service.id, pattern))
    });
    assert_eq!(unchecked.collect::<Vec<_>>(), UNCHECKED);
}
