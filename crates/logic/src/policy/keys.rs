//! The condition keys that policies ask for: `GetContextKeysForCustomPolicy`.

use super::document::{Policy, Statement};

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
    let mut found: Vec<String> = Vec::new();
    for key in keys {
        if !found.iter().any(|known| known.eq_ignore_ascii_case(key)) {
            found.push(key.to_owned());
        }
    }
    found.sort_unstable();
    found
}
