//! Block devices as file systems: looked at, configured, mounted nowhere yet.

pub use crate::machine::shimmed::block::{in_use, number};

use super::{
    mounts::{Context, Detached, NO_DEVICES},
    superblock::{self, Kind},
};
use std::{
    fs::File,
    io::{self, Read},
    os::fd::AsFd,
    path::Path,
};

/// What is on a device.
pub fn kind(device: &Path) -> io::Result<Kind> {
    let mut first = Vec::new();
    File::open(device)?.take(superblock::BYTES as u64).read_to_end(&mut first)?;
    superblock::kind(&first).map_err(io::Error::other)
}

/// Mounts the file system of a device, its ids mapped to a user namespace, without device nodes. `options` are those of the file system itself,
/// with a value or not.
pub fn mount(
    device: &Path,
    kind: Kind,
    user: &impl AsFd,
    attributes: u64,
    options: &[(String, Option<String>)],
    read_only: bool,
) -> io::Result<Detached> {
    let context = Context::open(kind.name())?;
    context.set("source", &device.to_string_lossy())?;
    if read_only {
        context.flag("ro")?;
    }
    context.set_all(options)?;
    match kind {
        // Whatever the superblock says: it may say that the kernel is to panic.
        Kind::Ext4 => context.set("errors", "remount-ro")?,
        // Volumes that began as one snapshot have the same id.
        Kind::Xfs => context.flag("nouuid")?,
    };
    let mount = context.mount(attributes | NO_DEVICES)?;
    mount.map_ids(user)?;
    Ok(mount)
}
