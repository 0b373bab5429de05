//! The models' patterns. They are Java's; the few that this crate's regular expressions don't have (look-around) are not checked, and
//! [`is_supported`] lets a test say which they are.

use regex::Regex;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};

/// What has been compiled, and what can't be.
type Compiled = HashMap<&'static str, Option<Arc<Regex>>>;

/// Patterns are compiled on their first use, since most are never used.
static COMPILED: LazyLock<RwLock<Compiled>> = LazyLock::new(Default::default);

/// Whether the whole text matches; true for a pattern that can't be checked.
pub fn matches(pattern: &'static str, text: &str) -> bool {
    compiled(pattern).is_none_or(|regex| regex.is_match(text))
}

/// Whether the pattern can be checked.
pub fn is_supported(pattern: &'static str) -> bool {
    compiled(pattern).is_some()
}

fn compiled(pattern: &'static str) -> Option<Arc<Regex>> {
    let known = COMPILED.read().unwrap_or_else(|poisoned| poisoned.into_inner()).get(pattern).cloned();
    known.unwrap_or_else(|| {
        let regex = Regex::new(&format!(r"\A(?:{pattern})\z")).ok().map(Arc::new);
        COMPILED.write().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(pattern, regex.clone());
        regex
    })
}
