//! Which shapes the built operations reach, in which direction each is needed, and each one's place in the table.

use super::names;
use crate::botocore::{Model, Operation, Reference, Shape};
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Names that generated code uses unqualified.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "BTreeMap", "Box", "Bytes", "Clone", "Debug", "Default", "Err", "Fault", "FromValue", "IntoValue", "Members", "None", "Ok", "Option",
    "PartialEq", "Result", "Self", "Some", "String", "Time", "Value", "Vec",
];

/// The reachable shapes of a service.
pub struct Reach<'a> {
    /// The built operations, by name.
    pub operations: BTreeMap<&'a str, &'a Operation>,
    /// Every shape that is reached, by name; the order is that of the table.
    pub shapes: BTreeMap<&'a str, &'a Shape>,
    /// Those that stand in an input.
    pub inputs: BTreeSet<&'a str>,
    /// Those that stand in an output.
    pub outputs: BTreeSet<&'a str>,
}

impl<'a> Reach<'a> {
    /// What the operations of those names reach.
    pub fn of(model: &'a Model, built: &[String], both: &[String]) -> Result<Self> {
        let wanted = |(name, _): &(&String, &Operation)| built.contains(name);
        let operations: BTreeMap<_, _> =
            model.operations.iter().filter(wanted).map(|(name, operation)| (name.as_str(), operation)).collect();
        let mut reach = Self { operations, shapes: BTreeMap::new(), inputs: BTreeSet::new(), outputs: BTreeSet::new() };
        let mut errors = BTreeSet::new();
        for operation in reach.operations.values() {
            operation.input.iter().try_for_each(|it| closure(model, &it.shape, &mut reach.inputs))?;
            operation.output.iter().try_for_each(|it| closure(model, &it.shape, &mut reach.outputs))?;
            operation.errors.iter().try_for_each(|it| closure(model, &it.shape, &mut errors))?;
        }
        for name in both {
            let (name, _) = model.shapes.get_key_value(name).with_context(|| format!("the model lacks the shape {name}"))?;
            closure(model, name, &mut reach.inputs)?;
            closure(model, name, &mut reach.outputs)?;
        }
        let names = reach.inputs.iter().chain(&reach.outputs).chain(&errors);
        reach.shapes = names.map(|name| (*name, &model.shapes[*name])).collect();
        Ok(reach)
    }

    /// The place of a shape in the table.
    pub fn index(&self, shape: &str) -> Result<usize> {
        self.shapes.keys().position(|name| *name == shape).with_context(|| format!("{shape} isn't reached"))
    }

    /// The Rust type of a shape: its own name, unless an operation or generated code itself has that name.
    pub fn type_name(&self, shape: &str) -> String {
        let name = names::type_name(shape);
        let taken = RESERVED.contains(&name.as_str()) || self.operations.contains_key(name.as_str());
        if taken { name + "Shape" } else { name }
    }

    /// Whether a structure holds itself by structures alone, with no list or map between, so that it needs a box.
    pub fn holds_itself(&self, outer: &str, inner: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut ahead = vec![inner];
        while let Some(name) = ahead.pop() {
            if name == outer {
                return true;
            }
            if seen.insert(name)
                && let Some(shape) = self.shapes.get(name)
            {
                ahead.extend(shape.members.0.iter().map(|(_, member)| member.shape.as_str()));
            }
        }
        false
    }
}

/// Adds a shape and everything that it refers to.
fn closure<'a>(model: &'a Model, root: &'a str, into: &mut BTreeSet<&'a str>) -> Result<()> {
    let mut ahead = vec![root];
    while let Some(name) = ahead.pop() {
        if into.insert(name) {
            let shape = model.shapes.get(name).with_context(|| format!("the model lacks the shape {name}"))?;
            ahead.extend(shape.references().map(|reference| reference.shape.as_str()));
        }
    }
    Ok(())
}

impl Shape {
    /// The shapes that this one refers to.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        let members = self.members.0.iter().map(|(_, member)| member);
        members.chain(&self.member).chain(&self.key).chain(&self.value)
    }
}
