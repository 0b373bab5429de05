//! Whether something is done for a caller, and what. Decided from what the caller can't change any more.

use super::{
    super::superblock::Kind,
    caller::{DiskRequest, Request, Wish},
    lookup::lookup,
    options::{self, Options},
};
use nix::{
    errno::Errno,
    libc::dev_t,
    sys::{
        stat::{SFlag, fstat},
        statfs::{EXT4_SUPER_MAGIC, FsType, fstatfs},
    },
};
use std::{
    fs::File,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::MetadataExt,
    },
    path::PathBuf,
};

/// `XFS_SUPER_MAGIC`.
const XFS: i64 = 0x5846_5342;

/// What is to become of a call.
pub enum Judgement {
    /// It is the kernel's to judge.
    Kernel,
    /// A file system is mounted.
    Mount(Mount),
    /// A mount is given other flags, its file system other options.
    Change(Change),
    /// A file system that is mounted grows with its disk.
    Grow(Grow),
    /// A request about a disk is made.
    Disk(DiskRequest),
}

/// A mount to be made.
pub struct Mount {
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

/// A mount to be changed.
pub struct Change {
    /// Its root.
    pub target: OwnedFd,
    /// The caller's mount namespace.
    pub mounts: File,
    /// How it is to be mounted.
    pub options: Options,
}

/// A file system to grow.
pub struct Grow {
    /// A file or folder of it.
    pub file: OwnedFd,
    /// The request of ioctl(2).
    pub request: u64,
    /// Its argument, as it was.
    pub argument: [u8; 16],
}

/// Judges a call. `user` is the machine's user namespace, `disk` finds the device behind a number that is one of the machine's disks.
pub fn judge(request: Request, user: &File, disk: impl Fn(dev_t) -> Option<PathBuf>) -> Result<Judgement, Errno> {
    let Request { caller, wish } = request;
    let trusted = caller.is_admin && same(&caller.user, user);
    let admitted = || if trusted { Ok(()) } else { Err(Errno::EPERM) };
    match wish {
        // Of other devices, and to others than the machine's root, the kernel says what it thinks.
        Wish::Disk(asked) => {
            let own = trusted && node(&asked.file).ok().and_then(&disk).is_some();
            Ok(if own { Judgement::Disk(asked) } else { Judgement::Kernel })
        }
        Wish::Grow { file, request, argument } => {
            let Some(_) = of_mounted(&file) else { return Ok(Judgement::Kernel) };
            admitted()?;
            disk(fstat(&file)?.st_dev).ok_or(Errno::EPERM)?;
            Ok(Judgement::Grow(Grow { file, request, argument }))
        }
        Wish::Mount { target, flags, data, .. } if flags & libc::MS_REMOUNT != 0 => {
            let target = lookup(&caller, &target)?;
            let Some(kind) = of_mounted(&target) else { return Ok(Judgement::Kernel) };
            admitted()?;
            disk(fstat(&target)?.st_dev).ok_or(Errno::EPERM)?;
            let options = options::parse(kind, flags & !libc::MS_REMOUNT, &data)?;
            Ok(Judgement::Change(Change { target, mounts: caller.mounts, options }))
        }
        Wish::Mount { source, target, kind, flags, data } => {
            let Some(kind) = std::str::from_utf8(&kind).ok().and_then(Kind::named) else { return Ok(Judgement::Kernel) };
            admitted()?;
            let options = options::parse(kind, flags, &data)?;
            let device = disk(node(&lookup(&caller, &source)?)?).ok_or(Errno::EACCES)?;
            let target = lookup(&caller, &target)?;
            Ok(Judgement::Mount(Mount { device, kind, target, mounts: caller.mounts, options }))
        }
    }
}

/// The number of a block device's node.
fn node(file: &OwnedFd) -> Result<dev_t, Errno> {
    let found = fstat(file)?;
    match SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFBLK => Ok(found.st_rdev),
        _ => Err(Errno::ENOTBLK),
    }
}

/// The kind of the file system that a file is on.
fn of_mounted(file: &impl AsFd) -> Option<Kind> {
    let found = fstatfs(file).ok()?.filesystem_type();
    let FsType(number) = found;
    match found {
        EXT4_SUPER_MAGIC => Some(Kind::Ext4),
        #[allow(clippy::unnecessary_cast, reason = "the field's width differs between C libraries")]
        _ if number as i64 == XFS => Some(Kind::Xfs),
        _ => None,
    }
}

fn same(one: &File, other: &File) -> bool {
    let identity = |file: &File| file.metadata().ok().map(|found| (found.dev(), found.ino()));
    identity(one).is_some() && identity(one) == identity(other)
}
