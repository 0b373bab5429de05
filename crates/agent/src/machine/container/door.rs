//! A machine's user namespace and the network namespace that belongs to it. They are made before its first boot, so that interfaces can be
//! plugged in, and live on over reboots: each is kept by a file that it is bound to.

use super::ids::COUNT;
use netns::Namespace;
use nix::{
    errno::Errno,
    fcntl::OFlag,
    sys::wait::waitpid,
    unistd::{Pid, pipe2},
};
use std::{
    fs::{self, File},
    io,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
};

/// The file of the user namespace, in the machine's runtime folder.
pub fn user(runtime: &Path) -> PathBuf {
    runtime.join("user")
}

/// The file of the network namespace, in the machine's runtime folder.
pub fn net(runtime: &Path) -> PathBuf {
    runtime.join("net")
}

/// Makes both, unless they are there; root inside has the id `base` outside.
pub fn ensure(runtime: &Path, base: u32) -> io::Result<()> {
    if Namespace::exists(&user(runtime)) && Namespace::exists(&net(runtime)) {
        return Ok(());
    }
    remove(runtime)?;
    let holder = Holder::start()?;
    for map in ["uid_map", "gid_map"] {
        fs::write(holder.file(map), format!("0 {base} {COUNT}"))?;
    }
    // What is said of network namespaces holds for all: they are files that can be bound.
    for (name, path) in [("ns/user", user(runtime)), ("ns/net", net(runtime))] {
        Namespace::open(&holder.file(name)).and_then(|made| made.keep_at(&path)).map_err(io::Error::other)?;
    }
    Ok(())
}

/// Both, opened: they live at least as long as this.
pub struct Door {
    /// The user namespace.
    pub user: File,
    /// The network namespace.
    pub net: File,
}

impl Door {
    /// Opens what [`ensure`] has made.
    pub fn open(runtime: &Path) -> io::Result<Self> {
        for path in [user(runtime), net(runtime)] {
            Namespace::open(&path).map_err(io::Error::other)?;
        }
        Ok(Self { user: File::open(user(runtime))?, net: File::open(net(runtime))? })
    }
}

/// Lets go of both. None there is no error.
pub fn remove(runtime: &Path) -> io::Result<()> {
    for path in [net(runtime), user(runtime)] {
        Namespace::remove(&path).map_err(io::Error::other)?;
    }
    Ok(())
}

/// A process that does nothing but be in new namespaces until they are kept.
struct Holder {
    pid: Pid,
    /// It ends when this closes.
    _end: std::os::fd::OwnedFd,
}

impl Holder {
    fn start() -> io::Result<Self> {
        let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
        let (read_fd, write_fd) = (read.as_raw_fd(), write.as_raw_fd());
        let flags = libc::CLONE_NEWUSER | libc::CLONE_NEWNET | libc::SIGCHLD;
        // SAFETY: this process may have many threads, so its copy, which has only this one, makes bare system calls and nothing
        // else: there is no lock that it could wait for.
        let pid = unsafe {
            let pid = libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0);
            if pid == 0 {
                let mut byte = 0u8;
                libc::syscall(libc::SYS_close, write_fd);
                libc::syscall(libc::SYS_read, read_fd, &raw mut byte, 1);
                libc::syscall(libc::SYS_exit_group, 0);
            }
            Errno::result(pid)?
        };
        Ok(Self { pid: Pid::from_raw(pid as i32), _end: write })
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::new("/proc").join(self.pid.to_string()).join(name)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // Its namespaces are kept or not wanted: it needs no time to end in.
        let _ = nix::sys::signal::kill(self.pid, nix::sys::signal::Signal::SIGKILL);
        let _ = waitpid(self.pid, None);
    }
}
