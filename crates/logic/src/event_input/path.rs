//! Paths into an event: the part of JSONPath that EventBridge knows.

use serde_json::Value;

/// A path such as `$.detail.items[0]['a name']`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
    /// Everything in an object or an array.
    All,
}

impl Path {
    /// Reads a path; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('$')?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, behind) = if let Some(named) = rest.strip_prefix('.') { member(named)? } else { bracketed(rest)? };
            steps.push(step);
            rest = behind;
        }
        Some(Self(steps))
    }

    /// What stands there: of a path with `*` all of it, as an array.
    pub fn find(&self, event: &Value) -> Option<Value> {
        let mut found = vec![event];
        for step in &self.0 {
            found = found.into_iter().flat_map(|value| step.of(value)).collect();
        }
        if self.0.contains(&Step::All) {
            return Some(found.into_iter().cloned().collect());
        }
        found.first().map(|value| (*value).clone())
    }
}

impl Step {
    fn of<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Step::Member(name), Value::Object(members)) => members.get(name).into_iter().collect(),
            (Step::Element(at), Value::Array(elements)) => elements.get(*at).into_iter().collect(),
            (Step::All, Value::Array(elements)) => elements.iter().collect(),
            (Step::All, Value::Object(members)) => members.values().collect(),
            _ => Vec::new(),
        }
    }
}

/// A name behind a dot, and what stands behind it.
fn member(text: &str) -> Option<(Step, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    match name {
        "" => None,
        "*" => Some((Step::All, rest)),
        _ => Some((Step::Member(name.to_owned()), rest)),
    }
}

/// `[0]`, `[*]`, `['name']` or `["name"]`, and what stands behind it.
fn bracketed(text: &str) -> Option<(Step, &str)> {
    let text = text.strip_prefix('[')?;
    if let Some(quote) = text.chars().next().filter(|it| matches!(it, '\'' | '"')) {
        let (name, rest) = text[1..].split_once(quote)?;
        return Some((Step::Member(name.to_owned()), rest.strip_prefix(']')?));
    }
    let (inner, rest) = text.split_once(']')?;
    let step = if inner == "*" { Step::All } else { Step::Element(inner.parse().ok()?) };
    Some((step, rest))
}
