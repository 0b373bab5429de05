//! What travels between a protocol and an operation: a tree whose members carry the model's names, whatever the wire called them.

use crate::schema::{Member, Structure};
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

impl Value {
    /// A structure of those members that are not null.
    pub fn structure<const N: usize>(members: [(&'static str, Value); N]) -> Self {
        // Just as much room as they need: most of an answer is made of such, and most structures have few of their members.
        let mut there = Vec::with_capacity(members.iter().filter(|(_, value)| !value.is_null()).count());
        there.extend(members.into_iter().filter(|(_, value)| !value.is_null()));
        Value::Struct(there)
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
    /// The members that are there, if this is a structure, with what the model says of each; what it doesn't know is left out. Those that were
    /// made in the model's order, as generated code makes them, are gone through once.
    pub fn present<'a>(&'a self, structure: &'a Structure) -> impl Iterator<Item = (&'a Member, &'a Value)> {
        let (members, mut next) = (if let Value::Struct(members) = self { members.as_slice() } else { &[] }, 0);
        members.iter().filter(|(_, value)| !value.is_null()).filter_map(move |(name, value)| {
            let (before, behind) = structure.members.split_at(next);
            let found = behind.iter().chain(before).position(|member| member.name == *name)?;
            let at = (next + found) % structure.members.len();
            next = at + 1;
            Some((&structure.members[at], value))
        })
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
    use crate::schema::Shape;

    #[test]
    fn members_are_found_in_whatever_order() {
        static SHAPE: Shape =
            Shape::record("S", &[Member::new("A", 0), Member::new("B", 0), Member::new("C", 0), Member::new("D", 0)]);
        let structure = SHAPE.structure().unwrap();
        let found = |names: &[&'static str]| {
            let value = Value::Struct(names.iter().map(|name| (*name, Value::Int(1))).collect());
            value.present(structure).map(|(member, _)| member.name).collect::<Vec<_>>()
        };
        for names in [&["A", "B", "C", "D"][..], &["D", "B", "A"], &["B", "D"], &["C"], &[]] {
            assert_eq!(found(names), names);
        }
        assert_eq!(found(&["A", "unknown", "D"]), ["A", "D"]);
        assert_eq!(Value::Struct(vec![("A", Value::Null)]).present(structure).count(), 0);
        assert_eq!(Value::Null.present(structure).count(), 0);
    }
}
