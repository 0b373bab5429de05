//! The edge as a process: what it starts, and how it ends.

use crate::{
    control::{self, Orders},
    doors::{Doors, Sockets},
    health,
    keep::Keep,
    networks::Networks,
    report,
    shared::Shared,
};
use model::Env;
use nix::fcntl::{Flock, FlockArg};
use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{net::UnixListener, sync::watch};

/// At its end the edge waits for so long for requests that are under way.
const FAREWELL: Duration = Duration::from_secs(5);

/// The server's own socket in the runtime folder, for what workloads send to the cloud's API.
pub const SERVER_SOCKET: &str = "front.sock";

/// Where the edge works.
#[derive(Clone, Debug)]
pub struct Config {
    /// Holds the sockets, and the namespaces in `netns/`.
    pub runtime: PathBuf,
    /// The cloud's data folder; the edge keeps its own in `edge/`.
    pub data: PathBuf,
    /// Where the VPCs' networks are.
    pub networks: Networks,
}

/// Why the edge could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is one already; nothing needs to be done.
    #[error("another edge serves {0} already")]
    Running(PathBuf),
    /// A file or a socket could not be used.
    #[error("the edge can't use {path}: {cause}")]
    Path {
        /// Which.
        path: PathBuf,
        /// What came of it.
        cause: io::Error,
    },
}

/// Runs an edge until the server tells it to end, or `stop` ends. It serves from the table on disk at once.
pub async fn run(config: Config, env: Env, stop: impl Future<Output = ()>) -> Result<(), StartError> {
    let _lock = lock(&config.runtime)?;
    let folder = config.data.join("edge");
    let keep = Keep::open(&folder).map_err(path(&folder))?;
    let key = keep.cookie_key(&env).map_err(path(&folder))?;
    let shared = Shared::new(env, config.networks.clone(), &key);
    restore(&keep, &shared);
    let listener = control_socket(&config.runtime)?;
    let orders = Arc::new(Orders { shared: shared.clone(), keep: keep.into(), closing: watch::Sender::new(false) });
    let tasks = [
        tokio::spawn(report::keep_reporting(shared.clone())),
        tokio::spawn(health::keep_checking(shared.clone(), orders.closing.subscribe())),
        tokio::spawn(control::serve(orders.clone(), listener)),
    ];
    let sockets = Sockets { from_front: config.runtime.join("edge-http.sock"), to_front: config.runtime.join(SERVER_SOCKET) };
    let doors = tokio::spawn(Doors::new(shared.clone(), sockets).keep(orders.closing.subscribe()));
    let mut closing = orders.closing.subscribe();
    tokio::select! {
        _ = closing.wait_for(|closing| *closing) => {}
        () = stop => drop(orders.closing.send_replace(true)),
    }
    // It ends by itself; that it could not be waited for is no reason to stay.
    let _ = doors.await;
    say_farewell(&shared).await;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    remove_sockets(&config.runtime);
    Ok(())
}

/// A table that can't be read is not served; the server sends another.
fn restore(keep: &Keep, shared: &Shared) {
    match keep.table() {
        Ok(Some(table)) => drop(shared.replace(&table)),
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "the table on disk can't be read; waiting for the server's"),
    }
}

async fn say_farewell(shared: &Shared) {
    let end = shared.env.now() + FAREWELL;
    while shared.connections() > 0 && shared.env.now() < end {
        shared.env.sleep(Duration::from_millis(20)).await;
    }
}

/// Makes sure that there is one edge only. The lock ends with the process, however that ends.
fn lock(runtime: &Path) -> Result<Flock<File>, StartError> {
    std::fs::create_dir_all(runtime).map_err(path(runtime))?;
    let file = runtime.join("edge.pid");
    let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&file).map_err(path(&file))?;
    let mut locked = Flock::lock(opened, FlockArg::LockExclusiveNonblock).map_err(|_| StartError::Running(runtime.into()))?;
    if !is_at(&locked, &file) {
        return Err(StartError::Running(runtime.into()));
    }
    locked.set_len(0).and_then(|()| writeln!(locked, "{}", std::process::id())).map_err(path(&file))?;
    Ok(locked)
}

/// False if the file was removed by an edge that was ending while it was opened; another may have made a new one since.
fn is_at(file: &File, path: &Path) -> bool {
    let inode = |metadata: io::Result<std::fs::Metadata>| metadata.map(|metadata| metadata.ino()).ok();
    inode(file.metadata()) == inode(std::fs::metadata(path))
}

fn control_socket(runtime: &Path) -> Result<UnixListener, StartError> {
    let socket = control::socket(runtime);
    // One that a killed process left behind; the lock says that no other edge lives.
    let _ = std::fs::remove_file(&socket);
    UnixListener::bind(&socket).map_err(path(&socket))
}

fn remove_sockets(runtime: &Path) {
    for name in ["edge.sock", "edge-http.sock", "edge.pid"] {
        // The runtime folder may be gone already.
        let _ = std::fs::remove_file(runtime.join(name));
    }
}

fn path(path: &Path) -> impl FnOnce(io::Error) -> StartError {
    let path = path.to_owned();
    move |cause| StartError::Path { path, cause }
}
