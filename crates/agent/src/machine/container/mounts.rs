//! The kernel's mount API by file descriptors (`fsopen(2)`, `fsmount(2)`, `open_tree(2)`, `mount_setattr(2)`, `move_mount(2)`): a file
//! system is configured and mounted nowhere, gets its flags and its map of ids, and only then a place.
//!
//! Only what the system calls do; which mounts a machine has is said in `shim::tree` and `intercept`.

use nix::errno::Errno;
use std::{
    ffi::{CStr, CString, c_int, c_uint},
    io::{self, Read},
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
    path::Path,
};

/// `MOUNT_ATTR_…`: no device nodes.
pub const NO_DEVICES: u64 = 0x4;
/// `MOUNT_ATTR_RDONLY`.
pub const READ_ONLY: u64 = 0x1;
/// `MOUNT_ATTR_NOSUID`.
pub const NO_SUID: u64 = 0x2;
/// `MOUNT_ATTR_NOEXEC`.
pub const NO_EXEC: u64 = 0x8;
const IDMAP: u64 = 0x10_0000;
/// `MOUNT_ATTR__ATIME`, a field of values.
const TIMES: u64 = 0x70;

const FSOPEN_CLOEXEC: c_uint = 1;
const FSMOUNT_CLOEXEC: c_uint = 1;
const SET_FLAG: c_uint = 0;
const SET_STRING: c_uint = 1;
const CREATE: c_uint = 6;
const RECONFIGURE: c_uint = 7;
const FSPICK_CLOEXEC: c_uint = 0x1;
const FSPICK_EMPTY: c_uint = 0x8;
const OPEN_TREE_CLONE: c_uint = 1;
const MOVE_FROM_EMPTY: c_uint = 0x4;
const MOVE_TO_EMPTY: c_uint = 0x40;

/// A file system that is being configured.
pub struct Context(OwnedFd);

/// A mount that has no place yet. It ends when this is dropped, unless it was [attached](Self::attach).
pub struct Detached(OwnedFd);

impl Context {
    /// Begins with a file system of a kind, such as `ext4`.
    pub fn open(kind: &CStr) -> io::Result<Self> {
        // SAFETY: the name is a C string.
        let fd = unsafe { libc::syscall(libc::SYS_fsopen, kind.as_ptr(), FSOPEN_CLOEXEC) };
        Ok(Self(owned(fd)?))
    }

    /// Sets an option that has a value.
    pub fn set(&self, key: &str, value: &str) -> io::Result<&Self> {
        let value = c_string(value)?;
        self.configure(SET_STRING, Some(key), Some(&value))
    }

    /// Sets an option that has none.
    pub fn flag(&self, key: &str) -> io::Result<&Self> {
        self.configure(SET_FLAG, Some(key), None)
    }

    /// Makes the file system, and a mount of it with these attributes.
    pub fn mount(self, attributes: u64) -> io::Result<Detached> {
        self.configure(CREATE, None, None)?;
        // SAFETY: the call takes a descriptor and two numbers.
        let fd = unsafe { libc::syscall(libc::SYS_fsmount, self.0.as_raw_fd(), FSMOUNT_CLOEXEC, attributes as c_uint) };
        Ok(Detached(owned(fd)?))
    }

    /// Takes up the file system that is mounted at a place, to be configured anew.
    pub fn of(mount: &impl AsFd) -> io::Result<Self> {
        let (empty, flags) = (c"", FSPICK_CLOEXEC | FSPICK_EMPTY);
        // SAFETY: the path is a C string.
        let fd = unsafe { libc::syscall(libc::SYS_fspick, mount.as_fd().as_raw_fd(), empty.as_ptr(), flags) };
        Ok(Self(owned(fd)?))
    }

    /// Sets options, each with a value or not.
    pub fn set_all(&self, options: &[(String, Option<String>)]) -> io::Result<()> {
        for (key, value) in options {
            match value {
                Some(value) => self.set(key, value)?,
                None => self.flag(key)?,
            };
        }
        Ok(())
    }

    /// Sets options of a file system that was taken up.
    pub fn reconfigure(&self, options: &[(String, Option<String>)]) -> io::Result<()> {
        self.set_all(options)?;
        self.configure(RECONFIGURE, None, None).map(drop)
    }

    fn configure(&self, what: c_uint, key: Option<&str>, value: Option<&CStr>) -> io::Result<&Self> {
        let name = key.map(c_string).transpose()?;
        let pointer = |text: Option<&CStr>| text.map_or(std::ptr::null(), CStr::as_ptr);
        let (name, value) = (pointer(name.as_deref()), pointer(value));
        // SAFETY: both pointers are null or C strings that live until the call is over.
        let done = unsafe { libc::syscall(libc::SYS_fsconfig, self.0.as_raw_fd(), what, name, value, 0) };
        Errno::result(done).map_err(|errno| self.explained(errno))?;
        Ok(self)
    }

    /// The kernel says more than a number: lines such as `e ext4: …` are read from the context.
    fn explained(&self, errno: Errno) -> io::Error {
        let Ok(mut messages) = self.0.try_clone().map(std::fs::File::from) else { return errno.into() };
        let mut line = [0; 512];
        let mut said = String::new();
        while let Ok(length) = messages.read(&mut line) {
            said += &format!(" ({})", String::from_utf8_lossy(&line[..length]).trim().trim_start_matches("e "));
        }
        io::Error::new(io::Error::from(errno).kind(), Explained { errno, said })
    }
}

/// A kernel's refusal with its own words.
#[derive(Debug, thiserror::Error)]
#[error("{}{said}", errno.desc())]
struct Explained {
    errno: Errno,
    said: String,
}

/// The number of an error of this module.
pub fn errno_of(error: &io::Error) -> Errno {
    let explained = error.get_ref().and_then(|cause| cause.downcast_ref::<Explained>()).map(|explained| explained.errno);
    explained.unwrap_or_else(|| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}

impl Detached {
    /// A copy of the mount at a path, with those below it if `recursive`.
    pub fn copy_of(at: &impl AsFd, path: &Path, recursive: bool) -> io::Result<Self> {
        let path = c_string(&path.to_string_lossy())?;
        let mut flags = OPEN_TREE_CLONE | libc::O_CLOEXEC as c_uint | libc::AT_EMPTY_PATH as c_uint;
        if recursive {
            flags |= libc::AT_RECURSIVE as c_uint;
        }
        // SAFETY: the path is a C string.
        let fd = unsafe { libc::syscall(libc::SYS_open_tree, at.as_fd().as_raw_fd(), path.as_ptr(), flags) };
        Ok(Self(owned(fd)?))
    }

    /// Adds attributes.
    pub fn restrict(&self, attributes: u64) -> io::Result<()> {
        self.change(attributes, 0)
    }

    /// Shows the files' owners as they are in a user namespace, whose id 0 is 0 on the disk.
    pub fn map_ids(&self, user: &impl AsFd) -> io::Result<()> {
        self.change(IDMAP, user.as_fd().as_raw_fd())
    }

    fn change(&self, attributes: u64, user: RawFd) -> io::Result<()> {
        set_attributes(self, [attributes, 0, 0, user as u64])
    }

    /// Gives the mount its place, on top of what a descriptor leads to.
    pub fn attach(&self, target: &impl AsFd) -> io::Result<()> {
        let empty = c"";
        let (from, to, flags) = (self.0.as_raw_fd(), target.as_fd().as_raw_fd(), MOVE_FROM_EMPTY | MOVE_TO_EMPTY);
        // SAFETY: the paths are C strings.
        let done = unsafe { libc::syscall(libc::SYS_move_mount, from, empty.as_ptr(), to, empty.as_ptr(), flags) };
        Ok(Errno::result(done).map(drop)?)
    }
}

/// Gives a mount that has its place exactly these attributes, but for `nodev`, which stays, and for those about times of access, which stay as they are if
/// none is named (as with mount(2)).
pub fn change(mount: &impl AsFd, attributes: u64) -> io::Result<()> {
    let times = if attributes & TIMES == 0 { 0 } else { TIMES };
    let cleared = (READ_ONLY | NO_SUID | NO_EXEC) & !attributes | times;
    set_attributes(mount, [attributes, cleared, 0, 0])
}

fn set_attributes(mount: &impl AsFd, wish: [u64; 4]) -> io::Result<()> {
    let (empty, size) = (c"", size_of_val(&wish));
    let fd = mount.as_fd().as_raw_fd();
    // SAFETY: `struct mount_attr` is four numbers of 64 bits, and its size is said.
    let done = unsafe { libc::syscall(libc::SYS_mount_setattr, fd, empty.as_ptr(), libc::AT_EMPTY_PATH, &raw const wish, size) };
    Ok(Errno::result(done).map(drop)?)
}

impl AsFd for Detached {
    /// The folder or file that is mounted.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn c_string(text: &str) -> io::Result<CString> {
    CString::new(text).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}

fn owned(fd: libc::c_long) -> io::Result<OwnedFd> {
    let fd = Errno::result(fd)?;
    // SAFETY: the kernel has just made the descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as c_int) })
}
