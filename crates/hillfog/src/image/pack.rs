//! Root file systems that are no disks yet: folders, archives, container images.

use super::{progress::Progress, work::Work};
use crate::aws::Aws;
use agent::image::{ImageLimits, ImageStore, Registries, archive as archives, remote::Patience};
use anyhow::{Context, Result, bail};
use disk_image::{
    ext4,
    tree::{Contents, Whiteouts, fitting_gib, measure},
};
use std::{
    fs::File,
    path::{Path, PathBuf},
};

/// Makes a disk of a folder.
///
/// # Errors
/// If it holds what a root file system must not, or doesn't fit.
pub fn folder(root: &Path, gib: Option<u32>, work: &Work, progress: &Progress) -> Result<File> {
    progress.step(format!("Packing {}", root.display()));
    let contents = measure(root, Whiteouts::Refused)?;
    looks_like_a_root(&[root.to_owned()])?;
    let image = work.path().join("disk");
    ext4::of_folder(root, &image, bytes(contents, gib))?;
    Ok(File::open(image)?)
}

/// Makes a disk of an archive.
///
/// # Errors
/// If it is none, or is hostile, or as for a folder.
pub fn archive(file: File, gib: Option<u32>, work: &Work, progress: &Progress) -> Result<File> {
    progress.step("Unpacking the archive");
    let root = work.root()?;
    let unpacked = archives::unpack_file(file, &root, &ImageLimits::default());
    unpacked.context(
        "The file isn't an archive that can be unpacked; a disk that is compressed has to be unpacked first (`gzip -d`)",
    )?;
    folder(&root, gib, work, progress)
}

/// Makes a disk of a container image: its layers, one upon another, as a container would see them.
///
/// # Errors
/// If it can't be pulled, or as for a folder.
pub async fn container_image(name: &str, gib: Option<u32>, work: &Work, aws: &Aws, progress: &Progress) -> Result<File> {
    progress.step(format!("Pulling {name}"));
    let reference = logic::image_reference::parse(name)?;
    let own = reference.registry == aws.authority();
    let credentials = if own { Some(aws.registry_password().await?) } else { None };
    let limits = ImageLimits::default();
    let store = ImageStore::open(&work.path().join("image"), limits.clone())?;
    let registries = Registries::new(aws.env().clone(), limits, Patience::default());
    let pulled = registries.pull(&store, name, credentials).await?;
    let layers = store.layer_paths(&pulled);
    progress.step(format!("Packing {} layers", layers.len()));
    let mut contents = Contents::default();
    for layer in &layers {
        let found = measure(layer, Whiteouts::Layers)?;
        contents = Contents { bytes: contents.bytes + found.bytes, entries: contents.entries + found.entries };
    }
    looks_like_a_root(&layers)?;
    let image = work.path().join("disk");
    ext4::of_layers(&layers, work.path(), &image, bytes(contents, gib))?;
    Ok(File::open(image)?)
}

fn bytes(contents: Contents, gib: Option<u32>) -> u64 {
    u64::from(gib.unwrap_or_else(|| fitting_gib(contents))) << 30
}

/// A machine without a shell can't be entered: the folder is most likely the wrong one.
fn looks_like_a_root(folders: &[PathBuf]) -> Result<()> {
    let has = |path: &str| folders.iter().any(|folder| folder.join(path).symlink_metadata().is_ok());
    if has("bin/sh") || has("usr/bin/sh") || has("sbin/init") || has("usr/sbin/init") {
        return Ok(());
    }
    bail!("It is no root file system: it has neither /bin/sh nor /sbin/init")
}
