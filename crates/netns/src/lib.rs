//! Network namespaces by path: make one, do something inside one, open a socket inside one, remove one.
//!
//! A namespace is kept alive by a bind mount of its `/proc/<thread>/ns/net` file, as `ip netns` does it, so it outlives the
//! process that made it. A thread that enters a namespace stays there, so nothing here lets one of the caller's own threads
//! enter: each piece of work gets a thread of its own, which ends with it. A socket belongs for ever to the namespace in which
//! it was opened; that is how a process with one event loop serves many networks.
//!
//! What is *in* a namespace (interfaces, addresses, packet filters) is not this crate's business.

mod error;
mod mount;
mod socket;

pub use error::Error;

use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::statfs::fstatfs;
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// `statfs(2)`'s `f_type` of a namespace file (`NSFS_MAGIC` in `linux/magic.h`).
const NSFS_MAGIC: i64 = 0x6e73_6673;

/// What names the calling thread's own network namespace.
const CURRENT: &str = "/proc/thread-self/ns/net";

/// An open network namespace. It lives at least as long as this value, even when its path is removed.
#[derive(Debug)]
pub struct Namespace {
    file: File,
}

impl Namespace {
    /// Makes an empty namespace and keeps it at `path`, whose parent folder is made if it is missing.
    ///
    /// Fails with [`Error::Exists`] if `path` is a namespace already, and with [`Error::Denied`] without `CAP_SYS_ADMIN`.
    pub fn create(path: &Path) -> Result<Self, Error> {
        if Self::exists(path) {
            return Err(Error::Exists(path.into()));
        }
        mount::prepare(path)?;
        let made = on_own_thread(|| {
            unshare(CloneFlags::CLONE_NEWNET).map_err(Error::unshare).and_then(|()| mount::bind(CURRENT, path))
        })?;
        match made {
            Ok(()) => Self::open(path),
            Err(error) => {
                Self::remove(path)?;
                Err(error)
            }
        }
    }

    /// Opens the namespace at `path`; [`Error::Missing`] if there is none, also when only the file is left of one.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|cause| Error::opening(path, cause))?;
        let kind = fstatfs(&file).map_err(|cause| Error::opening(path, cause.into()))?.filesystem_type();
        #[allow(clippy::unnecessary_cast, reason = "the field's width differs between C libraries")]
        match kind.0 as i64 == NSFS_MAGIC {
            true => Ok(Self { file }),
            false => Err(Error::Missing(path.into())),
        }
    }

    /// [`open`](Self::open), or [`create`](Self::create) where there is none. True if it was made.
    pub fn ensure(path: &Path) -> Result<(Self, bool), Error> {
        match Self::open(path) {
            Err(Error::Missing(_)) => Self::create(path).map(|namespace| (namespace, true)),
            opened => opened.map(|namespace| (namespace, false)),
        }
    }

    /// Keeps this namespace at one more path, whose parent folder is made if it is missing; what was kept there is let go of.
    pub fn keep_at(&self, path: &Path) -> Result<(), Error> {
        mount::release(path)?;
        mount::prepare(path)?;
        mount::bind(&format!("/proc/self/fd/{}", self.file.as_raw_fd()), path)
    }

    /// The namespace of the calling thread: the host's, usually.
    pub fn current() -> Result<Self, Error> {
        Self::open(Path::new(CURRENT))
    }

    /// Whether `path` is a namespace.
    pub fn exists(path: &Path) -> bool {
        Self::open(path).is_ok()
    }

    /// Lets go of the namespace at `path`. It ends once no process, socket or [`Namespace`] holds it. No namespace there is no error.
    pub fn remove(path: &Path) -> Result<(), Error> {
        mount::release(path)
    }

    /// Does `work` on a thread that has entered the namespace, and waits for it. Panics go on in the caller.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
        on_own_thread(|| {
            setns(&self.file, CloneFlags::CLONE_NEWNET).map_err(Error::enter)?;
            Ok(work())
        })?
    }

    /// What tells this namespace from all others that live: device and inode of its file.
    pub fn identity(&self) -> io::Result<(u64, u64)> {
        self.file.metadata().map(|meta| (meta.dev(), meta.ino()))
    }

    /// A TCP socket that listens at `address` in the namespace: non-blocking, `SO_REUSEADDR`, for `tokio::net::TcpListener::from_std`.
    pub fn tcp_listen(&self, address: SocketAddr) -> Result<TcpListener, Error> {
        self.run(|| socket::listen(address))?.map_err(|cause| Error::socket(address, cause))
    }

    /// A TCP socket in the namespace that is bound to `source` and *not yet connected*: non-blocking, for
    /// `tokio::net::TcpSocket::from_std_stream`. With port 0 the port is chosen when it connects, so that connections to different
    /// places may share one (`IP_BIND_ADDRESS_NO_PORT`).
    pub fn tcp_socket_bound(&self, source: SocketAddr) -> Result<TcpStream, Error> {
        self.run(|| socket::bound(source))?.map_err(|cause| Error::socket(source, cause))
    }

    /// A UDP socket bound to `address` in the namespace: non-blocking, for `tokio::net::UdpSocket::from_std`.
    pub fn udp_bind(&self, address: SocketAddr) -> Result<UdpSocket, Error> {
        self.run(|| socket::datagram(address))?.map_err(|cause| Error::socket(address, cause))
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Does `work` on a new thread and waits for it.
fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("netns".into()).spawn_scoped(scope, work).map_err(Error::Thread)?;
        thread.join().or_else(|panic| std::panic::resume_unwind(panic))
    })
}
