//! Forms, read by schema (awsQuery and ec2Query requests).

use super::uri;
use super::{MAX_DEPTH, text};
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
        let mut members = Vec::new();
        for member in structure.members {
            let (name, list) = (self.name_of(member), self.flat_list(member));
            if let Some(below) = form.children.get(list.unwrap_or(&name)) {
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

    /// ec2Query: the `queryName`, else the `locationName` or the member's own name with a capital.
    fn name_of(&self, member: &Member) -> Cow<'static, str> {
        match (self.protocol, member.query_name) {
            (Protocol::Ec2Query, Some(name)) => name.into(),
            (Protocol::Ec2Query, None) if !member.wire_name().starts_with(char::is_uppercase) => {
                crate::validate::upper_first(member.wire_name()).into()
            }
            _ => member.wire_name().into(),
        }
    }

    /// A list shape that is itself flattened goes by the name of its elements, where they have one (models of older services).
    fn flat_list(&self, member: &Member) -> Option<&'static str> {
        match &self.service.shape(member.shape).kind {
            Kind::List(list) if list.flattened && self.protocol == Protocol::AwsQuery => list.member.wire,
            _ => None,
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
