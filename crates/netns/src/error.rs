//! What can go wrong with a namespace, and what to do about it.

use nix::errno::Errno;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Why a namespace could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no namespace at the path.
    #[error("there is no network namespace at {0}")]
    Missing(PathBuf),
    /// There is one already.
    #[error("there is a network namespace at {0} already")]
    Exists(PathBuf),
    /// The process lacks a capability.
    #[error("not allowed to {0}: run as root (CAP_SYS_ADMIN is needed)")]
    Denied(&'static str),
    /// A path could not be worked with.
    #[error("cannot {what} {path}: {cause}")]
    Path {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What came of it.
        cause: io::Error,
    },
    /// The kernel refused.
    #[error("cannot {what}: {cause}")]
    Kernel {
        /// What was tried.
        what: &'static str,
        /// What came of it.
        cause: io::Error,
    },
    /// A socket could not be opened in the namespace.
    #[error("cannot open a socket at {address} in the namespace: {cause}")]
    Socket {
        /// The socket's own address.
        address: SocketAddr,
        /// What came of it.
        cause: io::Error,
    },
    /// The thread on which to enter could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

impl Error {
    pub(crate) fn opening(path: &Path, cause: io::Error) -> Self {
        match cause.kind() {
            io::ErrorKind::NotFound => Self::Missing(path.into()),
            _ => Self::path("open", path, cause),
        }
    }

    pub(crate) fn path(what: &'static str, path: &Path, cause: io::Error) -> Self {
        match cause.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EPERM) => Self::Denied(what),
            _ => Self::Path { what, path: path.into(), cause },
        }
    }

    pub(crate) fn socket(address: SocketAddr, cause: io::Error) -> Self {
        Self::Socket { address, cause }
    }

    pub(crate) fn unshare(errno: Errno) -> Self {
        Self::kernel("make a network namespace", errno)
    }

    pub(crate) fn enter(errno: Errno) -> Self {
        Self::kernel("enter a network namespace", errno)
    }

    fn kernel(what: &'static str, errno: Errno) -> Self {
        match errno {
            Errno::EPERM => Self::Denied(what),
            _ => Self::Kernel { what, cause: errno.into() },
        }
    }
}
