//! What goes over the socket: a question with the caller's streams, and the answers.

use nix::{
    errno::Errno,
    sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    os::{
        fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
        unix::net::UnixStream,
    },
};

/// The longest message. An environment has to fit.
const LONGEST: u32 = 1 << 20;

/// What is to be run.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// In whose name.
    pub user: String,
    /// By the user's shell, as a login shell, or not by a shell.
    pub shell: Option<Shell>,
    /// The program and its arguments, or words for the shell.
    pub words: Vec<String>,
    /// Variables that are to be set.
    pub variables: Vec<(String, String)>,
    /// All streams are a terminal, of this many rows and columns: a new one is wanted.
    pub terminal: Option<(u16, u16)>,
}

/// How a shell is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shell {
    /// `-s`.
    Plain,
    /// `-i`.
    Login,
}

/// What the service says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It isn't done, in words.
    Refused(String),
    /// The program runs. The new terminal's master end comes with it, if there is one.
    Runs,
    /// It has ended with this code.
    Ended(i32),
}

/// What the caller says while the program runs: a signal that it got.
pub type Heard = i32;

/// Sends a message, and descriptors with it.
pub fn send(stream: &UnixStream, message: &impl Serialize, descriptors: &[BorrowedFd]) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    let length = u32::try_from(text.len()).ok().filter(|length| *length <= LONGEST);
    let length = length.ok_or_else(|| io::Error::other("the message is too long"))?.to_be_bytes();
    let raw: Vec<_> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let rights = if raw.is_empty() { &rights[..0] } else { &rights[..] };
    // Four bytes go whole or not at all.
    sendmsg::<()>(stream.as_raw_fd(), &[IoSlice::new(&length)], rights, MsgFlags::MSG_NOSIGNAL, None)?;
    let mut stream = stream;
    stream.write_all(&text)
}

/// Receives a message, and what descriptors came with it, four at most. `None` when the other side is gone.
pub fn receive<T: DeserializeOwned>(stream: &UnixStream) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut length = [0; 4];
    let mut space = nix::cmsg_space!([std::os::fd::RawFd; 4]);
    let mut descriptors = Vec::new();
    let count = loop {
        let mut parts = [IoSliceMut::new(&mut length)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC | MsgFlags::MSG_WAITALL;
        let message = match recvmsg::<()>(stream.as_raw_fd(), &mut parts, Some(&mut space), flags) {
            Err(Errno::EINTR) => continue,
            other => other?,
        };
        for control in message.cmsgs()? {
            if let ControlMessageOwned::ScmRights(raw) = control {
                // SAFETY: the kernel has just made these for this process.
                descriptors.extend(raw.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
            }
        }
        break message.bytes;
    };
    match count {
        0 => return Ok(None),
        4 => {}
        _ => return Err(io::ErrorKind::UnexpectedEof.into()),
    }
    let length = u32::from_be_bytes(length);
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the message is too long"));
    }
    let mut text = vec![0; length as usize];
    let mut stream = stream;
    stream.read_exact(&mut text)?;
    Ok(Some((serde_json::from_slice(&text)?, descriptors)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn messages_and_descriptors_arrive() {
        let (one, other) = UnixStream::pair().unwrap();
        let question =
            Question { user: "root".into(), words: vec!["a b".into()], terminal: Some((24, 80)), ..Question::default() };
        send(&one, &question, &[one.as_fd(), one.as_fd()]).unwrap();
        send(&one, &Answer::Ended(3), &[]).unwrap();
        let (received, descriptors) = receive::<Question>(&other).unwrap().unwrap();
        assert_eq!((received, descriptors.len()), (question, 2));
        assert_eq!(receive::<Answer>(&other).unwrap().unwrap().0, Answer::Ended(3));
        drop((one, descriptors));
        assert!(receive::<Answer>(&other).unwrap().is_none());
    }

    #[test]
    fn nonsense_is_an_error() {
        let (mut one, other) = UnixStream::pair().unwrap();
        one.write_all(&[0xff; 4]).unwrap();
        assert!(receive::<Question>(&other).is_err());
        one.write_all(&[0, 0, 0, 2, b'{', b'{']).unwrap();
        assert!(receive::<Question>(&other).is_err());
    }
}
