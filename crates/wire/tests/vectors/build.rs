//! A service's tables out of a suite, made at run time. What is made is leaked, as tables live for ever.

use crate::suite::{Case, Suite};
use serde_json::Value as Json;
use wire::schema::{
    ErrorTrait, Kind, Location, Member, Namespace, Operation, Protocol, Service, Shape, ShapeId, TimestampFormat, ValidationStyle,
};

/// The service of one case, with the case's operation as its only one.
pub fn service(suite: &Suite, case: &Case) -> &'static Service {
    let metadata = &suite.metadata;
    let names: Vec<&str> = suite.shapes.as_object().expect("shapes").keys().map(String::as_str).collect();
    let shapes: Vec<Shape> = names.iter().map(|name| shape(name, &suite.shapes[name], &names)).collect();
    leak(Service {
        id: "vectors",
        service_id: "Vectors",
        protocols: leak(vec![protocol(metadata)]),
        target_prefix: text(&metadata["targetPrefix"]).unwrap_or_default(),
        signing_name: "vectors",
        endpoint_prefix: "vectors",
        xml_namespace: text(&metadata["xmlNamespace"]).unwrap_or_default(),
        api_version: text(&metadata["apiVersion"]).unwrap_or_default(),
        query_compatible: !metadata["awsQueryCompatible"].is_null(),
        bare_errors: false,
        validation: ValidationStyle::Listed("ValidationException"),
        shapes: leak(shapes),
        operations: leak(vec![operation(&case.0["given"], &names)]),
        unbuilt: &[],
    })
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn text(json: &Json) -> Option<&'static str> {
    json.as_str().map(|text| leak(text.to_owned()).as_str())
}

fn on(json: &Json) -> bool {
    json.as_bool().unwrap_or(false)
}

fn id(names: &[&str], reference: &Json) -> ShapeId {
    let name = reference["shape"].as_str().expect("a reference names a shape");
    names.iter().position(|known| *known == name).expect("the shape is there") as ShapeId
}

fn protocol(metadata: &Json) -> Protocol {
    match (metadata["protocol"].as_str().expect("a protocol"), metadata["jsonVersion"].as_str()) {
        ("json", Some("1.0")) => Protocol::AwsJson10,
        ("json", _) => Protocol::AwsJson11,
        ("query", _) => Protocol::AwsQuery,
        ("ec2", _) => Protocol::Ec2Query,
        ("rest-json", _) => Protocol::RestJson,
        ("rest-xml", _) => Protocol::RestXml,
        ("smithy-rpc-v2-cbor", _) => Protocol::RpcV2Cbor,
        (other, _) => panic!("unknown protocol {other}"),
    }
}

fn operation(given: &Json, names: &[&str]) -> Operation {
    let place = |reference: &Json| (!reference.is_null()).then(|| id(names, reference));
    let http = &given["http"];
    let status = http["responseCode"].as_u64().unwrap_or(200) as u16;
    Operation::rpc(text(&given["name"]).expect("a name"), place(&given["input"]), place(&given["output"])).at(
        text(&http["method"]).expect("a method"),
        text(&http["requestUri"]).expect("a URI"),
        status,
    )
}

fn shape(name: &str, json: &Json, names: &[&str]) -> Shape {
    let name = leak(name.to_owned()).as_str();
    let part = |field: &str, new: fn(ShapeId) -> Member| member(new(id(names, &json[field])), &json[field]);
    let mut shape = match json["type"].as_str().expect("a type") {
        "structure" if on(&json["document"]) => Shape::new(name, Kind::Document),
        "structure" => structure(name, json, names),
        "list" => Shape::list(name, part("member", Member::element)),
        "map" => Shape::map(name, part("key", Member::key), part("value", Member::value)),
        "timestamp" => Shape::new(name, Kind::Timestamp(format(&json["timestampFormat"]))),
        "string" => Shape::new(name, Kind::String),
        "boolean" => Shape::new(name, Kind::Boolean),
        "integer" => Shape::new(name, Kind::Integer),
        "long" => Shape::new(name, Kind::Long),
        "float" | "double" => Shape::new(name, Kind::Float),
        "blob" => Shape::new(name, Kind::Blob),
        other => panic!("unknown type {other}"),
    };
    if on(&json["flattened"]) {
        shape = shape.flattened();
    }
    shape
}

fn structure(name: &'static str, json: &Json, names: &[&str]) -> Shape {
    let members = json["members"].as_object().expect("members");
    let members = members.iter().map(|(name, it)| member(Member::new(leak(name.clone()), id(names, it)), it)).collect::<Vec<_>>();
    let mut shape = Shape::record(name, leak(members));
    if let Some(payload) = text(&json["payload"]) {
        shape = shape.payload(payload);
    }
    if let Some(wire) = text(&json["locationName"]) {
        shape = shape.wire(wire);
    }
    if let Some(namespace) = namespace(&json["xmlNamespace"]) {
        shape = shape.namespace(namespace);
    }
    if on(&json["exception"]) {
        let error = &json["error"];
        let status = error["httpStatusCode"].as_u64().map(|status| status as u16);
        shape = shape.error(ErrorTrait { code: text(&error["code"]), status, sender: !on(&json["fault"]) });
    }
    shape
}

fn member(mut member: Member, json: &Json) -> Member {
    member.wire = text(&json["locationName"]);
    member.query_name = text(&json["queryName"]);
    member.flattened = on(&json["flattened"]);
    member.xml_attribute = on(&json["xmlAttribute"]);
    member.json_value = on(&json["jsonvalue"]);
    member.namespace = namespace(&json["xmlNamespace"]);
    member.timestamp = format(&json["timestampFormat"]);
    member.location = match json["location"].as_str() {
        None => Location::Body,
        Some("uri") => Location::Uri,
        Some("querystring") => Location::Query,
        Some("header") => Location::Header,
        Some("headers") => Location::Headers,
        Some("statusCode") => Location::Status,
        Some(other) => panic!("unknown location {other}"),
    };
    member
}

fn namespace(json: &Json) -> Option<Namespace> {
    let uri = text(json).or_else(|| text(&json["uri"]))?;
    Some(Namespace { prefix: text(&json["prefix"]).unwrap_or_default(), uri })
}

fn format(json: &Json) -> Option<TimestampFormat> {
    match json.as_str()? {
        "iso8601" => Some(TimestampFormat::Iso8601),
        "unixTimestamp" => Some(TimestampFormat::Unix),
        "rfc822" => Some(TimestampFormat::Http),
        other => panic!("unknown timestamp format {other}"),
    }
}
