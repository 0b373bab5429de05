//! The least policy that covers what was really done: `hillfog iam observed`.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A policy that allows each of the actions on the resource that it was used on, and nothing else.
///
/// Resources on which the same was done stand together in one statement. An ARN's own `*`, `?` and `${` are written so that they stand
/// for themselves. A `*` that is all of a resource, or its last part, stays as it is: so are things called that have no name yet, such as the
/// revision that a call is to make.
pub fn least_policy(used: &BTreeSet<(String, String)>) -> Value {
    let mut by_resource: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (action, resource) in used {
        by_resource.entry(resource).or_default().insert(action);
    }
    let mut by_actions: BTreeMap<BTreeSet<&str>, BTreeSet<String>> = BTreeMap::new();
    for (resource, actions) in by_resource {
        by_actions.entry(actions).or_default().insert(literal(resource));
    }
    let statement = |(actions, resources)| json!({"Effect": "Allow", "Action": actions, "Resource": resources});
    json!({"Version": "2012-10-17", "Statement": by_actions.into_iter().map(statement).collect::<Vec<_>>()})
}

fn literal(resource: &str) -> String {
    let (named, any) = match resource.strip_suffix('*') {
        Some(named) if named.is_empty() || named.ends_with([':', '/']) => (named, "*"),
        _ => (resource, ""),
    };
    let mut written = String::with_capacity(resource.len());
    let mut characters = named.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '*' => written.push_str("${*}"),
            '?' => written.push_str("${?}"),
            '$' if characters.peek() == Some(&'{') => written.push_str("${$}"),
            other => written.push(other),
        }
    }
    written + any
}
