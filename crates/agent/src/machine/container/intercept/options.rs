//! What flags and options of mount(2) come to. Pure.

use super::super::{mounts, shim::filter::MAGIC, superblock::Kind};
use nix::errno::Errno;

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
/// What is always so. (`idmapped` is in the table of mounts, from which libmount takes what a remount is to keep.)
const GIVEN: [&str; 4] = ["nouuid", "errors=remount-ro", "errors=continue", "idmapped"];

/// What flags and options come to. Those that aren't known are as wrong as the kernel says unknown ones are.
pub fn parse(kind: Kind, flags: u64, data: &[u8]) -> Result<Options, Errno> {
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
        let found = parse(
            Kind::Ext4,
            magic | libc::MS_NOATIME | libc::MS_RDONLY | libc::MS_SYNCHRONOUS,
            b"data=ordered,errors=remount-ro,discard",
        );
        let own = [("sync", None), ("data", Some("ordered")), ("discard", None)];
        let own = own.map(|(name, value)| (name.to_owned(), value.map(str::to_owned))).to_vec();
        assert_eq!(found, Ok(Options { attributes: 0x11, read_only: true, own }));
        assert_eq!(parse(Kind::Xfs, 0, b"nouuid"), Ok(Options::default()));
    }

    #[test]
    fn what_reaches_further_is_refused() {
        for data in
            ["errors=panic", "journal_dev=0xfe00", "journal_path=/dev/vda", "debug", "test_dummy_encryption", "sb=1", "x=\0"]
        {
            assert_eq!(parse(Kind::Ext4, 0, data.as_bytes()), Err(Errno::EINVAL), "{data}");
        }
        for data in ["logdev=/dev/vda", "rtdev=/dev/vda", "usrquota"] {
            assert_eq!(parse(Kind::Xfs, 0, data.as_bytes()), Err(Errno::EINVAL), "{data}");
        }
        assert_eq!(parse(Kind::Ext4, libc::MS_REMOUNT, b""), Err(Errno::EINVAL));
        assert_eq!(parse(Kind::Ext4, 1 << 29, b""), Err(Errno::EINVAL));
    }
}
