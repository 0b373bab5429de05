//! A service's types: a plain structure for each structure shape, an enumeration for each string shape with fixed values, and
//! their conversions in the directions that are needed.

use super::names;
use super::reach::Reach;
use crate::botocore::{Model, Reference, Shape};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The service's own module: its rooms, and a marker type for each operation.
pub fn module(model: &Model, reach: &Reach) -> Result<String> {
    let mut markers = String::new();
    for (row, (name, operation)) in reach.operations.iter().enumerate() {
        let type_of = |it: &Option<Reference>| it.as_ref().map_or("()".into(), |it| reach.type_name(&it.shape));
        writeln!(markers, "    {row} {name}({}) -> {};", type_of(&operation.input), type_of(&operation.output))?;
    }
    Ok(format!(
        "//! {}: the operations that are built, and what they take and answer.\n\n\
         mod service;\nmod shapes;\nmod types;\n\npub use service::SERVICE;\npub use types::*;\n\n\
         wire::operations! {{\n{markers}}}\n",
        model.metadata.service_id
    ))
}

/// The module of the service's types.
pub fn all(model: &Model, reach: &Reach) -> Result<String> {
    let mut out = String::from(
        "//! What the built operations take and answer.\n#![allow(missing_docs)]\n\n\
         #[allow(unused_imports)]\nuse std::collections::BTreeMap;\n#[allow(unused_imports)]\n\
         use wire::{Bytes, Fault, FromValue, IntoValue, Members, Time, Value};\n\n",
    );
    for (name, shape) in &reach.shapes {
        let used = reach.inputs.contains(name) || reach.outputs.contains(name);
        if used && shape.is_structure() {
            out += &structure(name, shape, model, reach).with_context(|| name.to_string())?;
        } else if used && !shape.r#enum.is_empty() {
            out += &enumeration(&reach.type_name(name), shape)?;
        }
    }
    Ok(out)
}

impl Shape {
    fn is_structure(&self) -> bool {
        self.r#type == "structure" && !self.document
    }
}

fn enumeration(name: &str, shape: &Shape) -> Result<String> {
    let mut taken = BTreeSet::new();
    let mut out = format!("wire::string_enum! {{\n    {name} {{\n");
    for value in &shape.r#enum {
        let mut variant = names::variant(value);
        while !taken.insert(variant.clone()) {
            variant.push('_');
        }
        writeln!(out, "        {variant} = {value:?},")?;
    }
    Ok(out + "    }\n}\n\n")
}

fn structure(name: &str, shape: &Shape, model: &Model, reach: &Reach) -> Result<String> {
    let type_name = reach.type_name(name);
    let mut fields = String::new();
    let mut taken = String::new();
    let mut given = String::new();
    // What is an event stream is the operation's body, which it takes or answers by itself.
    for (member_name, member) in shape.members.0.iter().filter(|(_, member)| !model.shapes[&member.shape].eventstream) {
        let field = names::field(member_name);
        writeln!(fields, "pub {field}: {},", field_type(name, shape, member_name, member, reach))?;
        writeln!(taken, "{field}: members.take({member_name:?})?,")?;
        writeln!(given, "({member_name:?}, self.{field}.into_value()),")?;
    }
    let default = if has_default(name, reach) { "Default, " } else { "" };
    let mut out = format!("#[derive({default}Debug, Clone, PartialEq)]\npub struct {type_name} {{ {fields} }}\n\n");
    let (members, binding) = if shape.members.0.is_empty() { ("_", "") } else { ("members", "mut ") };
    if reach.inputs.contains(name) {
        write!(
            out,
            "impl FromValue for {type_name} {{ fn from_value(value: Value) -> Result<Self, Fault> {{ \
             let {binding}{members} = Members::of(value)?; Ok(Self {{ {taken} }}) }} }}\n\n"
        )?;
    }
    if reach.outputs.contains(name) {
        write!(out, "impl IntoValue for {type_name} {{ fn into_value(self) -> Value {{ Value::structure([{given}]) }} }}\n\n")?;
    }
    Ok(out)
}

fn field_type(owner: &str, shape: &Shape, name: &str, member: &Reference, reach: &Reach) -> String {
    let mut of = rust_type(&member.shape, reach);
    if reach.shapes[member.shape.as_str()].is_structure() && reach.holds_itself(owner, &member.shape) {
        of = format!("Box<{of}>");
    }
    if shape.required.iter().any(|required| required == name) { of } else { format!("Option<{of}>") }
}

fn rust_type(name: &str, reach: &Reach) -> String {
    let shape = reach.shapes[name];
    let element = |reference: &Option<Reference>, sparse: bool| {
        let of = reference.as_ref().map(|it| rust_type(&it.shape, reach)).unwrap_or_default();
        if sparse { format!("Option<{of}>") } else { of }
    };
    match shape.r#type.as_str() {
        "structure" if shape.document => "Value".into(),
        "structure" => reach.type_name(name),
        "list" => format!("Vec<{}>", element(&shape.member, shape.sparse)),
        "map" => format!("BTreeMap<String, {}>", element(&shape.value, shape.sparse)),
        "string" | "character" if shape.r#enum.is_empty() => "String".into(),
        "string" | "character" => reach.type_name(name),
        "boolean" => "bool".into(),
        "integer" => "i32".into(),
        "long" => "i64".into(),
        "blob" => "Bytes".into(),
        "timestamp" => "Time".into(),
        _ => "f64".into(),
    }
}

/// Whether a structure has a default: everything that it requires has one. An enumeration has none, since no value is the obvious one.
fn has_default(name: &str, reach: &Reach) -> bool {
    let shape = reach.shapes[name];
    let required = shape.members.0.iter().filter(|(member, _)| shape.required.contains(member));
    required.map(|(_, member)| member.shape.as_str()).all(|member| match reach.shapes[member] {
        inner if inner.is_structure() => has_default(member, reach),
        inner => inner.r#enum.is_empty(),
    })
}
