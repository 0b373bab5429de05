//! A service's tables: its row, its operations, its shapes.

use super::reach::Reach;
use crate::botocore::{Metadata, Model, Namespace, Operation, Reference, Shape};
use crate::ops::Listed;
use anyhow::{Context, Result, bail};
use std::fmt::Write;

/// The service's row, with the names of its operations.
pub fn service(id: &str, model: &Model, listed: &Listed, reach: &Reach) -> Result<String> {
    let metadata = &model.metadata;
    let built = !reach.operations.is_empty();
    let protocols = protocols(metadata)?;
    let mut out = format!(
        "//! {}: {} of its {} operations are built.\n\n",
        metadata.service_id,
        reach.operations.len(),
        model.operations.len()
    );
    if built {
        out += "use super::shapes::SHAPES;\nuse wire::schema::Operation;\n";
    }
    out += "use wire::schema::{Protocol, Service, Unbuilt, ValidationStyle};\n\n";
    write!(
        out,
        "/// The service.\npub static SERVICE: Service = Service {{ id: {id:?}, service_id: {:?}, protocols: &[{}], target_prefix: {:?}, \
         signing_name: {:?}, endpoint_prefix: {:?}, xml_namespace: {:?}, api_version: {:?}, query_compatible: {}, bare_errors: {}, validation: {}, \
         shapes: {}, operations: {}, unbuilt: UNBUILT }};\n\n",
        metadata.service_id,
        protocols.iter().map(|protocol| format!("Protocol::{protocol},")).collect::<String>(),
        metadata.target_prefix.as_deref().unwrap_or_default(),
        metadata.signing_name.as_ref().unwrap_or(&metadata.endpoint_prefix),
        metadata.endpoint_prefix,
        metadata.xml_namespace.as_deref().unwrap_or_default(),
        metadata.api_version,
        metadata.aws_query_compatible.is_some(),
        listed.bare_errors,
        validation(protocols[0], listed),
        if built { "SHAPES" } else { "&[]" },
        if built { "OPERATIONS" } else { "&[]" },
    )?;
    if built {
        out += &operations(reach)?;
    }
    out += &unbuilt(model, reach, protocols[0]);
    Ok(out)
}

fn protocols(metadata: &Metadata) -> Result<Vec<&'static str>> {
    let mut names: Vec<&str> = metadata.protocols.iter().map(String::as_str).collect();
    names.retain(|name| *name != metadata.protocol);
    names.insert(0, &metadata.protocol);
    names.into_iter().map(|name| protocol(name, metadata)).collect()
}

fn protocol(name: &str, metadata: &Metadata) -> Result<&'static str> {
    Ok(match (name, metadata.json_version.as_deref()) {
        ("json", Some("1.0")) => "AwsJson10",
        ("json", _) => "AwsJson11",
        ("query", _) => "AwsQuery",
        ("ec2", _) => "Ec2Query",
        ("rest-json", _) => "RestJson",
        ("rest-xml", _) => "RestXml",
        ("smithy-rpc-v2-cbor", _) => "RpcV2Cbor",
        _ => bail!("unknown protocol {name}"),
    })
}

fn validation(protocol: &str, listed: &Listed) -> String {
    match (&listed.validation, protocol) {
        (Some(code), _) if listed.single_violation => format!("ValidationStyle::Single({code:?})"),
        (Some(code), _) => format!("ValidationStyle::Listed({code:?})"),
        (None, "Ec2Query") => "ValidationStyle::Ec2".into(),
        (None, "AwsQuery") => "ValidationStyle::Listed(\"ValidationError\")".into(),
        (None, _) => "ValidationStyle::Listed(\"ValidationException\")".into(),
    }
}

fn operations(reach: &Reach) -> Result<String> {
    let rows: Vec<String> = reach.operations.iter().map(|(name, it)| operation_row(name, it, reach)).collect::<Result<_>>()?;
    Ok(format!("static OPERATIONS: &[Operation] = &[{}];\n\n", rows.concat()))
}

fn operation_row(name: &str, operation: &Operation, reach: &Reach) -> Result<String> {
    let place = |it: &Option<Reference>| -> Result<String> {
        it.as_ref().map_or(Ok("None".into()), |it| Ok(format!("Some({})", reach.index(&it.shape)?)))
    };
    let mut row = format!("Operation::rpc({name:?}, {}, {})", place(&operation.input)?, place(&operation.output)?);
    let http = &operation.http;
    if (http.method.as_str(), http.request_uri.as_str(), http.response_code.unwrap_or(200)) != ("POST", "/", 200) {
        write!(row, ".at({:?}, {:?}, {})", http.method, http.request_uri, http.response_code.unwrap_or(200))?;
    }
    if let Some(wrapper) = operation.output.as_ref().and_then(|output| output.result_wrapper.as_ref())
        && *wrapper != format!("{name}Result")
    {
        write!(row, ".wrapped({wrapper:?})")?;
    }
    if operation.authtype.as_deref() == Some("none") {
        row += ".unsigned()";
    }
    Ok(row + ",")
}

fn unbuilt(model: &Model, reach: &Reach, protocol: &str) -> String {
    let rest = protocol.starts_with("Rest");
    let row = |(name, operation): (&String, &Operation)| match rest {
        true => format!("Unbuilt({name:?}, {:?}, {:?}),", operation.http.method, operation.http.request_uri),
        false => format!("Unbuilt({name:?}, \"\", \"\"),"),
    };
    let others = model.operations.iter().filter(|(name, _)| !reach.operations.contains_key(name.as_str()));
    format!("static UNBUILT: &[Unbuilt] = &[{}];\n", others.map(row).collect::<String>())
}

/// The module of the service's shapes.
pub fn shapes(model: &Model, reach: &Reach) -> Result<String> {
    let mut rows = String::new();
    for (at, (name, shape)) in reach.shapes.iter().enumerate() {
        writeln!(rows, "/* {at} */ {},", shape_row(name, shape, model, reach).with_context(|| name.to_string())?)?;
    }
    Ok(format!(
        "//! The shapes that the built operations reach; a number in a member is a place in this table.\n\n\
         #[allow(unused_imports)]\nuse wire::schema::{{ErrorTrait, Kind, Location, Member, Namespace, Shape, TimestampFormat}};\n\n\
         pub static SHAPES: &[Shape] = &[{rows}];\n"
    ))
}

fn shape_row(name: &str, shape: &Shape, model: &Model, reach: &Reach) -> Result<String> {
    let of = |reference: &Option<Reference>, new: &str| -> Result<String> {
        member_chain(reference.as_ref().context("a shape without its element")?, &format!("Member::{new}"), reach)
    };
    let mut row = match shape.r#type.as_str() {
        "structure" if shape.document => format!("Shape::new({name:?}, Kind::Document)"),
        "structure" => structure_row(name, shape, model, reach)?,
        "list" => format!("Shape::list({name:?}, {})", of(&shape.member, "element")?),
        "map" => format!("Shape::map({name:?}, {}, {})", of(&shape.key, "key")?, of(&shape.value, "value")?),
        "string" | "character" if !shape.r#enum.is_empty() => format!("Shape::choice({name:?}, &{:?})", shape.r#enum),
        "timestamp" => format!("Shape::new({name:?}, Kind::Timestamp({}))", timestamp(&shape.timestamp_format)?),
        other => format!("Shape::new({name:?}, Kind::{})", scalar(other)?),
    };
    for (setter, bound) in [("min", &shape.min), ("max", &shape.max)] {
        if let Some(bound) = bound.as_ref().and_then(serde_json::Number::as_f64) {
            write!(row, ".{setter}({bound:?})")?;
        }
    }
    if let Some(pattern) = &shape.pattern {
        write!(row, ".pattern({pattern:?})")?;
    }
    for (setter, on) in [("sensitive", shape.sensitive), ("sparse", shape.sparse), ("flattened", shape.flattened)] {
        if on {
            write!(row, ".{setter}()")?;
        }
    }
    Ok(row)
}

fn structure_row(name: &str, shape: &Shape, model: &Model, reach: &Reach) -> Result<String> {
    let mut members = String::new();
    for (member_name, member) in &shape.members.0 {
        let mut row = member_chain(member, &format!("Member::new({member_name:?}, "), reach)?;
        if shape.required.contains(member_name) {
            row += ".required()";
        }
        if model.shapes[&member.shape].eventstream {
            row += ".events()";
        }
        members += &(row + ",");
    }
    let mut row = format!("Shape::record({name:?}, &[{members}])");
    if let Some(payload) = &shape.payload {
        write!(row, ".payload({payload:?})")?;
    }
    if let Some(wire) = &shape.location_name {
        write!(row, ".wire({wire:?})")?;
    }
    if let Some(spec) = &shape.xml_namespace {
        write!(row, ".namespace({})", namespace(spec))?;
    }
    if shape.union {
        row += ".union()";
    }
    if shape.exception {
        write!(row, ".error({})", error(shape))?;
    }
    Ok(row)
}

fn error(shape: &Shape) -> String {
    let wire = shape.error.as_ref();
    let code = wire.and_then(|error| error.code.as_ref());
    let status = wire.and_then(|error| error.http_status_code);
    let sender = !shape.fault && wire.and_then(|error| error.sender_fault).unwrap_or(status.is_none_or(|status| status < 500));
    format!("ErrorTrait {{ code: {code:?}, status: {status:?}, sender: {sender} }}")
}

/// A member's constructor and setters; `new` is the constructor as far as the shape's number, its bracket open or not yet.
fn member_chain(member: &Reference, new: &str, reach: &Reach) -> Result<String> {
    let bracket = if new.contains('(') { "" } else { "(" };
    let mut row = format!("{new}{bracket}{})", reach.index(&member.shape)?);
    if let Some(wire) = &member.location_name {
        write!(row, ".wire({wire:?})")?;
    }
    if let Some(query) = &member.query_name {
        write!(row, ".query({query:?})")?;
    }
    if let Some(place) = &member.location {
        write!(row, ".at(Location::{})", location(place)?)?;
    }
    if let Some(spec) = &member.xml_namespace {
        write!(row, ".namespace({})", namespace(spec))?;
    }
    if member.timestamp_format.is_some() {
        let format = timestamp(&member.timestamp_format)?;
        write!(row, ".format({})", format.trim_start_matches("Some(").trim_end_matches(')'))?;
    }
    let shape = reach.shapes[member.shape.as_str()];
    let flags = [
        ("flattened", member.flattened),
        ("attribute", member.xml_attribute),
        ("json", member.jsonvalue),
        ("streaming", member.streaming || shape.streaming),
        ("token", member.idempotency_token),
    ];
    flags.iter().filter(|(_, on)| *on).try_for_each(|(setter, _)| write!(row, ".{setter}()"))?;
    Ok(row)
}

fn location(name: &str) -> Result<&'static str> {
    Ok(match name {
        "uri" => "Uri",
        "querystring" => "Query",
        "header" => "Header",
        "headers" => "Headers",
        "statusCode" => "Status",
        _ => bail!("unknown location {name}"),
    })
}

fn namespace(spec: &Namespace) -> String {
    let (prefix, uri) = match spec {
        Namespace::Default(uri) => ("", uri),
        Namespace::Prefixed { uri, prefix } => (prefix.as_deref().unwrap_or_default(), uri),
    };
    format!("Namespace {{ prefix: {prefix:?}, uri: {uri:?} }}")
}

fn timestamp(format: &Option<String>) -> Result<&'static str> {
    Ok(match format.as_deref() {
        None => "None",
        Some("iso8601") => "Some(TimestampFormat::Iso8601)",
        Some("unixTimestamp") => "Some(TimestampFormat::Unix)",
        Some("rfc822") => "Some(TimestampFormat::Http)",
        Some(other) => bail!("unknown timestamp format {other}"),
    })
}

fn scalar(name: &str) -> Result<&'static str> {
    Ok(match name {
        "boolean" => "Boolean",
        "integer" => "Integer",
        "long" => "Long",
        "float" | "double" => "Float",
        "string" | "character" => "String",
        "blob" => "Blob",
        _ => bail!("unknown type {name}"),
    })
}
