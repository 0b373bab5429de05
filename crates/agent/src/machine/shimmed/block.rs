//! Block devices, as things that somebody holds.

use nix::{errno::Errno, fcntl::OFlag, libc::dev_t};
use std::{
    fs::File,
    io,
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
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

/// Whether a file system on the device is mounted anywhere, or something else has it for itself.
pub fn in_use(device: &Path) -> bool {
    let opened = File::options().read(true).custom_flags(OFlag::O_EXCL.bits()).open(device);
    matches!(opened, Err(error) if error.raw_os_error() == Some(Errno::EBUSY as i32))
}
