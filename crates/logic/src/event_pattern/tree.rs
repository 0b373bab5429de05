//! A branch as a tree of fields, and how an event is held against it.

use super::{matcher::Matcher, read::Branch};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// What is wanted of a field and of the fields in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// One of them must match; empty if nothing is wanted of the field itself.
    wanted: Arc<[Matcher]>,
    fields: BTreeMap<String, Node>,
    /// Whether all that is wanted of the fields in it is that they are not there.
    only_absence: bool,
}

impl Node {
    /// The tree of a branch.
    pub(super) fn of(branch: Branch) -> Self {
        let mut root = Self::default();
        for (path, wanted) in branch {
            let node = path.into_iter().fold(&mut root, |node, name| node.fields.entry(name).or_default());
            node.wanted = wanted;
        }
        root.settle();
        root
    }

    /// Finds out where only absence is wanted; whether that holds for this node as a whole.
    fn settle(&mut self) -> bool {
        let inner: Vec<bool> = self.fields.values_mut().map(Self::settle).collect();
        self.only_absence = !inner.contains(&false);
        self.only_absence && self.wanted.iter().all(|it| matches!(it, Matcher::Absent))
    }

    /// Whether what stands in an event at this place is as wanted; `None` if nothing does.
    pub(super) fn holds(&self, value: Option<&Value>) -> bool {
        self.value_holds(value) && self.fields_hold(value)
    }

    /// Arrays are flattened: one element that matches is enough. Objects and empty arrays are no values.
    fn value_holds(&self, value: Option<&Value>) -> bool {
        self.wanted.is_empty()
            || match any_scalar(value, &mut |scalar| self.wanted.iter().any(|it| it.matches(scalar))) {
                Some(found) => found,
                None => self.wanted.iter().any(|it| matches!(it, Matcher::Absent)),
            }
    }

    /// All fields must match in one and the same element of an array; fields that must not be there, in none of them.
    fn fields_hold(&self, value: Option<&Value>) -> bool {
        match value {
            _ if self.fields.is_empty() => true,
            Some(Value::Object(members)) => self.fields.iter().all(|(name, node)| node.holds(members.get(name))),
            Some(Value::Array(elements)) if !elements.is_empty() => {
                let mut found = elements.iter().map(|element| self.fields_hold(Some(element)));
                if self.only_absence { found.all(|it| it) } else { found.any(|it| it) }
            }
            _ => self.fields.values().all(|node| node.holds(None)),
        }
    }
}

/// Whether a test holds for one of the scalars that a value is or has in it; `None` if there are none.
fn any_scalar(value: Option<&Value>, test: &mut dyn FnMut(&Value) -> bool) -> Option<bool> {
    match value? {
        Value::Object(_) => None,
        Value::Array(elements) => {
            elements.iter().filter_map(|element| any_scalar(Some(element), test)).reduce(|one, other| one | other)
        }
        scalar => Some(test(scalar)),
    }
}
