//! What no compiler checks: the directions in which the crates lean, and what every file has to keep to.

mod crates;
mod files;

use anyhow::{Result, ensure};
use std::path::Path;

/// Fails, naming every breach.
pub fn check(root: &Path) -> Result<()> {
    let breaches: Vec<String> = crates::breaches(root)?.into_iter().chain(files::breaches(root)?).collect();
    ensure!(breaches.is_empty(), "tidy found {}:\n  {}", breaches.len(), breaches.join("\n  "));
    Ok(())
}
