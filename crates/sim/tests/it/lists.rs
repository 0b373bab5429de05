//! Lists that are checked in, so that nobody changes them without meaning to.

use sim::World;
use std::{collections::BTreeMap, fs, path::PathBuf};

/// What an operation's row says.
struct Row {
    /// The IAM action that it needs, if it needs one.
    action: Option<String>,
    /// On which resources it acts.
    has_resource: bool,
}

/// The rows, by the service of an operation and its name.
async fn rows() -> BTreeMap<(&'static str, &'static str), Row> {
    let world = World::new().await;
    let services = world.cloud().front.services();
    let rows = |service: &'_ front::Service| {
        let id = service.api().id;
        let row = |(name, action, has_resource): (&'static str, Option<&str>, bool)| {
            ((id, name), Row { action: action.map(str::to_owned), has_resource })
        };
        service.table().map(row).collect::<Vec<_>>()
    };
    services.iter().flat_map(rows).collect()
}

/// Every operation that is generated, by its service.
fn generated() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of = |service: &'static &wire::Service| service.operations.iter().map(|operation| (service.id, operation.name));
    api::SERVICES.iter().flat_map(of)
}

/// Fails where a list differs from the file of its name, and says how to change the file.
fn compare(name: &str, head: &str, lines: impl IntoIterator<Item = String>) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("lists").join(name);
    let is = lines.into_iter().fold(format!("# {head}\n"), |text, line| text + &line + "\n");
    if std::env::var_os("UPDATE_LISTS").is_some() {
        fs::write(&path, &is).expect("the list is written");
    }
    let was = fs::read_to_string(&path).unwrap_or_default();
    let (new, gone): (Vec<_>, Vec<_>) = (missing(&is, &was), missing(&was, &is));
    assert!(
        is == was,
        "crates/sim/lists/{name} ({head}) is out of date: new {new:#?}, gone {gone:#?}. If that is meant, run \
         `UPDATE_LISTS=1 cargo nextest run -p sim lists` and check in the file."
    );
}

fn missing<'a>(of: &'a str, in_other: &str) -> Vec<&'a str> {
    of.lines().filter(|line| in_other.lines().all(|other| other != *line)).collect()
}

#[tokio::test]
async fn operations_whose_row_names_no_resource() {
    let bare = rows().await.into_iter().filter(|(_, row)| row.action.is_some() && !row.has_resource);
    let lines = bare.map(|((service, operation), _)| format!("{service}:{operation}"));
    compare("no-resource.txt", "Operations that policies can only allow on \"*\"; this list may only become shorter.", lines);
}

#[tokio::test]
async fn which_operations_are_built() {
    let line = |((service, operation), row): ((&str, &str), Row)| {
        format!("{service} {operation} {}", row.action.as_deref().unwrap_or("-"))
    };
    let head = "The operations that are built, and the IAM action that each needs; this list may only become longer.";
    compare("built.txt", head, rows().await.into_iter().map(line));
}

#[tokio::test]
async fn every_operation_that_is_generated_is_answered() {
    let rows = rows().await;
    let unanswered: Vec<_> = generated().filter(|operation| !rows.contains_key(operation)).collect();
    assert!(unanswered.is_empty(), "in crates/api/ops.toml, but without a row in a service's table: {unanswered:?}");
}
