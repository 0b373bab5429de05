//! What the processes of a start tell each other: short texts with file descriptors.

use nix::{
    cmsg_space,
    sys::socket::{
        AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, sendmsg, socketpair,
    },
};
use std::{
    io::{self, IoSlice, IoSliceMut},
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
};

/// One end.
pub struct Wire(OwnedFd);

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

const FAILED: &str = "failed: ";
const BYTES: usize = 4096;

impl Wire {
    /// Both ends. Neither survives an execution.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
        Ok((Self(one), Self(other)))
    }

    /// Says something.
    pub fn send(&self, text: &str, fds: &[&OwnedFd]) -> io::Result<()> {
        let fds: Vec<RawFd> = fds.iter().map(|fd| fd.as_raw_fd()).collect();
        let control = [ControlMessage::ScmRights(&fds)];
        let control = if fds.is_empty() { &[][..] } else { &control[..] };
        sendmsg::<()>(self.0.as_raw_fd(), &[IoSlice::new(text.as_bytes())], control, MsgFlags::MSG_NOSIGNAL, None)?;
        Ok(())
    }

    /// Says that nothing came of it, and why.
    pub fn fail(&self, error: &io::Error) -> io::Result<()> {
        let text = format!("{FAILED}{error}");
        self.send(&text[..text.floor_char_boundary(BYTES)], &[])
    }

    /// Hears something. What the other has failed by, and its end, are errors.
    pub fn receive(&self) -> io::Result<(String, Vec<OwnedFd>)> {
        match self.hear()? {
            (text, _) if text.is_empty() => Err(io::Error::other("the process ended without a word")),
            (text, fds) => Ok((text, fds)),
        }
    }

    /// Waits until the other end is gone.
    pub fn closed(&self) -> io::Result<()> {
        match self.hear()? {
            (text, _) if text.is_empty() => Ok(()),
            (text, _) => Err(io::Error::other(format!("an unexpected word: {text}"))),
        }
    }

    fn hear(&self) -> io::Result<(String, Vec<OwnedFd>)> {
        let mut buffer = vec![0; BYTES];
        let mut parts = [IoSliceMut::new(&mut buffer)];
        let mut space = cmsg_space!([RawFd; 4]);
        let message = recvmsg::<()>(self.0.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
        let mut fds = Vec::new();
        for control in message.cmsgs()? {
            if let ControlMessageOwned::ScmRights(received) = control {
                // SAFETY: the kernel has just made the descriptors for us.
                fds.extend(received.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
            }
        }
        let length = message.bytes;
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        match text.strip_prefix(FAILED) {
            Some(why) => Err(io::Error::other(why.to_owned())),
            None => Ok((text, fds)),
        }
    }
}
