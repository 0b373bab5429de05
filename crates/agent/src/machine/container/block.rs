//! Block devices as file systems: looked at, configured, mounted nowhere yet.

use super::{
    mounts::{Context, Detached, NO_DEVICES},
    superblock::{self, Kind},
};
use nix::{errno::Errno, fcntl::OFlag, libc::dev_t};
use std::{
    fs::File,
    io::{self, Read},
    os::{
        fd::AsFd,
        unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    },
    path::Path,
};

/// The number of a block device.
pub fn number(device: &Path) -> io::Result<dev_t> {
    let found = std::fs::metadata(device)?;
    match found.file_type().is_block_device() {
        true => Ok(found.rdev()),
        false => Err(io::Error::other(format!("{} is no block device", device.display()))),
    }
}

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

/// Whether a file system on the device is mounted anywhere, or something else has it for itself.
pub fn in_use(device: &Path) -> bool {
    let opened = File::options().read(true).custom_flags(OFlag::O_EXCL.bits()).open(device);
    matches!(opened, Err(error) if error.raw_os_error() == Some(Errno::EBUSY as i32))
}
