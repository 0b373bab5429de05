//! Waits for something to happen in a folder (inotify(7)).

use nix::errno::Errno;
use std::{
    ffi::CString,
    fs::File,
    io::{self, Read},
    os::{
        fd::{FromRawFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
};
use tokio::io::unix::AsyncFd;

/// What happens in a folder from when this is made.
pub struct Watch(AsyncFd<File>);

impl Watch {
    /// Watches files that come, go or are replaced.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let path = CString::new(folder.as_os_str().as_bytes())?;
        // SAFETY: the call takes a number; the descriptor is new and nobody else's.
        let fd = unsafe {
            let fd = Errno::result(libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK))?;
            OwnedFd::from_raw_fd(fd)
        };
        let what = libc::IN_CREATE | libc::IN_MOVED_TO | libc::IN_DELETE | libc::IN_DELETE_SELF;
        // SAFETY: the path is a C string.
        Errno::result(unsafe { libc::inotify_add_watch(std::os::fd::AsRawFd::as_raw_fd(&fd), path.as_ptr(), what) })?;
        // SAFETY: the descriptor is owned by what is registered and closed after it.
        Ok(Self(unsafe { AsyncFd::register(fd.into()) }?))
    }

    /// Waits for something.
    pub async fn changed(&mut self) -> io::Result<()> {
        let mut ready = self.0.readable_mut().await?;
        let mut events = [0; 4096];
        let _ = ready.try_io(|file| file.get_mut().read(&mut events));
        Ok(())
    }
}
