//! Smithy's protocol vectors, from the server's side (see README.md).

mod build;
mod compare;
mod params;
mod suite;

use suite::{Case, Direction, Suite};

/// What is left out, one a line: `<direction> <file> <id>: <reason>`.
const SKIPPED: &str = include_str!("skipped.txt");

fn run(direction: Direction, file: &str, check: fn(&Suite, &Case) -> Result<(), String>) {
    let prefix = format!("{} {file} ", direction.folder());
    let mut skipped: Vec<&str> = SKIPPED.lines().filter_map(|line| line.strip_prefix(&prefix)).collect();
    skipped.iter_mut().for_each(|line| *line = line.split_once(": ").expect("a skipped vector has a reason").0);
    let (mut passed, mut failures) = (0, Vec::new());
    for suite in suite::load(direction, file) {
        for case in &suite.cases {
            let known = skipped.iter().position(|id| *id == case.id());
            match (check(&suite, case), known) {
                (Ok(()), None) => passed += 1,
                (Err(_), Some(at)) => drop(skipped.remove(at)),
                (Ok(()), Some(_)) => failures.push(format!("{prefix}{}: passes, and is listed as skipped", case.id())),
                (Err(why), None) => failures.push(format!("{prefix}{}: {why}", case.id())),
            }
        }
    }
    failures.extend(skipped.iter().map(|id| format!("{prefix}{id}: listed as skipped, and isn't there")));
    assert!(failures.is_empty(), "{passed} passed, {} failed:\n{}", failures.len(), failures.join("\n"));
    assert!(passed > 0, "no vector was run");
}

macro_rules! inputs {
    ($($name:ident $file:literal)+) => {
        mod input {
            $(#[test] fn $name() { super::run(super::Direction::Input, $file, super::compare::input); })+
        }
    };
}
macro_rules! outputs {
    ($($name:ident $file:literal)+) => {
        mod output {
            $(#[test] fn $name() { super::run(super::Direction::Output, $file, super::compare::output); })+
        }
    };
}

inputs! {
    ec2 "ec2"
    json_1_0 "json_1_0"
    json_1_0_query_compatible "json_1_0-query-compatible"
    json_1_1 "json"
    query "query"
    rest_json "rest-json"
    rest_xml "rest-xml"
    rpc_v2_cbor "smithy-rpc-v2-cbor"
    rpc_v2_cbor_non_query_compatible "smithy-rpc-v2-cbor-non-query-compatible"
    rpc_v2_cbor_query_compatible "smithy-rpc-v2-cbor-query-compatible"
}
outputs! {
    ec2 "ec2"
    json_1_0 "json_1_0"
    json_1_0_query_compatible "json_1_0-query-compatible"
    json_1_1 "json"
    query "query"
    rest_json "rest-json"
    rest_xml "rest-xml"
    rpc_v2_cbor "smithy-rpc-v2-cbor"
    rpc_v2_cbor_query_compatible "smithy-rpc-v2-cbor-query-compatible"
}
