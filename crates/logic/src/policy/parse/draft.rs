//! The grammar of policy documents: which elements there are, and of which types (IAM user guide, "Grammar of the IAM JSON policy
//! language"). Nothing is said here of what the elements mean.

use crate::policy::json::{self, Json, Node};
use crate::policy::{Malformed, Version, condition::Operator};
use std::ops::Range;

/// A document whose elements are of the right types.
pub(super) struct Document {
    pub version: Option<Version>,
    pub id: Option<String>,
    pub statements: Vec<Draft>,
}

/// A statement whose elements are of the right types.
#[derive(Default)]
pub(super) struct Draft {
    pub sid: Option<String>,
    pub effect: String,
    pub actions: Option<Element>,
    pub resources: Option<Element>,
    pub principals: Option<Principals>,
    pub conditions: Vec<Condition>,
    /// Where it stands, in bytes.
    pub span: Range<usize>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
pub(super) struct Element {
    pub not: bool,
    pub texts: Vec<String>,
}

/// `Principal` or `NotPrincipal`.
pub(super) struct Principals {
    pub not: bool,
    /// By type, such as `AWS`. A bare text has none.
    pub named: Vec<(Option<String>, String)>,
}

/// One key of one operator. The operator is known, unless it has no keys.
pub(super) struct Condition {
    pub operator: String,
    pub key: String,
    pub values: Vec<String>,
}

/// Reads a document.
pub(super) fn read(text: &str) -> Result<Document, Malformed> {
    let mut document = Document { version: None, id: None, statements: Vec::new() };
    for (name, node) in object(json::read(text)?, "the document")? {
        match name.as_str() {
            "Version" => document.version = Some(version(&string(node, &name)?)?),
            "Id" => document.id = Some(string(node, &name)?),
            "Statement" => document.statements = statements(node)?,
            _ => return Err(Malformed::syntax(format!("{name:?} is no element of a policy"))),
        }
    }
    if document.statements.is_empty() {
        return Err(Malformed::syntax("it has no statement"));
    }
    Ok(document)
}

fn version(text: &str) -> Result<Version, Malformed> {
    match text {
        "2008-10-17" => Ok(Version::V2008),
        "2012-10-17" => Ok(Version::V2012),
        _ => Err(Malformed::syntax(format!("{text:?} is no version of the policy language"))),
    }
}

fn statements(node: Node) -> Result<Vec<Draft>, Malformed> {
    match node.json {
        Json::List(nodes) => nodes.into_iter().map(statement).collect(),
        _ => Ok(vec![statement(node)?]),
    }
}

fn statement(node: Node) -> Result<Draft, Malformed> {
    let mut draft = Draft { span: node.span.clone(), ..Draft::default() };
    for (name, node) in object(node, "a statement")? {
        match name.as_str() {
            "Sid" => draft.sid = Some(string(node, &name)?),
            "Effect" => draft.effect = string(node, &name)?,
            "Action" | "NotAction" => once(&mut draft.actions, &name, element(node, &name)?)?,
            "Resource" | "NotResource" => once(&mut draft.resources, &name, element(node, &name)?)?,
            "Principal" | "NotPrincipal" => once(&mut draft.principals, &name, principals(node, &name)?)?,
            "Condition" => draft.conditions = conditions(node)?,
            _ => return Err(Malformed::syntax(format!("{name:?} is no element of a statement"))),
        }
    }
    match draft.effect.to_ascii_lowercase().as_str() {
        "allow" | "deny" => Ok(draft),
        "" => Err(Malformed::syntax("a statement has no Effect")),
        other => Err(Malformed::syntax(format!("{other:?} is no Effect"))),
    }
}

/// An element and its negation exclude each other.
fn once<T>(place: &mut Option<T>, name: &str, read: T) -> Result<(), Malformed> {
    if place.replace(read).is_some() {
        return Err(Malformed::syntax(format!("a statement has {name} and its opposite")));
    }
    Ok(())
}

/// IAM takes a `null` among several, and ignores it.
fn element(node: Node, name: &str) -> Result<Element, Malformed> {
    let texts = match node.json {
        Json::List(nodes) => {
            let kept = nodes.into_iter().filter(|node| node.json != Json::Null);
            kept.map(|node| string(node, name)).collect::<Result<_, _>>()?
        }
        _ => vec![string(node, name)?],
    };
    Ok(Element { not: name.starts_with("Not"), texts })
}

fn principals(node: Node, name: &str) -> Result<Principals, Malformed> {
    let mut named = Vec::new();
    match node.json {
        Json::Text(text) => named.push((None, text)),
        _ => {
            for (kind, node) in object(node, name)? {
                if !matches!(kind.as_str(), "AWS" | "Service" | "Federated" | "CanonicalUser") {
                    return Err(Malformed::syntax(format!("{kind:?} is no type of principal")));
                }
                named.extend(element(node, &kind)?.texts.into_iter().map(|text| (Some(kind.clone()), text)));
            }
        }
    }
    Ok(Principals { not: name.starts_with("Not"), named })
}

fn conditions(node: Node) -> Result<Vec<Condition>, Malformed> {
    let mut found = Vec::new();
    for (operator, node) in object(node, "Condition")? {
        let keys = object(node, &operator)?;
        if Operator::parse(&operator).is_none() && !keys.is_empty() {
            return Err(Malformed::syntax(format!("Invalid Condition type : {operator}.")));
        }
        for (key, node) in keys {
            let values = match node.json {
                Json::List(nodes) => nodes.into_iter().map(|node| value(node, &key)).collect::<Result<_, _>>()?,
                _ => vec![value(node, &key)?],
            };
            found.push(Condition { operator: operator.clone(), key, values });
        }
    }
    Ok(found)
}

fn value(node: Node, key: &str) -> Result<String, Malformed> {
    match node.json {
        Json::Text(text) | Json::Number(text) => Ok(text),
        Json::Bool(flag) => Ok(flag.to_string()),
        other => Err(Malformed::syntax(format!("a value of {key:?} is {}", other.kind()))),
    }
}

fn object(node: Node, what: &str) -> Result<Vec<(String, Node)>, Malformed> {
    match node.json {
        Json::Object(members) => Ok(members),
        other => Err(Malformed::syntax(format!("{what} is {}, not an object", other.kind()))),
    }
}

fn string(node: Node, what: &str) -> Result<String, Malformed> {
    match node.json {
        Json::Text(text) => Ok(text),
        other => Err(Malformed::syntax(format!("{what} is {}, not a string", other.kind()))),
    }
}
