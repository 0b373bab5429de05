//! Which crate may lean on which (docs/adr and ARCHITECTURE.md draw the picture; this keeps it true). Tests may lean on more.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::path::Path;
use std::process::Command;

/// Every crate with those of ours that it may lean on. A service leans on no other service: they meet in `model`'s records.
const LEANS: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("api", &["wire"]),
    ("model", &[]),
    // What a host decides is said in the messages between it and the control plane, which are plain data.
    ("logic", &["model", "agent-proto"]),
    ("netns", &[]),
    ("blocks", &[]),
    ("oidc", &["model"]),
    ("disk-image", &[]),
    ("function-code", &[]),
    ("spine", &["model", "wire"]),
    ("front", &["api", "wire", "model", "logic", "spine"]),
    ("svc-containers", SERVICE),
    // Snapshots are copied, collected and read block by block where their records are; an image's first block tells how it boots.
    ("svc-ec2", &["front", "api", "wire", "model", "logic", "spine", "agent-proto", "blocks", "disk-image"]),
    ("svc-events", SERVICE),
    // A zip is looked at when it comes as it is when it is unpacked.
    ("svc-functions", &["front", "api", "wire", "model", "logic", "spine", "agent-proto", "function-code"]),
    ("svc-gateway", TOKENS),
    ("svc-messaging", SERVICE),
    ("svc-storage", SERVICE),
    ("svc-identity", TOKENS),
    ("svc-network", SERVICE),
    ("svc-observe", SERVICE),
    ("svc-secrets", SERVICE),
    ("svc-systems", SERVICE),
    ("agent-proto", &["model"]),
    ("agent", &["agent-proto", "blocks", "function-code", "logic", "machine-init", "model", "netns"]),
    // It runs in machines, beside everything else.
    ("machine-init", &["model"]),
    ("edge", &["agent-proto", "logic", "model", "netns"]),
    // A client that knows only AWS.
    ("sdk-rust", &[]),
    ("xtask", &[]),
];

const SERVICE: &[&str] = &["front", "api", "wire", "model", "logic", "spine", "agent-proto"];

/// A service that takes tokens of identity providers.
const TOKENS: &[&str] = &["front", "api", "wire", "model", "logic", "spine", "agent-proto", "oidc"];

/// The crates that put everything together.
const TOPS: &[&str] = &["cloud", "hillfog", "sim"];

/// What is used of `cargo metadata`.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// Every dependency that leans the wrong way, and every crate that isn't in the picture.
pub fn breaches(root: &Path) -> Result<Vec<String>> {
    let packages = packages(root)?;
    let ours: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    Ok(packages.iter().flat_map(|package| of(package, &ours)).collect())
}

fn of(package: &Package, ours: &[&str]) -> Vec<String> {
    let name = package.name.as_str();
    let used = package.dependencies.iter().filter(|it| it.kind.as_deref() != Some("dev"));
    let used = used.map(|it| it.name.as_str()).filter(|used| ours.contains(used));
    match LEANS.iter().find(|(known, _)| *known == name) {
        Some((_, allowed)) => used.filter(|it| !allowed.contains(it)).map(|it| format!("{name} leans on {it}")).collect(),
        None if TOPS.contains(&name) => Vec::new(),
        None => vec![format!("{name} isn't in the picture: say in xtask/src/tidy/crates.rs on what it may lean")],
    }
}

fn packages(root: &Path) -> Result<Vec<Package>> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = cargo.args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).current_dir(root).output();
    let output = output.context("cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice::<Metadata>(&output.stdout)?.packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, uses: &[(&str, Option<&str>)]) -> Package {
        let dependency = |(name, kind): &(&str, Option<&str>)| Dependency { name: (*name).into(), kind: kind.map(str::to_owned) };
        Package { name: name.into(), dependencies: uses.iter().map(dependency).collect() }
    }

    #[test]
    fn a_wrong_direction_is_named() {
        let ours = ["logic", "front", "model"];
        let leaning = package("logic", &[("front", None), ("model", None), ("serde", None), ("front", Some("dev"))]);
        assert_eq!(of(&leaning, &ours), ["logic leans on front"]);
        assert_eq!(of(&package("new", &[]), &ours).len(), 1);
        assert!(of(&package("sim", &[("front", None)]), &ours).is_empty());
    }
}
