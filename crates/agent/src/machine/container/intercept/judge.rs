//! Whether a mount is made for a caller, and how.

use super::super::{mounts, shim::filter::MAGIC, superblock::Kind};
use super::caller::{Caller, Request};
use nix::{
    errno::Errno,
    fcntl::{OFlag, OpenHow, ResolveFlag, openat2},
    libc::dev_t,
    sys::stat::{SFlag, fstat},
};
use std::{
    ffi::OsStr,
    fs::File,
    os::{fd::OwnedFd, unix::ffi::OsStrExt, unix::fs::MetadataExt},
    path::{Path, PathBuf},
};

/// What is to become of a call.
pub enum Judgement {
    /// It is the kernel's to judge.
    Kernel,
    /// It is done.
    Mount(Plan),
}

/// A mount to be made.
pub struct Plan {
    /// The host's device.
    pub device: PathBuf,
    /// What is on it.
    pub kind: Kind,
    /// Where it is to be, in the caller's mount namespace.
    pub target: OwnedFd,
    /// The caller's mount namespace.
    pub mounts: File,
    /// How it is mounted.
    pub options: Options,
}

/// How a file system is mounted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `MOUNT_ATTR_…`.
    pub attributes: u64,
    /// The file system itself is only read.
    pub read_only: bool,
    /// Its own options.
    pub own: Vec<(String, Option<String>)>,
}

/// Judges a call. `user` is the machine's user namespace, `disk` finds the device behind a number that is one of the machine's disks.
pub fn judge(request: Request, user: &File, disk: impl FnOnce(dev_t) -> Option<PathBuf>) -> Result<Judgement, Errno> {
    let kind = std::str::from_utf8(&request.kind).ok().and_then(Kind::named);
    let Some(kind) = kind else { return Ok(Judgement::Kernel) };
    let caller = &request.caller;
    if !caller.is_admin || !same(&caller.user, user) {
        return Err(Errno::EPERM);
    }
    let options = options(kind, request.flags, &request.data)?;
    let source = lookup(caller, &request.source)?;
    let found = fstat(&source)?;
    if SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT != SFlag::S_IFBLK {
        return Err(Errno::ENOTBLK);
    }
    let device = disk(found.st_rdev).ok_or(Errno::EACCES)?;
    let target = lookup(caller, &request.target)?;
    Ok(Judgement::Mount(Plan { device, kind, target, mounts: request.caller.mounts, options }))
}

fn same(one: &File, other: &File) -> bool {
    let identity = |file: &File| file.metadata().ok().map(|found| (found.dev(), found.ino()));
    identity(one).is_some() && identity(one) == identity(other)
}

/// What a name leads to for the caller.
fn lookup(caller: &Caller, name: &[u8]) -> Result<OwnedFd, Errno> {
    let path = Path::new(OsStr::from_bytes(name));
    let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
    let how = OpenHow::new().flags(flags).resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    if path.is_absolute() {
        return openat2(&caller.root, path, how);
    }
    // Such a name is looked up in the working folder, but a link in it in the root: so the folder's own name in the root is asked for.
    let folder = std::fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&caller.folder)));
    let root = std::fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&caller.root)));
    let (Ok(folder), Ok(root)) = (folder, root) else { return Err(Errno::ENOENT) };
    let inside = folder.strip_prefix(&root).map_err(|_| Errno::ENOENT)?;
    let opened = openat2(&caller.root, &Path::new("/").join(inside), how)?;
    // The name may have come to mean another folder.
    let (one, other) = (fstat(&opened)?, fstat(&caller.folder)?);
    if (one.st_dev, one.st_ino) != (other.st_dev, other.st_ino) {
        return Err(Errno::ENOENT);
    }
    openat2(&caller.root, &Path::new("/").join(inside).join(path), how)
}

/// Flags of mount(2) that become attributes of the mount, and those that become options of the file system.
const ATTRIBUTES: [(u64, u64); 7] = [
    (libc::MS_RDONLY, mounts::READ_ONLY),
    (libc::MS_NOSUID, mounts::NO_SUID),
    (libc::MS_NODEV, mounts::NO_DEVICES),
    (libc::MS_NOEXEC, mounts::NO_EXEC),
    (libc::MS_NOATIME, 0x10),
    (libc::MS_STRICTATIME, 0x20),
    (libc::MS_NODIRATIME, 0x80),
];
const FLAGS: [(u64, &str); 3] = [(libc::MS_SYNCHRONOUS, "sync"), (libc::MS_DIRSYNC, "dirsync"), (libc::MS_LAZYTIME, "lazytime")];
const WITHOUT_EFFECT: u64 = libc::MS_SILENT | libc::MS_RELATIME | libc::MS_I_VERSION | libc::MS_MANDLOCK;

/// Options that concern nobody but the file system they are given to.
const EXT4: [&str; 20] = [
    "acl",
    "noacl",
    "user_xattr",
    "nouser_xattr",
    "discard",
    "nodiscard",
    "barrier",
    "nobarrier",
    "noload",
    "norecovery",
    "delalloc",
    "nodelalloc",
    "auto_da_alloc",
    "noauto_da_alloc",
    "grpid",
    "nogrpid",
    "data",
    "commit",
    "init_itable",
    "noinit_itable",
];
const XFS: [&str; 16] = [
    "attr2",
    "inode64",
    "inode32",
    "discard",
    "nodiscard",
    "norecovery",
    "noquota",
    "largeio",
    "nolargeio",
    "swalloc",
    "ikeep",
    "noikeep",
    "wsync",
    "logbufs",
    "logbsize",
    "allocsize",
];
/// What is always so.
const GIVEN: [&str; 3] = ["nouuid", "errors=remount-ro", "errors=continue"];

/// What flags and options come to. Those that aren't known are as wrong as the kernel says unknown ones are.
pub fn options(kind: Kind, flags: u64, data: &[u8]) -> Result<Options, Errno> {
    let mut flags = flags;
    if flags as u32 & MAGIC.0 == MAGIC.1 {
        flags &= !u64::from(MAGIC.0);
    }
    let mut options = Options { read_only: flags & libc::MS_RDONLY != 0, ..Options::default() };
    for (flag, attribute) in ATTRIBUTES {
        options.attributes |= if flags & flag != 0 { attribute } else { 0 };
        flags &= !flag;
    }
    for (flag, name) in FLAGS {
        options.own.extend((flags & flag != 0).then(|| (name.to_owned(), None)));
        flags &= !flag;
    }
    if flags & !WITHOUT_EFFECT != 0 {
        return Err(Errno::EINVAL);
    }
    let data = std::str::from_utf8(data).map_err(|_| Errno::EINVAL)?;
    let known: &[&str] = if kind == Kind::Ext4 { &EXT4 } else { &XFS };
    for option in data.split(',').filter(|option| !option.is_empty() && !GIVEN.contains(option)) {
        let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value.to_owned())));
        if !known.contains(&name) {
            return Err(Errno::EINVAL);
        }
        options.own.push((name.to_owned(), value));
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_one_file_system_is_passed_on() {
        let magic = u64::from(MAGIC.1);
        let found = options(
            Kind::Ext4,
            magic | libc::MS_NOATIME | libc::MS_RDONLY | libc::MS_SYNCHRONOUS,
            b"data=ordered,errors=remount-ro,discard",
        );
        let own = [("sync", None), ("data", Some("ordered")), ("discard", None)];
        let own = own.map(|(name, value)| (name.to_owned(), value.map(str::to_owned))).to_vec();
        assert_eq!(found, Ok(Options { attributes: 0x11, read_only: true, own }));
        assert_eq!(options(Kind::Xfs, 0, b"nouuid"), Ok(Options::default()));
    }

    #[test]
    fn what_reaches_further_is_refused() {
        for data in
            ["errors=panic", "journal_dev=0xfe00", "journal_path=/dev/vda", "debug", "test_dummy_encryption", "sb=1", "x=\0"]
        {
            assert_eq!(options(Kind::Ext4, 0, data.as_bytes()), Err(Errno::EINVAL), "{data}");
        }
        for data in ["logdev=/dev/vda", "rtdev=/dev/vda", "usrquota"] {
            assert_eq!(options(Kind::Xfs, 0, data.as_bytes()), Err(Errno::EINVAL), "{data}");
        }
        assert_eq!(options(Kind::Ext4, libc::MS_REMOUNT, b""), Err(Errno::EINVAL));
        assert_eq!(options(Kind::Ext4, 1 << 29, b""), Err(Errno::EINVAL));
    }
}
