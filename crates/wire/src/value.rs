//! What travels between a protocol and an operation: a tree whose members carry the model's names, whatever the wire called them.

use bytes::Bytes;
use std::collections::BTreeMap;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z; finer fractions are cut off, as AWS does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Time(pub i64);

/// A value of any shape.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Value {
    /// Not there.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number, infinities and NaN included.
    Float(f64),
    /// Text.
    Str(String),
    /// Bytes.
    Blob(Bytes),
    /// A moment.
    Time(Time),
    /// Many values.
    List(Vec<Value>),
    /// From text to values; also the objects of a document.
    Map(BTreeMap<String, Value>),
    /// The members of a structure that are there, under the model's names.
    Struct(Vec<(&'static str, Value)>),
}

/// The members of a structure, found by name. One that is asked for after the one before it is found at once.
pub struct Lookup<'a> {
    members: &'a [(&'static str, Value)],
    /// Behind the one that was found last.
    next: usize,
}

impl<'a> Lookup<'a> {
    /// The member of that name, if it is there.
    pub fn get(&mut self, name: &str) -> Option<&'a Value> {
        let (before, behind) = self.members.split_at(self.next);
        let at = behind.iter().chain(before).position(|(key, _)| *key == name)?;
        let at = (self.next + at) % self.members.len();
        self.next = at + 1;
        Some(&self.members[at].1)
    }
}

impl Value {
    /// A structure of those members that are not null.
    pub fn structure<const N: usize>(members: [(&'static str, Value); N]) -> Self {
        Value::Struct(members.into_iter().filter(|(_, value)| !value.is_null()).collect())
    }
    /// A structure without members.
    pub const fn empty() -> Self {
        Value::Struct(Vec::new())
    }
    /// Whether there is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }
    /// The member of that name, if this is a structure and has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Struct(members) => members.iter().find(|(key, _)| *key == name).map(|(_, value)| value),
            _ => None,
        }
    }
    /// Reads the members of a structure one after another.
    pub fn lookup(&self) -> Lookup<'_> {
        match self {
            Value::Struct(members) => Lookup { members, next: 0 },
            _ => Lookup { members: &[], next: 0 },
        }
    }
    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int(_) => "integer",
            Value::Float(_) => "number",
            Value::Str(_) => "string",
            Value::Blob(_) => "blob",
            Value::Time(_) => "timestamp",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Struct(_) => "structure",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_whatever_order() {
        let value = Value::structure([("A", Value::Int(1)), ("B", Value::Int(2)), ("C", Value::Int(3))]);
        let mut lookup = value.lookup();
        let found: Vec<_> = ["B", "C", "D", "A", "A"].iter().map(|name| lookup.get(name).cloned()).collect();
        assert_eq!(found, [Some(Value::Int(2)), Some(Value::Int(3)), None, Some(Value::Int(1)), Some(Value::Int(1))]);
        assert_eq!(Value::empty().lookup().get("A"), None);
        assert_eq!(Value::Null.lookup().get("A"), None);
    }
}
