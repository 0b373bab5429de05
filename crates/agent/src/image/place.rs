//! Puts files into a folder that hostile names must not lead out of.
//!
//! Every name of a layer is resolved by the kernel (`openat2` with `RESOLVE_BENEATH`): an absolute name, a `..`, or a symbolic
//! link on the way that leads out of the folder is refused. Nothing here follows a link in the last place.

use super::limits::refusal;
use nix::{
    errno::Errno,
    fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2},
    sys::stat::{FchmodatFlags, Mode, SFlag, UtimensatFlags, fchmodat, makedev, mkdirat, mknodat, utimensat},
    sys::time::TimeSpec,
    unistd::{Gid, LinkatFlags, Uid, UnlinkatFlags, fchownat, linkat, symlinkat, unlinkat},
};
use std::{
    ffi::{CString, OsStr, OsString},
    fs::File,
    io,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Component, Path, PathBuf},
};

/// The folder that everything is placed beneath.
pub struct Root {
    folder: OwnedFd,
    /// The folder that the last entry was put into; archives are sorted, so it is mostly the next one's too.
    last: Option<(PathBuf, OwnedFd)>,
}

/// Owner, mode and times of an entry.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// Numeric user id.
    pub uid: u32,
    /// Numeric group id.
    pub gid: u32,
    /// Permission bits, with set-user-id, set-group-id and sticky.
    pub mode: u32,
    /// Seconds since the epoch.
    pub mtime: i64,
}

/// A device to be made.
#[derive(Clone, Copy, Debug)]
pub enum Node {
    /// A character device: major, minor.
    Character(u32, u32),
    /// A block device: major, minor.
    Block(u32, u32),
    /// A named pipe.
    Fifo,
}

const BENEATH: ResolveFlag = ResolveFlag::RESOLVE_BENEATH.union(ResolveFlag::RESOLVE_NO_MAGICLINKS);

impl Root {
    /// Takes a folder that exists.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        Ok(Self { folder: nix::fcntl::open(path, flags, Mode::empty())?, last: None })
    }

    /// The folder itself, for a final sync.
    pub fn folder(&self) -> &OwnedFd {
        &self.folder
    }

    /// Makes a folder, or keeps the one that is there.
    pub fn directory(&mut self, path: &Path) -> io::Result<()> {
        let Some((parent, name)) = self.entry(path)? else { return Ok(()) };
        match mkdirat(parent, name.as_os_str(), Mode::from_bits_truncate(0o755)) {
            Err(Errno::EEXIST) => {}
            other => return Ok(other?),
        }
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        if openat(parent, name.as_os_str(), flags, Mode::empty()).is_ok() {
            return Ok(());
        }
        unlinkat(parent, name.as_os_str(), UnlinkatFlags::NoRemoveDir)?;
        Ok(mkdirat(parent, name.as_os_str(), Mode::from_bits_truncate(0o755))?)
    }

    /// Makes an empty regular file in place of whatever had the name.
    pub fn file(&mut self, path: &Path) -> io::Result<File> {
        let (parent, name) = self.vacant(path)?;
        let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        Ok(openat(parent, name.as_os_str(), flags, Mode::from_bits_truncate(0o600))?.into())
    }

    /// Makes a symbolic link. Its target is text: it is resolved in the container, never here.
    pub fn symlink(&mut self, path: &Path, target: &Path) -> io::Result<()> {
        let (parent, name) = self.vacant(path)?;
        Ok(symlinkat(target, parent, name.as_os_str())?)
    }

    /// Makes a second name for a file of this layer.
    pub fn hard_link(&mut self, path: &Path, target: &Path) -> io::Result<()> {
        let Some((target_parent, target_name)) = self.entry(target)? else {
            return Err(refusal(format!("{} is a hard link to a folder", path.display())));
        };
        let target_parent = target_parent.try_clone()?;
        if self.entry(path)?.is_some_and(|(parent, name)| same_name(parent, &name, &target_parent, &target_name)) {
            return Ok(());
        }
        let (parent, name) = self.vacant(path)?;
        Ok(linkat(&target_parent, target_name.as_os_str(), parent, name.as_os_str(), LinkatFlags::empty())?)
    }

    /// Makes a device or a pipe. Devices do nothing on the host side: layers lie in a folder that only root can enter, and
    /// containers mount them with `nodev`.
    pub fn node(&mut self, path: &Path, node: Node) -> io::Result<()> {
        let (parent, name) = self.vacant(path)?;
        let (kind, device) = match node {
            Node::Character(major, minor) => (SFlag::S_IFCHR, makedev(major.into(), minor.into())),
            Node::Block(major, minor) => (SFlag::S_IFBLK, makedev(major.into(), minor.into())),
            Node::Fifo => (SFlag::S_IFIFO, 0),
        };
        Ok(mknodat(parent, name.as_os_str(), kind, Mode::from_bits_truncate(0o600), device)?)
    }

    /// Sets an extended attribute, without following a link.
    pub fn attribute(&mut self, path: &Path, name: &OsStr, value: &[u8]) -> io::Result<()> {
        let file = match self.entry(path)? {
            Some((parent, last)) => Path::new(&format!("/proc/self/fd/{}", parent.as_raw_fd())).join(last),
            None => PathBuf::from(format!("/proc/self/fd/{}/.", self.folder.as_raw_fd())),
        };
        let file = CString::new(file.as_os_str().as_bytes())?;
        let name = CString::new(name.as_bytes())?;
        // SAFETY: both strings end in a zero byte and the value's length is given.
        let done = unsafe { libc::lsetxattr(file.as_ptr(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0) };
        Ok(Errno::result(done).map(drop)?)
    }

    /// Gives an entry its owner, and a mode and a time unless it is a symbolic link.
    pub fn own(&mut self, path: &Path, owner: Owner, is_link: bool) -> io::Result<()> {
        let (parent, name) = match self.entry(path)? {
            Some((parent, name)) => (parent.try_clone()?, name),
            None => (self.folder.try_clone()?, OsString::from(".")),
        };
        let (parent, name) = (&parent, name.as_os_str());
        let (uid, gid) = (Uid::from_raw(owner.uid), Gid::from_raw(owner.gid));
        fchownat(parent, name, Some(uid), Some(gid), AtFlags::AT_SYMLINK_NOFOLLOW)?;
        if !is_link {
            fchmodat(parent, name, Mode::from_bits_truncate(owner.mode), FchmodatFlags::FollowSymlink)?;
        }
        let time = TimeSpec::new(owner.mtime, 0);
        Ok(utimensat(parent, name, &time, &time, UtimensatFlags::NoFollowSymlink)?)
    }

    /// The folder and the name of an entry whose name is free now: whatever had it is removed.
    fn vacant(&mut self, path: &Path) -> io::Result<(&OwnedFd, OsString)> {
        let Some((parent, name)) = self.entry(path)? else {
            return Err(refusal("an entry takes the place of the root folder"));
        };
        match unlinkat(parent, name.as_os_str(), UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(Errno::EISDIR) => {
                std::fs::remove_dir_all(Path::new(&format!("/proc/self/fd/{}", parent.as_raw_fd())).join(&name))?;
                self.last = None;
            }
            Err(other) => return Err(other.into()),
        }
        self.entry(path)?.ok_or_else(|| refusal("an entry takes the place of the root folder"))
    }

    /// The folder that an entry belongs in, made if it isn't there, and the entry's last name; `None` is the root itself.
    fn entry(&mut self, path: &Path) -> io::Result<Option<(&OwnedFd, OsString)>> {
        let path = plain(path)?;
        let Some(name) = path.file_name().map(OsStr::to_owned) else { return Ok(None) };
        let parent = path.parent().unwrap_or(Path::new(""));
        if self.last.as_ref().is_none_or(|(last, _)| last != parent) {
            let opened = self.open_folder(parent)?;
            self.last = Some((parent.to_owned(), opened));
        }
        Ok(self.last.as_ref().map(|(_, folder)| (folder, name)))
    }

    fn open_folder(&self, path: &Path) -> io::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let how = OpenHow::new().flags(OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC).resolve(BENEATH);
        match openat2(&self.folder, path, how) {
            Ok(folder) => Ok(folder),
            Err(Errno::ENOENT) => self.make_folder(path),
            Err(Errno::EXDEV | Errno::ELOOP) => Err(refusal(format!("{} leads out of the layer", path.display()))),
            Err(Errno::ENOTDIR) => Err(refusal(format!("{} is not a folder", path.display()))),
            Err(other) => Err(other.into()),
        }
    }

    /// Some tools leave out the entries of parent folders; they belong to root, as in Docker.
    fn make_folder(&self, path: &Path) -> io::Result<OwnedFd> {
        let parent = self.open_folder(path.parent().unwrap_or(Path::new("")))?;
        let name = path.file_name().ok_or_else(|| refusal("a folder without a name"))?;
        mkdirat(&parent, name, Mode::from_bits_truncate(0o755))?;
        let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        Ok(openat(&parent, name, flags, Mode::empty())?)
    }
}

fn same_name(parent: &OwnedFd, name: &OsStr, other_parent: &OwnedFd, other_name: &OsStr) -> bool {
    let folder = |fd: &OwnedFd| nix::sys::stat::fstat(fd).map(|stat| (stat.st_dev, stat.st_ino)).ok();
    name == other_name && folder(parent).is_some_and(|this| Some(this) == folder(other_parent))
}

/// The name without its `.` components; an absolute name, or one with `..`, is refused.
fn plain(path: &Path) -> io::Result<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(refusal(format!("{} leads out of the layer", path.display())));
            }
        }
    }
    Ok(plain)
}
