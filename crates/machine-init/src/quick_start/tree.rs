//! A folder that becomes a file system: every entry with its owner, its mode and the same time.

use super::Error;
use nix::{
    fcntl::AT_FDCWD,
    sys::{
        stat::{UtimensatFlags, utimensat},
        time::TimeSpec,
    },
};
use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, lchown, symlink},
    path::{Path, PathBuf},
};

/// The time of every entry, in seconds since 1970: 2026-01-01T00:00:00Z. A later one would make other bytes of the same files.
pub const TIME: i64 = 1_767_225_600;

/// The folder.
pub struct Tree(PathBuf);

impl Tree {
    /// Makes the folder, which must not be there yet.
    pub fn new(root: &Path) -> Result<Self, Error> {
        fs::create_dir_all(root.parent().unwrap_or(root)).map_err(Error::at(root))?;
        fs::create_dir(root).map_err(Error::at(root))?;
        let tree = Tree(root.to_owned());
        tree.settle("", 0o755, 0, 0)?;
        Ok(tree)
    }

    /// A folder that is there already.
    pub fn opened(root: &Path) -> Self {
        Tree(root.to_owned())
    }

    /// Where an entry stands on the host.
    pub fn at(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// A folder of root's, with those above it.
    pub fn folder(&self, path: &str, mode: u32) -> Result<(), Error> {
        if let Some((above, _)) = path.rsplit_once('/')
            && !self.at(above).is_dir()
        {
            self.folder(above, 0o755)?;
        }
        match fs::create_dir(self.at(path)) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(Error::at(&self.at(path))(error)),
            _ => {}
        }
        self.settle(path, mode, 0, 0)
    }

    /// A file of root's. What stood there before is replaced.
    pub fn file(&self, path: &str, mode: u32, contents: impl AsRef<[u8]>) -> Result<(), Error> {
        self.make_way(path)?;
        fs::write(self.at(path), contents).map_err(Error::at(&self.at(path)))?;
        self.settle(path, mode, 0, 0)
    }

    /// A link. What stood there before is replaced.
    pub fn link(&self, path: &str, target: impl AsRef<Path>) -> Result<(), Error> {
        self.make_way(path)?;
        symlink(target, self.at(path)).map_err(Error::at(&self.at(path)))?;
        lchown(self.at(path), Some(0), Some(0)).map_err(Error::at(&self.at(path)))
    }

    /// Gives an entry to somebody, with a mode.
    pub fn settle(&self, path: &str, mode: u32, user: u32, group: u32) -> Result<(), Error> {
        let at = self.at(path);
        lchown(&at, Some(user), Some(group))
            .and_then(|()| fs::set_permissions(&at, Permissions::from_mode(mode)))
            .map_err(Error::at(&at))
    }

    /// Gives every entry the same time, and counts them, the root itself left out.
    pub fn seal(&self) -> Result<usize, Error> {
        seal(&self.0)
    }

    fn make_way(&self, path: &str) -> Result<(), Error> {
        if let Some((above, _)) = path.rsplit_once('/') {
            self.folder_if_missing(above)?;
        }
        match fs::remove_file(self.at(path)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::at(&self.at(path))(error)),
            _ => Ok(()),
        }
    }

    fn folder_if_missing(&self, path: &str) -> Result<(), Error> {
        match self.at(path).is_dir() {
            true => Ok(()),
            false => self.folder(path, 0o755),
        }
    }
}

/// The same for a folder by its path.
fn seal(folder: &Path) -> Result<usize, Error> {
    let mut count = 0;
    for entry in fs::read_dir(folder).map_err(Error::at(folder))? {
        let entry = entry.map_err(Error::at(folder))?;
        count += 1;
        match entry.file_type().map_err(Error::at(&entry.path()))?.is_dir() {
            true => count += seal(&entry.path())?,
            false => set_time(&entry.path())?,
        }
    }
    set_time(folder)?;
    Ok(count)
}

fn set_time(path: &Path) -> Result<(), Error> {
    let time = TimeSpec::new(TIME, 0);
    utimensat(AT_FDCWD, path, &time, &time, UtimensatFlags::NoFollowSymlink).map_err(|error| Error::at(path)(error.into()))
}
