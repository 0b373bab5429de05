//! Values out of XML elements, by schema.

use super::super::text;
use super::Element;
use crate::schema::{Kind, Location, Member, Service, Structure, TimestampFormat};
use crate::{Fault, Value};
use std::collections::{BTreeMap, HashMap};

/// The members of a structure that are in the body.
pub fn read_structure(service: &Service, structure: &Structure, element: &Element) -> Result<Value, Fault> {
    let mut by_name: HashMap<&str, Vec<&Element>> = HashMap::new();
    element.children.iter().for_each(|child| by_name.entry(&child.name).or_default().push(child));
    let mut members = Vec::new();
    for member in structure.members.iter().filter(|member| member.location == Location::Body) {
        let name = child_name(service, member);
        if member.xml_attribute {
            let attribute = element.attributes.iter().find(|(key, _)| key == name);
            members.extend(attribute.map(|(_, value)| (member.name, Value::Str(value.clone()))));
        } else if let Some(elements) = by_name.get(name) {
            members.push((member.name, read_elements(service, member, elements)?));
        }
    }
    Ok(Value::Struct(members))
}

/// The name that a member's elements have. A list shape that is itself flattened goes by the name of its elements, where they
/// have one; a member that flattens its list goes by its own. A flattened map may have a name of its own in the query protocol.
pub fn child_name(service: &Service, member: &Member) -> &'static str {
    match &service.shape(member.shape).kind {
        Kind::List(list) if list.flattened && !member.flattened => list.member.wire.unwrap_or(member.wire_name()),
        Kind::Map(map) if map.flattened => member.query_name.unwrap_or(member.wire_name()),
        _ => member.wire_name(),
    }
}

/// A member that one element holds.
pub fn read_member(service: &Service, member: &Member, element: &Element) -> Result<Value, Fault> {
    read_elements(service, member, &[element])
}

/// A member out of all elements of its name: more than one where a list or a map is flattened.
fn read_elements(service: &Service, member: &Member, elements: &[&Element]) -> Result<Value, Fault> {
    let Some(first) = elements.first() else { return Ok(Value::Null) };
    let kind = &service.shape(member.shape).kind;
    match kind {
        Kind::Structure(structure) => read_structure(service, structure, first),
        Kind::List(list) if member.flattened || list.flattened => read_list(service, &list.member, elements.iter().copied()),
        Kind::List(list) => read_list(service, &list.member, first.children.iter()),
        Kind::Map(map) if member.flattened || map.flattened => read_map(service, map, elements.iter().copied()),
        Kind::Map(map) => read_map(service, map, first.children.iter()),
        _ => {
            let format = text::format_of(member.timestamp, kind, TimestampFormat::Iso8601);
            text::read(kind, format, &first.text).map_err(|expected| wrong_type(member, expected))
        }
    }
}

fn read_list<'e>(service: &Service, member: &Member, items: impl Iterator<Item = &'e Element>) -> Result<Value, Fault> {
    items.map(|item| read_member(service, member, item)).collect::<Result<_, _>>().map(Value::List)
}

fn read_map<'e>(service: &Service, map: &crate::schema::Map, entries: impl Iterator<Item = &'e Element>) -> Result<Value, Fault> {
    let mut found = BTreeMap::new();
    for entry in entries {
        let key = entry.child(map.key.wire_name()).ok_or_else(|| wrong_type(&map.key, "key"))?;
        let value = entry.child(map.value.wire_name());
        let value = value.map(|value| read_member(service, &map.value, value)).transpose()?;
        found.insert(key.text.clone(), value.unwrap_or_default());
    }
    Ok(Value::Map(found))
}

fn wrong_type(member: &Member, expected: &str) -> Fault {
    Fault::serialization(format!("The value of {} is not a valid {expected}.", member.wire_name()))
}
