//! Patterns that were read, so that a rule's isn't read again for each event.

use logic::event_pattern::{Invalid, Pattern};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// So many are kept; then all are forgotten.
const MOST: usize = 10_000;

/// Patterns by their texts.
#[derive(Default)]
pub struct Patterns(Mutex<HashMap<String, Arc<Pattern>>>);

impl Patterns {
    /// The pattern of a text.
    pub fn read(&self, text: &str) -> Result<Arc<Pattern>, Invalid> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pattern) = known.get(text) {
            return Ok(pattern.clone());
        }
        let pattern = Arc::new(Pattern::parse(text)?);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(text.to_owned(), pattern.clone());
        Ok(pattern)
    }
}
