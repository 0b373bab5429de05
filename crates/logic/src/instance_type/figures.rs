//! Reading `figures.txt`.
//!
//! A line is a name and an object. A name without a dot is a family's (`t3`), and its object has what most of its sizes share; the
//! lines of its sizes (`t3.micro`) follow, with what they have besides or otherwise. What neither says is as [`InstanceType`] says.

use super::InstanceType;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Why a line can't be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Unreadable {
    line: usize,
    why: String,
}

/// The types by their names.
pub fn read(text: &str) -> Result<BTreeMap<String, InstanceType>, Unreadable> {
    let mut types = BTreeMap::new();
    let mut family = ("", Map::new());
    for (index, line) in text.lines().enumerate() {
        let unreadable = |why: String| Unreadable { line: index + 1, why };
        let (name, object) = line.split_once(' ').ok_or_else(|| unreadable("no object".into()))?;
        let own: Map<String, Value> = serde_json::from_str(object).map_err(|error| unreadable(error.to_string()))?;
        match name.split_once('.') {
            None => family = (name, own),
            Some((of, _)) if of == family.0 => {
                let found = size(name, &family.1, own).map_err(|error| unreadable(error.to_string()))?;
                types.insert(name.to_owned(), found);
            }
            Some(_) => return Err(unreadable(format!("{name} stands with the family {}", family.0))),
        }
    }
    Ok(types)
}

fn size(name: &str, family: &Map<String, Value>, own: Map<String, Value>) -> Result<InstanceType, serde_json::Error> {
    let mut merged = family.clone();
    merged.insert("name".into(), name.into());
    for (key, value) in own {
        match (merged.get_mut(&key), value) {
            (Some(Value::Object(shared)), Value::Object(own)) if GROUPS.contains(&key.as_str()) => shared.extend(own),
            (_, value) => {
                merged.insert(key, value);
            }
        }
    }
    serde_json::from_value(Value::Object(merged))
}

/// The objects of which a size says only what is its own; every other value of a size stands instead of its family's.
const GROUPS: [&str; 2] = ["ebs", "network"];

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, expected) in [
            ("t3", "line 1: no object"),
            ("t3 {}\nt3.micro []", "line 2: invalid type: sequence, expected a map at line 1 column 0"),
            ("t3 {}\nt2.micro {}", "line 2: t2.micro stands with the family t3"),
            ("t3 {}\nt3.micro {\"colour\":1}", "line 2: unknown field `colour`"),
            ("t3 {}\nt3.micro {}", "line 2: missing field `vcpus`"),
        ] {
            let error = read(text).expect_err(text).to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
