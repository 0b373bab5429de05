//! Files of a machine, handled from outside: never by a way that its owner may have laid, always in its root's name.

use caps::CapSet;
use nix::{
    errno::Errno,
    fcntl::{OFlag, OpenHow, ResolveFlag, openat2},
    sys::stat::{Mode, mkdirat},
    unistd::{Gid, Uid, setfsgid, setfsuid},
};
use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

/// Opens a folder or file below a folder of the machine, if no part of its name is a link.
pub fn open(root: &impl AsFd, path: &str, flags: OFlag) -> io::Result<OwnedFd> {
    let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(resolve);
    openat2(root, path, how).map_err(|errno| match errno {
        Errno::ELOOP | Errno::ENOTDIR => io::Error::other(format!("/{path} of the root file system isn't a folder")),
        errno => errno.into(),
    })
}

/// A folder directly in a folder of the machine, which is made if it is missing.
pub fn folder(parent: &impl AsFd, name: &str, base: u32, mode: u32) -> io::Result<OwnedFd> {
    let open = || open(parent, name, OFlag::O_PATH | OFlag::O_DIRECTORY);
    match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            as_root(base, || Ok::<_, io::Error>(mkdirat(parent, Path::new(name), Mode::from_bits_truncate(mode))?))?;
            open()
        }
        opened => opened,
    }
}

/// Does something in the name of the machine's root, but with all that our own may do: what is made belongs to the machine. (Our own root has no id in file
/// systems with mapped ids, and can make nothing there.)
pub fn as_root<T, E: From<io::Error>>(base: u32, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    setfsgid(Gid::from_raw(base));
    setfsuid(Uid::from_raw(base));
    // Another's name takes away what concerns files (capabilities(7)).
    let all = caps::read(None, CapSet::Permitted).and_then(|all| caps::set(None, CapSet::Effective, &all));
    let done = all.map_err(|error| io::Error::other(error).into()).and_then(|()| work());
    setfsuid(Uid::from_raw(0));
    setfsgid(Gid::from_raw(0));
    done
}
