//! The boot's word that people may log in: the end of a pipe that closes.

use nix::{fcntl::OFlag, unistd::pipe2};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

/// Process 1's end. It is ready when the other end has been dropped, or its process has ended: a boot that failed must not lock people out.
pub struct Ready(Option<OwnedFd>);

impl Ready {
    /// The end to drop, and the end to watch.
    pub fn pair() -> io::Result<(OwnedFd, Ready)> {
        let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
        Ok((write, Ready(Some(read))))
    }

    /// What to watch; `None` once it has been closed.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(AsFd::as_fd)
    }

    /// The word has come.
    pub fn close(&mut self) {
        self.0 = None;
    }
}
