//! `cargo xtask new-op <service> <Operation>`: lists an operation as built, and generates its code.

use crate::{codegen, models, ops};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::Path;

/// Adds the operation to `ops.toml` and runs the generator.
pub fn add(root: &Path, service: &str, operation: &str) -> Result<()> {
    let listed = ops::read(root)?;
    let Some(known) = listed.get(service) else {
        bail!("ops.toml knows no service {service}; it knows {}", names(listed.keys()));
    };
    ensure!(!known.operations.iter().any(|it| it == operation), "{service} {operation} is listed already");
    let model = models::read(root, service)?;
    ensure!(model.operations.contains_key(operation), "{service} has no operation {operation}; {}", nearest(&model, operation));
    let path = root.join("crates/api/ops.toml");
    let text = fs::read_to_string(&path)?;
    fs::write(&path, insert(&text, service, operation).context("ops.toml has not the form that this command knows")?)?;
    codegen::write(root)?;
    println!("api::{}::{operation} is there. Its handler comes next: docs/adding-an-operation.md", codegen::module(service));
    Ok(())
}

/// The text with the operation in its service's list, in the order of names; none where the text has another form.
fn insert(text: &str, service: &str, operation: &str) -> Option<String> {
    let head = format!("[{service}]\n");
    let start = text.find(&head).filter(|at| *at == 0 || text[..*at].ends_with('\n'))? + head.len();
    let end = text[start - 1..].find("\n[").map_or(text.len(), |at| start + at);
    let section = insert_into(&text[start..end], operation)?;
    Some([&text[..start], &section, &text[end..]].concat())
}

fn insert_into(section: &str, operation: &str) -> Option<String> {
    const OPEN: &str = "operations = [\n";
    let line = format!("    \"{operation}\",\n");
    let Some(open) = section.find(OPEN).map(|at| at + OPEN.len()) else {
        let keys: String = section.lines().filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect();
        // A list on one line would be another form; no list at all begins one.
        return (!section.contains("operations")).then(|| format!("{keys}{OPEN}{line}]\n\n"));
    };
    let close = open + section[open..].find("]\n")?;
    let mut lines: Vec<&str> = section[open..close].split_inclusive('\n').collect();
    let at = lines.iter().position(|it| *it > line.as_str()).unwrap_or(lines.len());
    lines.insert(at, &line);
    Some([&section[..open], &lines.concat(), &section[close..]].concat())
}

/// The operations whose names hold a word of the one that was asked for.
fn nearest(model: &crate::botocore::Model, operation: &str) -> String {
    let asked = operation.to_lowercase();
    let near = model.operations.keys().filter(|name| {
        let name = name.to_lowercase();
        name.contains(&asked) || asked.contains(&name)
    });
    match names(near) {
        none if none.is_empty() => "models/ has its names".into(),
        near => format!("it has {near}"),
    }
}

fn names<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# Services.\n\n[a]\ncode = \"x\"\noperations = [\n    \"B\",\n    \"D\",\n]\n\n[b]\n[c]\nflag = true\n\n[d]\n";

    fn listed(text: &str, service: &str) -> Vec<String> {
        toml::from_str::<toml::Table>(text).unwrap()[service]["operations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn names_stay_in_order() {
        for (name, expected) in [("A", ["A", "B", "D"]), ("C", ["B", "C", "D"]), ("E", ["B", "D", "E"])] {
            assert_eq!(listed(&insert(TEXT, "a", name).unwrap(), "a"), expected);
        }
    }

    #[test]
    fn a_service_without_a_list_gets_one() {
        for service in ["b", "c", "d"] {
            let text = insert(TEXT, service, "X").unwrap();
            assert_eq!(listed(&text, service), ["X"]);
            assert_eq!(listed(&text, "a"), ["B", "D"]);
        }
        assert!(insert(TEXT, "c", "X").unwrap().contains("flag = true\n"));
    }

    #[test]
    fn another_form_is_left_alone() {
        assert_eq!(insert("[a]\noperations = [\"B\"]\n", "a", "C"), None);
        assert_eq!(insert(TEXT, "z", "C"), None);
    }
}
