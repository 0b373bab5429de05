//! Lists that are checked in, so that nobody changes them without meaning to.

use sim::World;
use std::{collections::BTreeMap, fs, path::PathBuf};

/// The service of an operation, and its name, to whether its row says on which resources it acts.
async fn rows() -> BTreeMap<(&'static str, &'static str), bool> {
    let world = World::new().await;
    let services = world.cloud().front.services();
    let rows = |service: &'_ front::Service| {
        let id = service.api().id;
        service.table().map(|(name, _, has_resource)| ((id, name), has_resource)).collect::<Vec<_>>()
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
    let bare = rows().await.into_iter().filter(|(_, has_resource)| !has_resource);
    let lines = bare.map(|((service, operation), _)| format!("{service}:{operation}"));
    compare("no-resource.txt", "Operations that policies can only allow on \"*\"; this list may only become shorter.", lines);
}

#[tokio::test]
async fn how_many_operations_are_built() {
    let mut counts = BTreeMap::<_, usize>::new();
    for ((service, _), _) in rows().await {
        *counts.entry(service).or_default() += 1;
    }
    let lines = counts.into_iter().map(|(service, count)| format!("{service} {count}"));
    compare("built.txt", "How many operations of each service are built; these numbers may only grow.", lines);
}

#[tokio::test]
async fn every_operation_that_is_generated_is_answered() {
    let rows = rows().await;
    let unanswered: Vec<_> = generated().filter(|operation| !rows.contains_key(operation)).collect();
    assert!(unanswered.is_empty(), "in crates/api/ops.toml, but without a row in a service's table: {unanswered:?}");
}
