//! Texts with variables in angle brackets.

use super::Path;
use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value, json};
use std::collections::BTreeMap;

/// What the user guide calls predefined variables begins so.
const RESERVED: [&str; 5] = [
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
];

/// A text with variables, ready to be filled in.
#[derive(Debug, Clone)]
pub struct Template {
    paths: BTreeMap<String, Path>,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    /// A variable, and whether it stands within a string.
    Variable(String, bool),
}

/// What the predefined variables stand for, besides the event.
#[derive(Debug, Clone, Copy)]
pub struct Reserved<'a> {
    /// `<aws.events.rule-arn>`.
    pub rule_arn: &'a str,
    /// `<aws.events.rule-name>`.
    pub rule_name: &'a str,
    /// `<aws.events.event.ingestion-time>`.
    pub ingestion_time: &'a str,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidTemplate {
    /// The path of a variable can't be read.
    Path(String),
    /// A variable has no path.
    Placeholder(String),
    /// It is no JSON, whatever the variables are.
    Json(String),
}

impl Template {
    /// Reads a template and the paths of its variables.
    ///
    /// # Errors
    /// [`InvalidTemplate`], where a variable is unknown or the text is no JSON: an object, or strings one after another.
    pub fn parse(paths: &BTreeMap<String, String>, text: &str) -> Result<Self, InvalidTemplate> {
        let read = |(name, path): (&String, &String)| {
            let path = Path::parse(path).ok_or_else(|| InvalidTemplate::Path(path.clone()))?;
            Ok((name.clone(), path))
        };
        let paths: BTreeMap<_, _> = paths.iter().map(read).collect::<Result<_, _>>()?;
        let template = Self { pieces: pieces(text), paths };
        template.check_names()?;
        let tried = template.fill(|_| Some(Value::Null));
        let mut values = Deserializer::from_str(&tried).into_iter::<IgnoredAny>();
        let wrong = |error: serde_json::Error| InvalidTemplate::Json(error.to_string());
        match values.next() {
            None => return Err(InvalidTemplate::Json("there is nothing".into())),
            Some(first) => first.map_err(wrong)?,
        };
        values.try_for_each(|value| value.map(drop).map_err(wrong))?;
        Ok(template)
    }

    /// The text with its variables filled in from an event. A variable whose path leads nowhere is empty.
    pub fn render(&self, event: &Value, reserved: Reserved<'_>) -> String {
        self.fill(|name| match name {
            "aws.events.rule-arn" => Some(reserved.rule_arn.into()),
            "aws.events.rule-name" => Some(reserved.rule_name.into()),
            "aws.events.event.ingestion-time" => Some(reserved.ingestion_time.into()),
            "aws.events.event" => Some(without_detail(event)),
            "aws.events.event.json" => Some(event.clone()),
            _ => self.paths.get(name)?.find(event),
        })
    }

    fn check_names(&self) -> Result<(), InvalidTemplate> {
        for piece in &self.pieces {
            match piece {
                Piece::Variable(name, _) if !self.paths.contains_key(name) && !RESERVED.contains(&name.as_str()) => {
                    return Err(InvalidTemplate::Placeholder(name.clone()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn fill(&self, value: impl Fn(&str) -> Option<Value>) -> String {
        let filled = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable(name, within) => shown(value(name).unwrap_or_else(|| json!("")), *within),
        });
        filled.collect()
    }
}

/// A value as JSON; within a string, a string's own text, and of an object or an array the text without its quotes.
fn shown(value: Value, within: bool) -> String {
    match value {
        Value::String(text) if within => escaped(&text),
        value if within => escaped(&value.to_string().replace('"', "")),
        value => value.to_string(),
    }
}

/// A text as it stands between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// `<aws.events.event>`.
fn without_detail(event: &Value) -> Value {
    let members = event.as_object().into_iter().flatten().filter(|(name, _)| *name != "detail");
    let renamed = members.map(|(name, value)| {
        let name = if name == "detail-type" { "detailType" } else { name };
        (name.to_owned(), value.clone())
    });
    Value::Object(renamed.collect())
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut plain, mut within, mut rest) = (String::new(), false, text);
    while let Some(c) = rest.chars().next() {
        let escape = rest.strip_prefix('\\').and_then(|behind| behind.chars().next());
        let variable = rest.strip_prefix('<').and_then(|behind| behind.split_once('>'));
        let taken = match (escape, variable) {
            // An angle bracket that is meant as such.
            (Some(escaped @ ('<' | '>')), _) => {
                plain.push(escaped);
                2
            }
            (Some(escaped), _) => {
                plain.extend(['\\', escaped]);
                1 + escaped.len_utf8()
            }
            (None, Some((name, _))) => {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Variable(name.to_owned(), within));
                name.len() + 2
            }
            (None, None) => {
                within ^= c == '"';
                plain.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    pieces.push(Piece::Text(plain));
    pieces
}
