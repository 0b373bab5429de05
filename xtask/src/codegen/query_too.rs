//! A model of JSON with what it said of the query protocol before, which botocore's models forget and services go on speaking.

use crate::botocore::{ErrorTrait, Model, Reference, Shape};
use crate::ops::Query;
use anyhow::{Context, Result, bail};

/// Adds the protocol and its names to the model.
pub fn add(model: &mut Model, query: &Query) -> Result<()> {
    let metadata = &mut model.metadata;
    metadata.protocols.push("query".into());
    metadata.xml_namespace = Some(query.namespace.clone());
    query.names.iter().try_for_each(|(shape, names)| name(model, shape, names).with_context(|| shape.clone()))?;
    for (shape, code) in &query.errors {
        let shape = model.shapes.get_mut(shape).with_context(|| format!("the model has no shape {shape}"))?;
        shape.error = Some(ErrorTrait { code: Some(code.clone()), http_status_code: None, sender_fault: None });
    }
    address(model, &query.path);
    Ok(())
}

/// Names the elements of a list, or the entries of a map with their keys and values.
fn name(model: &mut Model, id: &str, names: &[String]) -> Result<()> {
    let shape = model.shapes.get_mut(id).context("the model has no such shape")?;
    match (names, shape) {
        ([element], Shape { member: Some(member), .. }) => member.location_name = Some(element.clone()),
        ([entry, key, value], Shape { key: Some(keys), value: Some(values), .. }) => {
            (keys.location_name, values.location_name) = (Some(key.clone()), Some(value.clone()));
            members(model).filter(|member| member.shape == id).for_each(|member| member.query_name = Some(entry.clone()));
        }
        _ => bail!("a list has one name, a map has three"),
    }
    Ok(())
}

fn members(model: &mut Model) -> impl Iterator<Item = &mut Reference> {
    model.shapes.values_mut().flat_map(|shape| shape.members.0.iter_mut().map(|(_, member)| member))
}

/// Lets the path stand for a member, in the operations that take it.
fn address(model: &mut Model, member: &str) {
    let shapes = &model.shapes;
    let takes = |input: &Reference| shapes[&input.shape].members.0.iter().any(|(name, _)| name == member);
    for operation in model.operations.values_mut().filter(|operation| operation.input.as_ref().is_some_and(takes)) {
        operation.http.request_uri = format!("/{{{member}+}}");
    }
}
