//! CBOR bodies, read and written by schema (smithy-rpc-v2-cbor, RFC 8949).

use super::limits::{self, MAX_DEPTH, MAX_VALUES};
use super::time;
use crate::schema::{Kind, Member, Service, Structure};
use crate::{Fault, Value};
use minicbor::data::{Tag, Type};
use minicbor::{Decoder, Encoder, decode};
use std::collections::BTreeMap;

/// The tag of a moment in seconds since 1970.
const EPOCH: Tag = Tag::new(1);

/// Reads a body as the members of a structure. An empty body is an empty structure; bytes behind the value are refused.
pub fn read_body(service: &Service, structure: &Structure, body: &[u8]) -> Result<Value, Fault> {
    if body.is_empty() {
        return Ok(Value::empty());
    }
    limits::check(body, &[])?;
    let mut reader = Reader { service, decoder: Decoder::new(body), depth: 0, values: 0 };
    let value = reader.structure(structure)?;
    match reader.decoder.position() == body.len() {
        true => Ok(value),
        false => Err(malformed()),
    }
}

fn malformed() -> Fault {
    Fault::serialization("The request body is not valid CBOR.")
}

impl From<decode::Error> for Fault {
    fn from(error: decode::Error) -> Self {
        Fault { internal: Some(error.to_string()), ..malformed() }
    }
}

struct Reader<'a> {
    service: &'a Service,
    decoder: Decoder<'a>,
    depth: usize,
    values: usize,
}

impl Reader<'_> {
    fn structure(&mut self, structure: &Structure) -> Result<Value, Fault> {
        let mut members: Vec<(&'static str, Value)> = Vec::new();
        self.entries(|reader, key| {
            let Some(member) = structure.members.iter().find(|member| member.wire_name() == key) else {
                return Ok(reader.decoder.skip()?);
            };
            let value = reader.value(member)?;
            members.retain(|(name, _)| *name != member.name);
            members.extend((!value.is_null()).then_some((member.name, value)));
            Ok(())
        })?;
        Ok(Value::Struct(members))
    }

    fn value(&mut self, member: &Member) -> Result<Value, Fault> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(limits::too_large());
        }
        let decoder = &mut self.decoder;
        if matches!(decoder.datatype()?, Type::Null | Type::Undefined) {
            decoder.skip()?;
            return Ok(Value::Null);
        }
        match &self.service.shape(member.shape).kind {
            Kind::Boolean => Ok(Value::Bool(decoder.bool()?)),
            Kind::Integer => Ok(Value::Int(decoder.i32()?.into())),
            Kind::Long => Ok(Value::Int(decoder.i64()?)),
            Kind::Float => Ok(Value::Float(float(decoder)?)),
            Kind::String => Ok(Value::Str(string(decoder)?)),
            Kind::Blob => Ok(Value::Blob(bytes(decoder)?.into())),
            Kind::Timestamp(_) => moment(decoder),
            Kind::Document => Err(Fault::serialization("Documents have no form in CBOR.")),
            Kind::List(list) => self.list(&list.member),
            Kind::Map(map) => {
                let mut found = BTreeMap::new();
                self.entries(|reader, key| {
                    found.insert(key, reader.value(&map.value)?);
                    Ok(())
                })?;
                Ok(Value::Map(found))
            }
            Kind::Structure(structure) => self.structure(structure),
        }
    }

    fn list(&mut self, member: &Member) -> Result<Value, Fault> {
        let length = self.decoder.array()?;
        self.nested(|reader| {
            let mut items = Vec::new();
            while reader.more(length, items.len() as u64)? {
                items.push(reader.value(member)?);
            }
            Ok(Value::List(items))
        })
    }

    fn entries(&mut self, mut entry: impl FnMut(&mut Self, String) -> Result<(), Fault>) -> Result<(), Fault> {
        let length = self.decoder.map()?;
        self.nested(|reader| {
            let mut read = 0;
            while reader.more(length, read)? {
                let key = string(&mut reader.decoder)?;
                entry(reader, key)?;
                read += 1;
            }
            Ok(())
        })
    }

    fn nested<T>(&mut self, inside: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.depth += 1;
        let result = if self.depth > MAX_DEPTH { Err(malformed()) } else { inside(self) };
        self.depth -= 1;
        result
    }

    /// Whether another element comes; takes the break at the end of an indefinite length.
    fn more(&mut self, length: Option<u64>, read: u64) -> Result<bool, Fault> {
        match length {
            Some(length) => Ok(read < length),
            None if self.decoder.datatype()? == Type::Break => {
                self.decoder.skip()?;
                Ok(false)
            }
            None => Ok(true),
        }
    }
}

fn float(decoder: &mut Decoder) -> Result<f64, decode::Error> {
    match decoder.datatype()? {
        Type::F16 | Type::F32 | Type::F64 => decoder.f64(),
        _ => decoder.i64().map(|it| it as f64),
    }
}

fn string(decoder: &mut Decoder) -> Result<String, decode::Error> {
    decoder.str_iter()?.collect::<Result<_, _>>()
}

fn bytes(decoder: &mut Decoder) -> Result<Vec<u8>, decode::Error> {
    let parts = decoder.bytes_iter()?.collect::<Result<Vec<_>, _>>()?;
    Ok(parts.concat())
}

fn moment(decoder: &mut Decoder) -> Result<Value, Fault> {
    if decoder.tag()? != EPOCH {
        return Err(malformed());
    }
    time::from_seconds(float(decoder)?).map(Value::Time).ok_or_else(malformed)
}

/// Writes the members of a structure, and some text members before them.
pub fn write_body(service: &Service, structure: Option<&Structure>, value: &Value, first: &[(&str, &str)]) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    let Ok(()) = write_structure(&mut encoder, service, structure, value, first) else {
        unreachable!("writing to memory can't fail")
    };
    encoder.into_writer()
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn write_structure(
    to: &mut Encoder<Vec<u8>>,
    service: &Service,
    structure: Option<&Structure>,
    value: &Value,
    first: &[(&str, &str)],
) -> Written {
    to.begin_map()?;
    for (name, text) in first {
        to.str(name)?.str(text)?;
    }
    for (member, value) in structure.into_iter().flat_map(|it| value.present(it)) {
        to.str(member.wire_name())?;
        write(to, service, member, value)?;
    }
    to.end()?.ok()
}

fn write(to: &mut Encoder<Vec<u8>>, service: &Service, member: &Member, value: &Value) -> Written {
    match (&service.shape(member.shape).kind, value) {
        (Kind::Structure(structure), _) => return write_structure(to, service, Some(structure), value, &[]),
        (Kind::List(list), Value::List(items)) => {
            to.array(items.len() as u64)?;
            items.iter().try_for_each(|item| write(to, service, &list.member, item))?;
        }
        (Kind::Map(map), Value::Map(entries)) => {
            to.map(entries.len() as u64)?;
            for (key, value) in entries {
                to.str(key)?;
                write(to, service, &map.value, value)?;
            }
        }
        (_, Value::Bool(it)) => drop(to.bool(*it)?),
        (_, Value::Int(it)) => drop(to.i64(*it)?),
        (_, Value::Float(it)) => drop(to.f64(*it)?),
        (_, Value::Str(it)) => drop(to.str(it)?),
        (_, Value::Blob(it)) => drop(to.bytes(it)?),
        (_, Value::Time(at)) => drop(to.tag(EPOCH)?.f64(time::seconds(*at))?),
        (_, Value::Null | Value::List(_) | Value::Map(_) | Value::Struct(_)) => drop(to.null()?),
    }
    Ok(())
}
