//! The model's constraints on input: what has to be there, lengths, ranges, patterns, enumerations.
//!
//! All violations are collected, in the model's order, and worded as AWS's services word them. Rules that the model doesn't state
//! (one member needs another, a name is taken) are the operations' own business.

mod pattern;
mod wording;

use crate::schema::{Kind, Member, Operation, Service, Shape, Structure, ValidationStyle};
use crate::{Fault, Value};
pub use pattern::is_supported;
pub(crate) use wording::upper_first;

#[cfg(test)]
mod tests;

/// One broken constraint.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Where, such as `tags.1.member.key`.
    pub path: String,
    /// The value as it is shown: quoted, `null`, or empty where it is not to be shown.
    pub shown: String,
    /// What is broken.
    pub constraint: Constraint,
}

/// A constraint of the model.
#[derive(Clone, Debug, PartialEq)]
pub enum Constraint {
    /// `required`.
    NotNull,
    /// The least length.
    MinLength(f64),
    /// The greatest length.
    MaxLength(f64),
    /// The least value.
    Min(f64),
    /// The greatest value.
    Max(f64),
    /// What the whole of a string has to match.
    Pattern(&'static str),
    /// The values that a string may have.
    Enumeration(&'static [&'static str]),
    /// The constraints of a list's elements.
    Elements(Vec<Constraint>),
    /// The constraints of a map's keys.
    Keys(Vec<Constraint>),
    /// The constraints of a map's values.
    Values(Vec<Constraint>),
    /// Exactly one member of a union has to be set.
    OneMember,
}

/// Refuses what breaks the model's constraints, in the service's own style.
pub fn check(service: &Service, operation: &Operation, input: &Value) -> Result<(), Fault> {
    let violations = violations(service, operation, input);
    let Some(first) = violations.first() else { return Ok(()) };
    Err(match service.validation {
        ValidationStyle::Listed(code) => Fault::client(code, wording::listed(&violations)),
        ValidationStyle::Single(code) => Fault::client(code, wording::single(first)),
        ValidationStyle::Ec2 => wording::ec2(first),
    })
}

/// Every broken constraint of an operation's input.
pub fn violations(service: &Service, operation: &Operation, input: &Value) -> Vec<Violation> {
    let mut checker = Checker { service, path: Vec::new(), found: Vec::new() };
    if let Some(structure) = operation.input.and_then(|id| service.shape(id).structure()) {
        checker.structure(structure, input);
    }
    checker.found
}

/// A step of a path. It becomes text only where something is broken.
enum Step<'a> {
    Member(&'a Member),
    Element(usize),
    Entry(&'a str),
}

impl Step<'_> {
    /// As a service's messages name it. EC2's name for a member is the request's parameter, the others' begins with a small letter.
    fn text(&self, style: ValidationStyle) -> String {
        match (self, style) {
            (Step::Member(member), ValidationStyle::Ec2) => wording::upper_first(member.query_name.unwrap_or(member.wire_name())),
            (Step::Member(member), _) => wording::lower_first(member.name),
            (Step::Element(at), ValidationStyle::Ec2) => (at + 1).to_string(),
            (Step::Element(at), _) => format!("{}.member", at + 1),
            (Step::Entry(key), _) => format!("{key}.member"),
        }
    }
}

struct Checker<'a> {
    service: &'a Service,
    path: Vec<Step<'a>>,
    found: Vec<Violation>,
}

impl<'a> Checker<'a> {
    fn structure(&mut self, structure: &'a Structure, value: &'a Value) {
        for member in structure.members {
            match value.get(member.name).unwrap_or(&Value::Null) {
                Value::Null if member.required => {
                    self.at(Step::Member(member), |it| it.push("null".into(), Constraint::NotNull));
                }
                Value::Null => {}
                value => self.at(Step::Member(member), |it| it.member(member, value)),
            }
        }
        if structure.union && matches!(value, Value::Struct(members) if members.len() != 1) {
            self.push(wording::show(value), Constraint::OneMember);
        }
    }

    fn member(&mut self, member: &Member, value: &'a Value) {
        let shape = self.service.shape(member.shape);
        broken(shape, value).into_iter().for_each(|constraint| self.show(shape, value, constraint));
        match (&shape.kind, value) {
            (Kind::Structure(structure), _) => self.structure(structure, value),
            (Kind::List(list), Value::List(items)) => self.elements(&list.member, list.sparse, shape, value, items),
            (Kind::Map(map), Value::Map(entries)) => {
                let keys = self.service.shape(map.key.shape);
                if entries.keys().any(|key| !broken_text(keys, key).is_empty()) {
                    self.show(shape, value, Constraint::Keys(constraints(keys).collect()));
                }
                let values = self.service.shape(map.value.shape);
                if is_scalar(values) && entries.values().any(|it| !it.is_null() && !broken(values, it).is_empty()) {
                    self.show(shape, value, Constraint::Values(constraints(values).collect()));
                } else if !is_scalar(values) {
                    entries.iter().for_each(|(key, it)| self.at(Step::Entry(key), |inner| inner.inside(&map.value, it)));
                }
            }
            _ => {}
        }
    }

    fn elements(&mut self, member: &Member, sparse: bool, shape: &Shape, list: &Value, items: &'a [Value]) {
        let element = self.service.shape(member.shape);
        if !sparse && items.iter().any(Value::is_null) {
            self.show(shape, list, Constraint::Elements(vec![Constraint::NotNull]));
        }
        if !is_scalar(element) {
            items.iter().enumerate().for_each(|(at, it)| self.at(Step::Element(at), |inner| inner.inside(member, it)));
        } else if items.iter().any(|it| !it.is_null() && !broken(element, it).is_empty()) {
            self.show(shape, list, Constraint::Elements(constraints(element).collect()));
        }
    }

    fn inside(&mut self, member: &Member, value: &'a Value) {
        if !value.is_null() {
            self.member(member, value);
        }
    }

    fn at(&mut self, step: Step<'a>, check: impl FnOnce(&mut Self)) {
        self.path.push(step);
        check(self);
        self.path.pop();
    }

    fn show(&mut self, shape: &Shape, value: &Value, constraint: Constraint) {
        let shown = if self.is_sensitive(shape) { String::new() } else { wording::show(value) };
        self.push(shown, constraint);
    }

    fn push(&mut self, shown: String, constraint: Constraint) {
        let path = self.path.iter().map(|step| step.text(self.service.validation)).collect::<Vec<_>>().join(".");
        self.found.push(Violation { path, shown, constraint });
    }

    /// Whether the shape, or what it is a list or a map of, is not to be shown.
    fn is_sensitive(&self, shape: &Shape) -> bool {
        let inner = match &shape.kind {
            Kind::List(list) => Some(list.member.shape),
            Kind::Map(map) => Some(map.value.shape),
            _ => None,
        };
        shape.sensitive || inner.is_some_and(|id| self.service.shape(id).sensitive)
    }
}

fn is_scalar(shape: &Shape) -> bool {
    !matches!(shape.kind, Kind::Structure(_) | Kind::List(_) | Kind::Map(_))
}

/// The constraints that a shape has.
fn constraints(shape: &Shape) -> impl Iterator<Item = Constraint> {
    let number = matches!(shape.kind, Kind::Integer | Kind::Long | Kind::Float);
    let max = shape.max.map(if number { Constraint::Max } else { Constraint::MaxLength });
    let min = shape.min.map(if number { Constraint::Min } else { Constraint::MinLength });
    let pattern = shape.pattern.map(Constraint::Pattern);
    let values = (!shape.values.is_empty()).then_some(Constraint::Enumeration(shape.values));
    max.into_iter().chain(min).chain(pattern).chain(values)
}

/// The shape's own constraints that the value breaks.
fn broken(shape: &Shape, value: &Value) -> Vec<Constraint> {
    match value {
        Value::Str(text) => broken_text(shape, text),
        Value::Int(it) => broken_by(shape, *it as f64, ""),
        Value::Float(it) => broken_by(shape, *it, ""),
        Value::Blob(bytes) => broken_by(shape, bytes.len() as f64, ""),
        Value::List(items) => broken_by(shape, items.len() as f64, ""),
        Value::Map(entries) => broken_by(shape, entries.len() as f64, ""),
        Value::Null | Value::Bool(_) | Value::Time(_) | Value::Struct(_) => Vec::new(),
    }
}

fn broken_text(shape: &Shape, text: &str) -> Vec<Constraint> {
    // Most texts have no constraint, and need not be counted.
    if constraints(shape).next().is_none() {
        return Vec::new();
    }
    broken_by(shape, text.chars().count() as f64, text)
}

/// The constraints that a size (a length or a value) and a text break.
fn broken_by(shape: &Shape, size: f64, text: &str) -> Vec<Constraint> {
    let breaks = |constraint: &Constraint| match constraint {
        Constraint::Min(min) | Constraint::MinLength(min) => size < *min,
        Constraint::Max(max) | Constraint::MaxLength(max) => size > *max,
        Constraint::Pattern(pattern) => !pattern::matches(pattern, text),
        Constraint::Enumeration(values) => !values.contains(&text),
        _ => false,
    };
    constraints(shape).filter(breaks).collect()
}
