//! `models/`: botocore's service models, stripped and compressed, so that generating code needs nothing but the checkout.

use crate::botocore::Model;
use crate::ops;
use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Makes the model of every service in `ops.toml` anew from botocore's `data` folder.
pub fn make(root: &Path, data: &Path) -> Result<()> {
    fs::create_dir_all(root.join("models"))?;
    for service in ops::read(root)?.keys() {
        let source = latest(&data.join(service))?;
        let model = parse(open(&source)?).with_context(|| source.display().to_string())?;
        let mut packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
        packed.write_all(&serde_json::to_vec(&model)?)?;
        fs::write(path(root, service), packed.finish()?)?;
    }
    Ok(())
}

/// The kept model of a service.
pub fn read(root: &Path, service: &str) -> Result<Model> {
    let path = path(root, service);
    parse(open(&path)?).with_context(|| path.display().to_string())
}

fn parse(json: Vec<u8>) -> Result<Model> {
    Ok(serde_json::from_slice(&json)?)
}

fn path(root: &Path, service: &str) -> PathBuf {
    root.join("models").join(format!("{service}.json.gz"))
}

/// The service's model of the greatest API version; botocore's sdist has it plain, its wheel compressed.
fn latest(service: &Path) -> Result<PathBuf> {
    let folders = fs::read_dir(service).with_context(|| service.display().to_string())?;
    let mut versions: Vec<PathBuf> = folders.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    versions.sort();
    let newest = versions.pop().with_context(|| format!("no version in {}", service.display()))?;
    let plain = newest.join("service-2.json");
    Ok(if plain.exists() { plain } else { newest.join("service-2.json.gz") })
}

fn open(path: &Path) -> Result<Vec<u8>> {
    let raw = fs::read(path).with_context(|| path.display().to_string())?;
    if path.extension().is_none_or(|extension| extension != "gz") {
        return Ok(raw);
    }
    let mut plain = Vec::new();
    GzDecoder::new(&raw[..]).read_to_end(&mut plain)?;
    Ok(plain)
}
