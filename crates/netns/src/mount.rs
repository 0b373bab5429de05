//! The bind mount that keeps a namespace at a path.
//!
//! Other mount namespaces may hold a copy of the mount (a program that was started in one of its own, for example). It does no
//! harm: unlinking the file takes the copies away too (Linux 3.18 and later), which is why removal always ends with an unlink.

use crate::Error;
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Makes the empty file on which a namespace is mounted, and its folder.
pub(crate) fn prepare(path: &Path) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|cause| Error::path("make the folder", folder, cause))?;
    }
    File::create(path).map(drop).map_err(|cause| Error::path("make the file", path, cause))
}

/// Mounts the namespace file `from` on `path`.
pub(crate) fn bind(from: &str, path: &Path) -> Result<(), Error> {
    let nothing = None::<&str>;
    mount(Some(from), path, nothing, MsFlags::MS_BIND, nothing)
        .map_err(|errno| Error::path("mount a namespace at", path, errno.into()))
}

/// Unmounts whatever is mounted on `path`, and unlinks it.
pub(crate) fn release(path: &Path) -> Result<(), Error> {
    loop {
        match umount2(path, MntFlags::MNT_DETACH) {
            Ok(()) => continue,
            Err(Errno::EINVAL | Errno::ENOENT) => break,
            Err(errno) => return Err(Error::path("unmount", path, errno.into())),
        }
    }
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(Error::path("remove", path, cause)),
        _ => Ok(()),
    }
}
