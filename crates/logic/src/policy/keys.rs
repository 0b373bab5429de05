//! The condition keys that policies ask for: `GetContextKeysForCustomPolicy`.

use super::document::{Policy, Statement};
use std::collections::BTreeMap;

/// Every key that a policy mentions, in conditions and in variables, each once, sorted, as it is first written.
pub fn condition_keys(policy: &Policy) -> Vec<String> {
    sorted(policy.statements().iter().flat_map(Statement::keys))
}

impl Statement {
    /// The keys that the statement mentions.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let templates = self.resources.iter().flat_map(|resources| &resources.templates);
        let conditions = self.conditions.iter().flat_map(|condition| condition.keys());
        templates.flat_map(|template| template.keys()).chain(conditions)
    }
}

/// Keys regardless of case, each once.
pub(super) fn sorted<'k>(keys: impl Iterator<Item = &'k str>) -> Vec<String> {
    let mut found: BTreeMap<String, &str> = BTreeMap::new();
    for key in keys {
        found.entry(key.to_ascii_lowercase()).or_insert(key);
    }
    found.into_values().map(str::to_owned).collect()
}
