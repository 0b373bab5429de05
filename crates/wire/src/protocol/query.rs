//! Forms, read by schema (awsQuery and ec2Query requests).

use super::limits::{self, MAX_DEPTH};
use super::{text, uri};
use crate::schema::{Kind, List, Map, Member, Protocol, Service, Structure, TimestampFormat};
use crate::{Fault, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A form as a tree: `Filter.1.Name=x` stands three steps below the root.
#[derive(Default, Debug)]
pub struct Form {
    value: Option<String>,
    children: BTreeMap<String, Form>,
}

impl Form {
    /// Reads a form. Of a parameter that is given twice the last counts.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        limits::check(text.as_bytes(), b"&.")?;
        let parameters = uri::parameters(text).ok_or_else(|| malformed("The form is not valid UTF-8."))?;
        let mut root = Form::default();
        for (name, value) in parameters {
            if name.split('.').count() > MAX_DEPTH {
                return Err(malformed("A parameter is nested too deeply."));
            }
            let steps = name.split('.');
            let leaf = steps.fold(&mut root, |form, step| form.children.entry(step.to_owned()).or_default());
            leaf.value = Some(value);
        }
        Ok(root)
    }

    /// The value of a parameter at the top.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.children.get(name)?.value.as_deref()
    }

    /// The elements below, in the order of their numbers.
    fn numbered(&self, path: &str) -> Result<Vec<(u32, &Form)>, Fault> {
        let number = |(step, form): (&String, _)| match step.parse() {
            Ok(number) if number > 0 => Ok((number, form)),
            _ => Err(malformed(format!("'{step}' is not a valid index of '{path}'."))),
        };
        let mut elements: Vec<(u32, &Form)> = self.children.iter().map(number).collect::<Result<_, _>>()?;
        elements.sort_by_key(|(number, _)| *number);
        Ok(elements)
    }
}

fn malformed(message: impl Into<String>) -> Fault {
    Fault::client("MalformedInput", message)
}

/// Parameters of the protocol itself, and of signatures in the query string.
const OWN: &[&str] = &[
    "Action",
    "Version",
    "AWSAccessKeyId",
    "Expires",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureVersion",
    "Timestamp",
];

/// Reads the members of a form, in one of the two query protocols.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// The service whose shapes are meant.
    pub service: &'a Service,
    /// awsQuery or ec2Query.
    pub protocol: Protocol,
}

impl Reader<'_> {
    /// The members of a structure; `path` is where the form stands, for messages.
    pub fn structure(&self, structure: &Structure, form: &Form, path: &str) -> Result<Value, Fault> {
        self.refuse_unknown(structure, form, path)?;
        let mut members = Vec::new();
        for member in structure.members {
            let name = self.name_of(member);
            if let Some(below) = form.children.get(&*name) {
                let path = if path.is_empty() { name.into_owned() } else { format!("{path}.{name}") };
                members.push((member.name, self.member(member, below, &path)?));
            }
        }
        Ok(Value::Struct(members))
    }

    fn member(&self, member: &Member, form: &Form, path: &str) -> Result<Value, Fault> {
        let kind = &self.service.shape(member.shape).kind;
        match kind {
            Kind::Structure(structure) => self.structure(structure, form, path),
            Kind::List(list) => self.list(member, list, form, path),
            Kind::Map(map) => self.map(member, map, form, path),
            _ => {
                let text = form.value.as_deref().ok_or_else(|| malformed(format!("'{path}' is not a structure or list.")))?;
                let format = text::format_of(member.timestamp, kind, TimestampFormat::Iso8601);
                text::read(kind, format, text).map_err(|expected| self.wrong_type(path, text, expected))
            }
        }
    }

    fn list(&self, member: &Member, list: &List, form: &Form, path: &str) -> Result<Value, Fault> {
        let flat = self.protocol == Protocol::Ec2Query || member.flattened || list.flattened;
        let element = list.member.wire.unwrap_or("member");
        let elements = if flat { Some(form) } else { form.children.get(element) };
        let elements = elements.map(|form| form.numbered(path)).transpose()?.unwrap_or_default();
        let read = |(number, form)| self.member(&list.member, form, &format!("{path}.{number}"));
        elements.into_iter().map(read).collect::<Result<_, _>>().map(Value::List)
    }

    fn map(&self, member: &Member, map: &Map, form: &Form, path: &str) -> Result<Value, Fault> {
        let entries = if member.flattened || map.flattened { Some(form) } else { form.children.get("entry") };
        let mut found = BTreeMap::new();
        for (number, entry) in entries.map(|form| form.numbered(path)).transpose()?.unwrap_or_default() {
            let key = entry.text(map.key.wire_name());
            let key = key.ok_or_else(|| malformed(format!("'{path}.{number}' has no key.")))?;
            let below = entry.children.get(map.value.wire_name());
            let value = below.map(|form| self.member(&map.value, form, &format!("{path}.{number}"))).transpose()?;
            found.insert(key.to_owned(), value.unwrap_or_default());
        }
        Ok(Value::Map(found))
    }

    /// EC2 refuses what it doesn't know; awsQuery ignores it.
    fn refuse_unknown(&self, structure: &Structure, form: &Form, path: &str) -> Result<(), Fault> {
        let known = |name: &str| structure.members.iter().any(|member| self.name_of(member) == name);
        let own = |name: &str| path.is_empty() && (OWN.contains(&name) || name.starts_with("X-Amz-"));
        match form.children.keys().find(|name| self.protocol == Protocol::Ec2Query && !known(name) && !own(name)) {
            Some(name) => {
                let dot = if path.is_empty() { "" } else { "." };
                let name: String = format!("{path}{dot}{name}").chars().take(128).collect();
                Err(Fault::client("UnknownParameter", format!("The parameter {name} is not recognized")))
            }
            None => Ok(()),
        }
    }

    /// The name of a member's parameters. In ec2Query: the `queryName`, else the `locationName` or the member's own name with a capital.
    /// In awsQuery a list shape that is itself flattened goes by the name of its elements, where they have one (older models), and a
    /// flattened map by its `queryName`.
    fn name_of(&self, member: &Member) -> Cow<'static, str> {
        let wire = member.wire_name();
        match (self.protocol, &self.service.shape(member.shape).kind) {
            (Protocol::Ec2Query, _) => match member.query_name {
                Some(name) => name.into(),
                None if wire.starts_with(char::is_uppercase) => wire.into(),
                None => crate::validate::upper_first(wire).into(),
            },
            (_, Kind::List(list)) if list.flattened => list.member.wire.unwrap_or(wire).into(),
            (_, Kind::Map(map)) if map.flattened => member.query_name.unwrap_or(wire).into(),
            _ => wire.into(),
        }
    }

    fn wrong_type(&self, path: &str, text: &str, expected: &str) -> Fault {
        let text: String = text.chars().take(128).collect();
        match self.protocol {
            Protocol::Ec2Query => Fault::client(
                "InvalidParameterValue",
                format!("Value ({text}) for parameter {path} is invalid. The value must be of type {expected}."),
            ),
            _ => malformed(format!("The value '{text}' at '{path}' is not a valid {expected}.")),
        }
    }
}
