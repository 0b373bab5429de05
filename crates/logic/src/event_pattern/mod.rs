//! Event patterns of EventBridge (user guide, "Creating Amazon EventBridge event patterns"), which Lambda's event source mappings
//! filter by as well.
//!
//! A pattern is read once, with EventBridge's words for what is wrong with it, and then asked about events. Where events come
//! from, and what is done with those that match, is not this room's business.

mod lexer;
mod matcher;
mod operator;
mod read;
mod tree;
mod wildcard;

#[cfg(test)]
mod tests;

use serde_json::Value;

/// A pattern, ready to be asked.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// One for each combination of what `$or` lists: the pattern matches where one of them does.
    branches: Vec<tree::Node>,
}

/// Why a text is no pattern: the text after "Reason: " in the message of `InvalidEventPatternException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Event pattern is not valid. Reason: {0}")]
pub struct Invalid(pub String);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`Invalid`], as EventBridge words it: where there is one, with the place in the text.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let branches = read::branches(text)?;
        Ok(Self { branches: branches.into_iter().map(tree::Node::of).collect() })
    }

    /// Whether an event matches.
    ///
    /// A field of an event that is an array matches if one of its elements does. Fields of objects in an array match only
    /// together in one and the same element.
    pub fn matches(&self, event: &Value) -> bool {
        event.is_object() && self.branches.iter().any(|branch| branch.holds(Some(event)))
    }
}
