//! What a name leads to for a caller. It never leads out of the caller's root.

use super::caller::Caller;
use nix::{
    errno::Errno,
    fcntl::{OFlag, OpenHow, ResolveFlag, openat2},
    sys::stat::fstat,
};
use std::{
    ffi::OsStr,
    fs::File,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
};

/// Opens a name as a place.
pub fn lookup(caller: &Caller, name: &[u8]) -> Result<OwnedFd, Errno> {
    let path = Path::new(OsStr::from_bytes(name));
    if path.is_absolute() {
        return in_root(&caller.root, path);
    }
    // Such a name is looked up in the working folder, but a link in it in the root: so the folder's own name in the root is asked for.
    let (folder, root) = (name_of(&caller.folder)?, name_of(&caller.root)?);
    let folder = Path::new("/").join(folder.strip_prefix(&root).map_err(|_| Errno::ENOENT)?);
    // The name may have come to mean another folder.
    let (one, other) = (fstat(in_root(&caller.root, &folder)?)?, fstat(&caller.folder)?);
    match (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino) {
        true => in_root(&caller.root, &folder.join(path)),
        false => Err(Errno::ENOENT),
    }
}

fn in_root(root: &File, path: &Path) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    openat2(root, path, OpenHow::new().flags(OFlag::O_PATH | OFlag::O_CLOEXEC).resolve(resolve))
}

fn name_of(file: &File) -> Result<PathBuf, Errno> {
    std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).map_err(|_| Errno::ENOENT)
}
