//! How AWS says what is wrong.

use super::{Constraint, Violation};
use crate::{Fault, Value};
use std::fmt;

/// Values are shown up to this many characters.
const SHOWN: usize = 1024;

/// The message of most services: how many violations, and each of them.
pub fn listed(violations: &[Violation]) -> String {
    let plural = if violations.len() == 1 { "" } else { "s" };
    let all: Vec<String> = violations.iter().map(Violation::to_string).collect();
    format!("{} validation error{plural} detected: {}", violations.len(), all.join("; "))
}

/// ECR's message: one violation, without its value.
pub fn single(violation: &Violation) -> String {
    let constraint = violation.constraint.to_string();
    let constraint = constraint.strip_prefix("Member ").unwrap_or(&constraint);
    let constraint = match violation.constraint {
        Constraint::Pattern(pattern) => format!("must satisfy regular expression '{pattern}'"),
        _ => constraint.to_owned(),
    };
    format!("Invalid parameter at '{}' failed to satisfy constraint: '{constraint}'", violation.path)
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gap = if self.shown.is_empty() { "" } else { " " };
        write!(f, "Value{gap}{} at '{}' failed to satisfy constraint: {}", self.shown, self.path, self.constraint)
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Constraint::NotNull => f.write_str("Member must not be null"),
            Constraint::MinLength(min) => write!(f, "Member must have length greater than or equal to {min}"),
            Constraint::MaxLength(max) => write!(f, "Member must have length less than or equal to {max}"),
            Constraint::Min(min) => write!(f, "Member must have value greater than or equal to {min}"),
            Constraint::Max(max) => write!(f, "Member must have value less than or equal to {max}"),
            Constraint::Pattern(pattern) => write!(f, "Member must satisfy regular expression pattern: {pattern}"),
            Constraint::Enumeration(values) => write!(f, "Member must satisfy enum value set: [{}]", values.join(", ")),
            Constraint::Elements(inner) => write!(f, "Member must satisfy constraint: [{}]", join(inner)),
            Constraint::Keys(inner) => write!(f, "Map keys must satisfy constraint: [{}]", join(inner)),
            Constraint::Values(inner) => write!(f, "Map value must satisfy constraint: [{}]", join(inner)),
            Constraint::OneMember => f.write_str("Exactly one member must be set"),
        }
    }
}

fn join(constraints: &[Constraint]) -> String {
    constraints.iter().map(Constraint::to_string).collect::<Vec<_>>().join(", ")
}

/// EC2's wording of the first violation
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>).
pub fn ec2(violation: &Violation) -> Fault {
    let parameter = &violation.path;
    let shown = violation.shown.trim_matches('\'');
    let invalid = |why: String| {
        Fault::client("InvalidParameterValue", format!("Value ({shown}) for parameter {parameter} is invalid. {why}"))
    };
    match &violation.constraint {
        Constraint::NotNull => Fault::client("MissingParameter", format!("The request must contain the parameter {parameter}")),
        Constraint::Min(min) => invalid(format!("Expecting a value greater than or equal to {min}.")),
        Constraint::Max(max) => invalid(format!("Expecting a value less than or equal to {max}.")),
        other => invalid(format!("{other}.")),
    }
}

/// A value as messages show it.
pub fn show(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        other => {
            let mut text = String::new();
            write(&mut text, other);
            format!("'{}'", text.chars().take(SHOWN).collect::<String>())
        }
    }
}

fn write(out: &mut String, value: &Value) {
    if out.len() > SHOWN * 4 {
        return;
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(it) => out.push_str(&it.to_string()),
        Value::Int(it) => out.push_str(&it.to_string()),
        Value::Float(it) => out.push_str(&it.to_string()),
        Value::Str(it) => out.push_str(it),
        Value::Blob(bytes) => out.push_str(&format!("{} bytes", bytes.len())),
        Value::Time(at) => out.push_str(&at.0.to_string()),
        Value::List(items) => enclosed(out, ['[', ']'], items.iter().map(|item| ("", item))),
        Value::Map(entries) => enclosed(out, ['{', '}'], entries.iter().map(|(key, item)| (key.as_str(), item))),
        Value::Struct(members) => enclosed(out, ['{', '}'], members.iter().map(|(key, item)| (*key, item))),
    }
}

fn enclosed<'v>(out: &mut String, [open, close]: [char; 2], items: impl Iterator<Item = (&'v str, &'v Value)>) {
    out.push(open);
    for (at, (key, item)) in items.enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        if !key.is_empty() {
            out.push_str(&format!("{key}="));
        }
        write(out, item);
    }
    out.push(close);
}

/// `RoleName` is shown as `roleName`.
pub fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// `groupId` is shown as `GroupId`.
pub fn upper_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
