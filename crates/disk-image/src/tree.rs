//! A folder that is to become a root file system: whether it may, and how much room it takes.

use crate::Error;
use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

/// What is in a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Bytes of all files, each rounded up to blocks of the file system.
    pub bytes: u64,
    /// Files, folders and everything else.
    pub entries: u64,
}

/// Devices that every Linux system has, by major and minor number: archives of root file systems hold them, and they lead to nothing of the host's.
const HARMLESS: &[(u64, u64)] = &[(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2)];

/// What a folder for layers of container images may hold besides: the marks of what is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whiteouts {
    /// They are devices like others.
    Refused,
    /// They are none of the file system's.
    Layers,
}

/// Measures a folder. Links aren't followed.
///
/// # Errors
/// If it holds devices of a host, or reaches into another file system (as `/` does into `/proc`).
pub fn measure(root: &Path, whiteouts: Whiteouts) -> Result<Contents, Error> {
    let device = fs::metadata(root)?.dev();
    let (mut folders, mut found) = (vec![root.to_owned()], Contents::default());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let about = path.symlink_metadata()?;
            let named = path.strip_prefix(root).unwrap_or(&path).display();
            if about.dev() != device {
                return Err(Error::Refused(format!("/{named} is on another file system: import a copy, made with `cp -ax`")));
            }
            if is_foreign(&about, whiteouts) {
                return Err(Error::Refused(format!("/{named} is a device of a host: remove it")));
            }
            found.entries += 1;
            if about.is_dir() {
                folders.push(path);
                found.bytes += 4096;
            } else if about.is_file() && about.nlink() > 1 {
                // Each of its names counts, so that the whole is at least as large as it has to be.
                found.bytes += about.len().next_multiple_of(4096) / about.nlink();
            } else if about.is_file() {
                found.bytes += about.len().min(about.blocks() * 512).next_multiple_of(4096);
            }
        }
    }
    Ok(found)
}

fn is_foreign(about: &fs::Metadata, whiteouts: Whiteouts) -> bool {
    let (kind, number) = (about.file_type(), about.rdev());
    let number = (nix::sys::stat::major(number), nix::sys::stat::minor(number));
    let is_mark = number == (0, 0) && whiteouts == Whiteouts::Layers;
    kind.is_block_device() || kind.is_char_device() && !HARMLESS.contains(&number) && !is_mark
}

/// The size in GiB of a disk for such contents, with as much room again.
pub fn fitting_gib(contents: Contents) -> u32 {
    // An inode has 256 bytes, and there is one for each 16 KiB of the disk.
    let inodes = contents.entries.saturating_mul(16 << 10);
    let bytes = contents.bytes.saturating_mul(2).saturating_add(256 << 20).max(inodes.saturating_mul(2));
    u32::try_from(bytes.div_ceil(1 << 30)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::{Mode, SFlag, makedev, mknod};

    #[test]
    fn a_folder_is_measured() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        fs::write(root.path().join("etc/one"), vec![1; 5000]).unwrap();
        fs::hard_link(root.path().join("etc/one"), root.path().join("two")).unwrap();
        std::os::unix::fs::symlink("/nowhere", root.path().join("link")).unwrap();
        let found = measure(root.path(), Whiteouts::Refused).unwrap();
        assert_eq!(found, Contents { bytes: 4096 + 8192, entries: 4 });
        assert_eq!(fitting_gib(found), 1);
        assert_eq!(fitting_gib(Contents { bytes: 3 << 30, entries: 10 }), 7);
        assert!(fitting_gib(Contents { bytes: 0, entries: 100_000 }) >= 3);
    }

    #[test]
    fn devices_of_a_host_are_refused() {
        if !nix::unistd::geteuid().is_root() {
            eprintln!("NOT RUN: needs root");
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let make = |name: &str, kind, major, minor| {
            mknod(&root.path().join(name), kind, Mode::from_bits_truncate(0o600), makedev(major, minor)).unwrap();
        };
        make("null", SFlag::S_IFCHR, 1, 3);
        assert!(measure(root.path(), Whiteouts::Refused).is_ok());
        make("hidden", SFlag::S_IFCHR, 0, 0);
        assert!(measure(root.path(), Whiteouts::Layers).is_ok());
        assert!(measure(root.path(), Whiteouts::Refused).is_err());
        make("disk", SFlag::S_IFBLK, 8, 0);
        let error = measure(root.path(), Whiteouts::Layers).unwrap_err().to_string();
        assert_eq!(error, "/disk is a device of a host: remove it");
    }

    #[test]
    fn other_file_systems_are_not_entered() {
        let error = measure(Path::new("/"), Whiteouts::Refused).unwrap_err().to_string();
        assert!(error.contains("another file system") || error.contains("device"), "{error}");
    }
}
