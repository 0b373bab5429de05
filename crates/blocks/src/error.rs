//! Why something about blocks couldn't be done.

use std::io;

/// Why something about blocks couldn't be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such manifest or block.
    #[error("{0}: not found")]
    NotFound(String),
    /// What is stored isn't what was stored: a checksum differs, or the form is impossible.
    #[error("{0}")]
    Corrupt(String),
    /// The volume or snapshot is encrypted under another key, or isn't encrypted and a key was given, or the reverse.
    #[error("{0}")]
    WrongKey(String),
    /// The caller asks for what can't be.
    #[error("{0}")]
    Invalid(String),
    /// Somebody else has the volume open, or as many snapshots as may be are under way.
    #[error("{0}")]
    Busy(String),
    /// The disk or the store failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What comes of handling blocks.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The error number that a block device's user is given.
    pub fn errno(&self) -> i32 {
        match self {
            Error::Io(error) => error.raw_os_error().unwrap_or(libc::EIO),
            Error::Invalid(_) => libc::EINVAL,
            Error::Busy(_) => libc::EBUSY,
            _ => libc::EIO,
        }
    }
}

impl From<nix::errno::Errno> for Error {
    fn from(errno: nix::errno::Errno) -> Self {
        Error::Io(errno.into())
    }
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { path, .. } => Error::NotFound(path),
            other => Error::Io(io::Error::other(other)),
        }
    }
}
