//! Inputs that came in no protocol: JSON whose members carry the model's names, wherever a protocol would have put them.
//!
//! Services ask each other for things in this form, and users of EventBridge Scheduler write it (user guide, "Using universal targets"),
//! where the first letter of a name is a capital one whatever the model has.

use super::json;
use crate::schema::{Kind, Member, Service, Structure};
use crate::{Fault, Value};
use serde_json::{Map, Value as Json};

/// The members of a structure, wherever they are in a message.
///
/// # Errors
/// A serialization fault if a value has the wrong type. Members that the model doesn't know are ignored, as in every protocol.
pub fn read_structure(service: &Service, structure: &Structure, json: Json) -> Result<Value, Fault> {
    let Json::Object(mut given) = json else {
        return Err(Fault::serialization("The input is not a JSON object."));
    };
    let mut members = Vec::new();
    for member in structure.members {
        match take(&mut given, member.name) {
            None | Some(Json::Null) => {}
            Some(json) => members.push((member.name, read(service, member, json)?)),
        }
    }
    Ok(Value::Struct(members))
}

fn take(given: &mut Map<String, Json>, name: &str) -> Option<Json> {
    given.remove(name).or_else(|| given.remove(&crate::validate::upper_first(name)))
}

fn read(service: &Service, member: &Member, json: Json) -> Result<Value, Fault> {
    match (&service.shape(member.shape).kind, json) {
        (Kind::Structure(structure), json @ Json::Object(_)) => read_structure(service, structure, json),
        (Kind::List(list), Json::Array(items)) => {
            items.into_iter().map(|item| read(service, &list.member, item)).collect::<Result<_, _>>().map(Value::List)
        }
        (Kind::Map(map), Json::Object(entries)) => {
            let entry = |(key, json)| Ok((key, read(service, &map.value, json)?));
            entries.into_iter().map(entry).collect::<Result<_, _>>().map(Value::Map)
        }
        (_, json) => json::read(service, member, json),
    }
}
