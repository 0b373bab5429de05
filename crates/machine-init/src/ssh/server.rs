//! Listens, and sees to it that those who haven't said who they are don't stay.

use super::connection::Connection;
use crate::{boot, console::say};
use model::Env;
use nix::sys::socket::{Shutdown, shutdown};
use russh::{
    MethodKind, MethodSet, Preferred, SshId,
    keys::{Algorithm, EcdsaCurve, HashAlg},
    server::{Config, run_stream},
};
use std::{
    borrow::Cow,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
};

const PORT: u16 = 22;

/// How many connections may be there that nobody has logged in by. One more is closed at once (`MaxStartups` of `sshd_config(5)`).
const STRANGERS: usize = 64;

/// After which they are closed (`LoginGraceTime`).
const GRACE: Duration = Duration::from_secs(120);

/// Refused keys in a connection (`MaxAuthTries`).
const TRIES: usize = 6;

/// How long a refusal takes at least, whatever it was for.
const REFUSAL: Duration = Duration::from_millis(50);

/// A client that answers nothing for three of these is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// What clients may sign with: SHA-1 is not among it.
const ALGORITHMS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

/// Serves until the process is killed. The result is its exit code if it can't.
pub fn serve() -> i32 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(8).build();
    let result = runtime.and_then(|runtime| runtime.block_on(listen(Env::system())));
    if let Err(error) = result {
        say(format!("sshd: {error}"));
    }
    1
}

/// Made for each connection: a boot may find out late that the host keys are those of another machine.
fn config() -> Config {
    Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-Hillfog")),
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        auth_rejection_time: REFUSAL,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: boot::host_keys(),
        event_buffer_size: 64,
        preferred: Preferred { key: Cow::Borrowed(ALGORITHMS), ..Preferred::DEFAULT },
        max_auth_attempts: TRIES,
        inactivity_timeout: None,
        keepalive_interval: Some(KEEP_ALIVE),
        nodelay: true,
        ..Config::default()
    }
}

async fn listen(env: Env) -> io::Result<()> {
    let listener = match TcpListener::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, PORT))).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT))).await?,
    };
    let strangers = Arc::new(Semaphore::new(STRANGERS));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, say: those who are here go on, and some will leave.
                say(format!("sshd: {error}"));
                env.sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        if let Ok(permit) = strangers.clone().try_acquire_owned() {
            tokio::spawn(attend(env.clone(), stream, permit));
        }
    }
}

/// One connection, from its first byte to its last.
async fn attend(env: Env, stream: TcpStream, permit: OwnedSemaphorePermit) {
    let (Ok(peer), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else { return };
    let Ok(socket) = stream.as_fd().try_clone_to_owned() else { return };
    let (known, logged_in) = oneshot::channel();
    let connection = Connection::new(env.clone(), peer, local, known);
    let session = async {
        if let Ok(session) = run_stream(Arc::new(config()), stream, connection).await {
            let _ = session.await;
        }
    };
    tokio::pin!(session);
    tokio::select! {
        () = &mut session => return,
        () = env.sleep(GRACE) => return hang_up(&socket),
        Ok(()) = logged_in => drop((permit, socket)),
    }
    session.await;
}

/// The session runs in a task of the library's own, which ends with its socket.
fn hang_up(socket: &OwnedFd) {
    let _ = shutdown(socket.as_raw_fd(), Shutdown::Both);
}
