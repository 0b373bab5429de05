//! A zip in a folder.

use crate::{Contents, Refused, walk};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink},
    path::Path,
};

/// Unpacks a zip, whose files may have `most` bytes together, into an empty folder in which nobody else writes.
///
/// Files have the permission bits that the zip gives them, and what their owner may read or execute everybody may: functions run as
/// somebody else, and programs that make zips (Python's `zipfile`) think of nobody but the owner. Files without any are for all to read and
/// execute; folders are for all to read. The bits that make a program run as its owner are left out. Nothing is written by way of a link.
///
/// # Errors
/// [`Refused`]; what is in the folder then is of no use.
pub fn unpack(zip: impl Read + Seek, folder: &Path, most: u64) -> Result<Contents, Refused> {
    walk::walk(zip, most, &mut Folder(folder))
}

/// Permission bits of files of which the zip says none, as one that was made on Windows does.
const UNSAID: u32 = 0o755;

struct Folder<'a>(&'a Path);

impl walk::Destination for Folder<'_> {
    fn folder(&mut self, path: &str) -> io::Result<()> {
        let path = self.0.join(path);
        fs::DirBuilder::new().mode(0o755).create(&path)?;
        // Whatever the process's mask is.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
    }

    fn file(&mut self, path: &str, mode: Option<u32>) -> io::Result<impl io::Write> {
        let file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.0.join(path))?;
        let mode = mode.filter(|mode| mode & 0o777 != 0).unwrap_or(UNSAID);
        file.set_permissions(fs::Permissions::from_mode(for_all(mode & 0o777)))?;
        Ok(file)
    }

    fn link(&mut self, path: &str, target: &str) -> io::Result<()> {
        symlink(target, self.0.join(path))
    }
}

/// What the owner may read or execute, everybody may.
fn for_all(mode: u32) -> u32 {
    let owner = mode >> 6 & 0o5;
    mode | owner << 3 | owner
}
