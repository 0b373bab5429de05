//! One vector: a request is read and compared with its `params`, a `result` or `error` is written and compared with its response.

use crate::suite::{Case, Suite};
use crate::{build, params};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;
use wire::schema::{Protocol, Service};
use wire::{Dialect, Fault, Request, Response, Value};

/// The request is matched and read as the `params`.
pub fn input(suite: &Suite, case: &Case) -> Result<(), String> {
    let service = build::service(suite, case);
    let mut request = request(service, &case.0["serialized"]);
    name_target(service, &mut request);
    let dialect = Dialect::of(service, &request);
    let operation = dialect.match_operation(&request).map_err(|fault| fault.to_string())?;
    let decoded = dialect.decode(operation, &request).map_err(|fault| fault.to_string())?;
    let expected = match operation.input {
        Some(shape) => params::value(service, shape, &case.0["params"]),
        None => Value::empty(),
    };
    if params::same(&decoded, &expected) { Ok(()) } else { Err(format!("read {decoded:?}, expected {expected:?}")) }
}

fn request(service: &Service, json: &Json) -> Request {
    let uri = json["uri"].as_str().expect("a URI");
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let body = json["body"].as_str().unwrap_or_default();
    let body = match service.protocols[0] {
        Protocol::RpcV2Cbor => STANDARD.decode(body).expect("base64"),
        _ => body.as_bytes().to_vec(),
    };
    Request {
        method: json["method"].as_str().expect("a method").parse().expect("a method"),
        path: path.into(),
        query: query.into(),
        headers: headers(&json["headers"]),
        body: body.into(),
    }
}

/// Some vectors of the JSON protocols don't say the header by which operations are found.
fn name_target(service: &Service, request: &mut Request) {
    if matches!(service.protocols[0], Protocol::AwsJson10 | Protocol::AwsJson11) {
        let target = format!("{}.{}", service.target_prefix, service.operations[0].name);
        request.headers.entry("x-amz-target").or_insert(target.parse().expect("a value"));
    }
}

fn headers(json: &Json) -> HeaderMap {
    let pairs = json.as_object().into_iter().flatten();
    let header = |(name, value): (&String, &Json)| {
        let text = value.as_str().expect("text").to_owned();
        (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(&text).expect("a value"))
    };
    pairs.map(header).collect()
}

/// The `result` or `error` is written as the response.
pub fn output(suite: &Suite, case: &Case) -> Result<(), String> {
    let service = build::service(suite, case);
    let dialect = Dialect { service, protocol: service.protocols[0], query_mode: true };
    let operation = &service.operations[0];
    let expected = &case.0["response"];
    let id = expected["headers"]["X-Amzn-Requestid"].as_str().unwrap_or("foo-id");
    let response = match case.0.get("error") {
        Some(members) => dialect.encode_fault(id, &fault(service, case, members)),
        None => {
            let result = operation.output.map(|shape| params::value(service, shape, &case.0["result"]));
            dialect.encode(operation, id, &result.unwrap_or_default())
        }
    };
    let status = expected["status_code"].as_u64().expect("a status");
    if u64::from(response.status) != status {
        return Err(format!("status {}, expected {status}", response.status));
    }
    compare_headers(&response, expected)?;
    let keys = map_keys(suite);
    expected["body"].as_str().map_or(Ok(()), |body| compare_body(dialect.protocol, &keys, &response, body))
}

/// The elements that hold the keys of maps: the order of a map's entries means nothing.
fn map_keys(suite: &Suite) -> Vec<String> {
    let maps = suite.shapes.as_object().into_iter().flatten().filter(|(_, shape)| shape["type"] == "map");
    maps.map(|(_, map)| map["key"]["locationName"].as_str().unwrap_or("key").to_owned()).collect()
}

fn fault(service: &'static Service, case: &Case, members: &Json) -> Fault {
    let name = case.0["given"]["errors"][0]["shape"].as_str().expect("an error's shape");
    let place = service.shapes.iter().position(|shape| shape.name == name).expect("the error's shape");
    let status = case.0["response"]["status_code"].as_u64().expect("a status") as u16;
    let message = case.0["errorMessage"].as_str().or(members["message"].as_str()).unwrap_or_default();
    let mut fault = Fault::client(name.to_owned(), message).status(status);
    if let Value::Struct(members) = params::value(service, place as u16, members) {
        fault.members = members;
    }
    fault
}

fn compare_headers(response: &Response, expected: &Json) -> Result<(), String> {
    for (name, value) in headers(&expected["headers"]) {
        let name = name.expect("every name once");
        let given = response.headers.get(&name).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let value = value.to_str().expect("text");
        let same = match name.as_str() {
            // The namespace of an error's type is for the client to strip.
            "x-amzn-errortype" => code(given) == code(value),
            "content-type" => response.body.is_empty() || given.split(';').next() == value.split(';').next(),
            "content-length" => true,
            _ => given == value || given.replace(", ", ",") == value.replace(", ", ","),
        };
        if !same {
            return Err(format!("{name}: {given:?}, expected {value:?}"));
        }
    }
    Ok(())
}

/// An error's code without what a client strips: a namespace, and a URI behind a colon.
fn code(text: &str) -> &str {
    let text = text.split(':').next().unwrap_or_default();
    text.rsplit('#').next().unwrap_or_default()
}

fn compare_body(protocol: Protocol, map_keys: &[String], response: &Response, expected: &str) -> Result<(), String> {
    let given = String::from_utf8_lossy(&response.body);
    let verdict = |same: bool| if same { Ok(()) } else { Err(format!("wrote {given}, expected {expected}")) };
    if expected.is_empty() {
        return verdict(response.body.is_empty() || matches!(&*given, "{}"));
    }
    match protocol {
        Protocol::RpcV2Cbor => {
            let expected = STANDARD.decode(expected).map_err(|error| error.to_string())?;
            let (a, b) = (cbor::tree(&response.body), cbor::tree(&expected));
            if a == b { Ok(()) } else { Err(format!("wrote {a:?}, expected {b:?}")) }
        }
        _ if protocol.is_json() => match (serde_json::from_str(&given), serde_json::from_str(expected)) {
            (Ok(given), Ok(expected)) => verdict(json_same(&given, &expected)),
            _ => verdict(given == expected),
        },
        _ => match (xml::tree(&given, map_keys), xml::tree(expected, map_keys)) {
            (Some(given), Some(expected)) => verdict(given == expected),
            _ => verdict(given == expected),
        },
    }
}

fn json_same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| json_same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            let same = |(key, a): (&String, &Json)| match (key.as_str(), a, b.get(key)) {
                ("__type", Json::String(a), Some(Json::String(b))) => code(a) == code(b),
                (_, a, Some(b)) => json_same(a, b),
                (_, _, None) => false,
            };
            a.len() == b.len() && a.iter().all(same)
        }
        _ => a == b,
    }
}

/// XML as a tree that compares by meaning.
mod xml {
    use quick_xml::events::Event;

    /// Name, attributes, text and children: children in the order of their names, a map's entries in that of their keys. White space
    /// between elements, and what says nothing of the output (namespaces, request ids), is left out.
    #[derive(PartialEq, Debug, Default)]
    pub struct Node(String, Vec<(String, String)>, String, Vec<Node>);

    pub fn tree(text: &str, map_keys: &[String]) -> Option<Node> {
        let mut reader = quick_xml::Reader::from_str(text);
        let mut open = vec![Node::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(tag) => open.push(start(&tag)),
                Event::Empty(tag) => open.last_mut()?.3.push(start(&tag)),
                Event::End(_) => {
                    let done = normal(open.pop()?, map_keys);
                    open.last_mut()?.3.push(done);
                }
                Event::Text(it) => open.last_mut()?.2.push_str(&it.xml10_content()),
                Event::GeneralRef(it) => {
                    let named = quick_xml::escape::resolve_predefined_entity(&it.xml10_content()).map(str::to_owned);
                    let letter = it.resolve_char_ref().ok()?.map(String::from);
                    open.last_mut()?.2.push_str(&letter.or(named)?);
                }
                Event::Eof => return open.pop()?.3.pop(),
                _ => {}
            }
        }
    }

    fn start(tag: &quick_xml::events::BytesStart) -> Node {
        let attributes = tag.attributes().flatten().map(|it| (it.key.as_ref().to_owned(), it.value.into_owned()));
        let attributes = attributes.filter(|(name, _)| !name.starts_with("xmlns")).collect();
        Node(tag.local_name().as_ref().to_owned(), attributes, String::new(), Vec::new())
    }

    fn normal(mut node: Node, map_keys: &[String]) -> Node {
        if !node.3.is_empty() || (node.2.trim().is_empty() && node.2.contains('\n')) {
            node.2.clear();
        }
        node.3.retain(|child| !["ResponseMetadata", "RequestId", "RequestID", "requestId"].contains(&child.0.as_str()));
        node.3.sort_by_key(|child| (child.0.clone(), map_key(child, map_keys)));
        node
    }

    fn map_key(entry: &Node, map_keys: &[String]) -> Option<String> {
        entry.3.iter().find(|child| map_keys.contains(&child.0)).map(|key| key.2.clone())
    }
}

/// CBOR as a tree that compares by meaning.
mod cbor {
    use minicbor::Decoder;
    use minicbor::data::Type;
    use std::collections::BTreeMap;

    #[derive(PartialEq, Debug)]
    pub enum Node {
        Null,
        Bool(bool),
        Number(u64),
        Text(String),
        Bytes(Vec<u8>),
        Tag(u64, Box<Node>),
        List(Vec<Node>),
        Map(BTreeMap<String, Node>),
    }

    pub fn tree(bytes: &[u8]) -> Option<Node> {
        item(&mut Decoder::new(bytes)).ok()
    }

    fn item(from: &mut Decoder) -> Result<Node, minicbor::decode::Error> {
        Ok(match from.datatype()? {
            Type::Null | Type::Undefined => {
                from.skip()?;
                Node::Null
            }
            Type::Bool => Node::Bool(from.bool()?),
            Type::F16 | Type::F32 | Type::F64 => number(from.f64()?),
            Type::String | Type::StringIndef => Node::Text(from.str_iter()?.collect::<Result<_, _>>()?),
            Type::Bytes | Type::BytesIndef => Node::Bytes(from.bytes_iter()?.collect::<Result<Vec<_>, _>>()?.concat()),
            Type::Tag => Node::Tag(from.tag()?.as_u64(), Box::new(item(from)?)),
            Type::Array | Type::ArrayIndef => {
                let length = from.array()?;
                let mut items = Vec::new();
                while more(from, length, items.len())? {
                    items.push(item(from)?);
                }
                Node::List(items)
            }
            Type::Map | Type::MapIndef => {
                let (length, mut read, mut entries) = (from.map()?, 0, BTreeMap::new());
                while more(from, length, read)? {
                    let key: String = from.str_iter()?.collect::<Result<_, _>>()?;
                    let value = item(from)?;
                    let value = match value {
                        // The namespace of an error's type is for the client to strip.
                        Node::Text(text) if key == "__type" => Node::Text(super::code(&text).to_owned()),
                        other => other,
                    };
                    entries.insert(key, value);
                    read += 1;
                }
                Node::Map(entries)
            }
            _ => number(from.i64()? as f64),
        })
    }

    /// Whole and other numbers compare by value, and NaN equals itself.
    fn number(it: f64) -> Node {
        Node::Number(if it.is_nan() { f64::NAN.to_bits() } else { it.to_bits() })
    }

    fn more(from: &mut Decoder, length: Option<u64>, read: usize) -> Result<bool, minicbor::decode::Error> {
        match length {
            Some(length) => Ok((read as u64) < length),
            None if from.datatype()? == Type::Break => from.skip().map(|()| false),
            None => Ok(true),
        }
    }
}
