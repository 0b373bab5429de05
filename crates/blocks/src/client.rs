//! The agent's side of a volume's server.

use crate::{
    Error, Keys, Limits, Result,
    serve::{
        self, loopdev,
        protocol::{Answer, Attached, CONTROL, Job, Request, STATE, SnapshotStatus, Status, Stopped, connect_path, line, read},
    },
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::retry_on_intr,
    process::{Pid, PidfdFlags, pidfd_open},
};
use serde::de::DeserializeOwned;
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    process::Command,
    task::spawn_blocking,
    time::sleep,
};
use zeroize::Zeroizing;

/// What starting a volume's server takes.
pub struct Start<'a> {
    /// The program that has [`serve::main`] as its subcommand `volume`.
    pub program: &'a Path,
    /// The volume's folder.
    pub folder: &'a Path,
    /// A folder for the server's own files, nobody else's. It is made if it isn't there; what a dead server left in it is removed.
    pub runtime: &'a Path,
    /// The block store's folder.
    pub store: &'a Path,
    /// The keys that opening the volume takes. They are handed over by a pipe.
    pub keys: &'a Keys,
    /// What the volume may do in a second.
    pub limits: Limits,
}

/// Somebody to speak to a volume's server.
#[derive(Clone, Debug)]
pub struct Client {
    runtime: PathBuf,
}

impl Client {
    /// To speak to the server of a runtime folder, if there is one.
    pub fn at(runtime: &Path) -> Client {
        Client { runtime: runtime.to_owned() }
    }

    /// Makes a block device of a volume. The server goes on when the caller ends.
    pub async fn start(start: &Start<'_>) -> Result<(Client, Attached)> {
        fs::create_dir_all(start.runtime)?;
        if Self::adopt(start.runtime).await?.is_some() {
            return Err(Error::Busy(format!("{} is served already", start.folder.display())));
        }
        let answer = launch(start).await?;
        let attached = Result::from(read::<Answer<Attached>>(&answer)?)?;
        Ok((Self::at(start.runtime), attached))
    }

    /// Finds a server that was started earlier. `None` if there is none any more: then its device is freed, if it still has one.
    pub async fn adopt(runtime: &Path) -> Result<Option<(Client, Attached)>> {
        let client = Self::at(runtime);
        for _ in 0..ENDING {
            match client.status().await {
                Ok(status) => return Ok(Some((client, status.attached))),
                Err(Error::NotFound(_)) => break,
                // It ends while it is spoken to.
                Err(Error::Io(error)) if is_hung_up(&error) => sleep(Duration::from_millis(5)).await,
                Err(error) => return Err(error),
            }
        }
        client.clean().await?;
        Ok(None)
    }

    /// How things are.
    pub async fn status(&self) -> Result<Status> {
        self.ask(&Request::Status).await
    }

    /// Begins the snapshot `name` of what the volume is now. It is stored in the background.
    pub async fn snapshot(&self, name: &str) -> Result<()> {
        self.ask(&Request::Snapshot { name: name.to_owned() }).await
    }

    /// What became of a snapshot. [`Error::NotFound`]: this volume knows of none, or the machine lost power before it was stored.
    pub async fn progress(&self, name: &str) -> Result<SnapshotStatus> {
        self.ask(&Request::Progress { name: name.to_owned() }).await
    }

    /// Makes the volume and its device larger.
    pub async fn grow(&self, size: u64) -> Result<Attached> {
        self.ask(&Request::Grow { size }).await
    }

    /// Sets what the volume may do in a second.
    pub async fn limit(&self, limits: Limits) -> Result<()> {
        self.ask(&Request::Limit { limits }).await
    }

    /// Flushes, frees the device and ends the server; when this says [`Stopped::Detached`] all of that has happened. If somebody has the
    /// device open it happens when the last one closes it; with `force` the server ends at once, and who has it open gets errors.
    pub async fn stop(&self, force: bool) -> Result<Stopped> {
        let stopped = self.ask(&Request::Stop { force }).await?;
        if stopped == Stopped::Detached {
            self.clean().await?;
        }
        Ok(stopped)
    }

    /// Waits for the end of a server that can't be spoken to any more, and frees what it left.
    async fn clean(&self) -> Result<()> {
        let runtime = self.runtime.clone();
        spawn_blocking(move || clean(&runtime)).await.map_err(io::Error::other)?
    }

    async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        ask(&mut self.connect().await?, request).await
    }

    async fn connect(&self) -> Result<BufReader<UnixStream>> {
        let (_folder, path) = connect_path(&self.runtime)?;
        match UnixStream::connect(path).await {
            Ok(stream) => Ok(BufReader::new(stream)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                Err(Error::NotFound(format!("{}: nobody serves it", self.runtime.display())))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// How often a server is asked that hangs up.
const ENDING: usize = 200;
/// How long the end of a server takes that can't be spoken to any more, at most.
const END: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

fn is_hung_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

/// A process has ended when all that it had open is closed, its locks and sockets in no particular order.
fn wait_for_end(server: &Attached) -> Result<()> {
    let Some(pid) = i32::try_from(server.pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return Ok(()) };
    // After it was opened: it can't come to mean another process any more.
    if serve::start_time(server.pid).ok() != Some(server.start) {
        return Ok(());
    }
    match retry_on_intr(|| poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&END))).map_err(io::Error::from)? {
        0 => Err(Error::Busy(format!("process {} doesn't end", server.pid))),
        _ => Ok(()),
    }
}

async fn launch(start: &Start<'_>) -> Result<String> {
    let expose = |key: &Option<crate::DataKey>| key.as_ref().map(|key| key.expose().to_string());
    let job = Job {
        folder: std::path::absolute(start.folder)?,
        runtime: std::path::absolute(start.runtime)?,
        store: std::path::absolute(start.store)?,
        limits: start.limits,
        key: expose(&start.keys.own),
        source_key: expose(&start.keys.source),
    };
    let mut command = Command::new(start.program);
    let mut child = command.args(["volume", "serve"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().ok_or_else(|| io::Error::from(io::ErrorKind::BrokenPipe))?;
    input.write_all(Zeroizing::new(line(&job)).as_bytes()).await?;
    drop(input);
    let output = child.wait_with_output().await?;
    String::from_utf8(output.stdout).map_err(|error| io::Error::other(error).into())
}

async fn ask<T: DeserializeOwned>(stream: &mut BufReader<UnixStream>, request: &Request) -> Result<T> {
    stream.write_all(format!("{}\n", line(request)).as_bytes()).await?;
    let mut answer = String::new();
    match stream.read_line(&mut answer).await? {
        0 => Err(Error::Io(io::ErrorKind::UnexpectedEof.into())),
        _ => read::<Answer<T>>(&answer)?.into(),
    }
}

/// Frees what a dead server left.
fn clean(runtime: &Path) -> Result<()> {
    if let Ok(state) = fs::read_to_string(runtime.join(STATE)) {
        wait_for_end(&read(&state)?)?;
        loopdev::release_stale(&serve::file_name(runtime)?, runtime)?;
        let _ = fs::remove_file(runtime.join(STATE));
    }
    let _ = fs::remove_file(runtime.join(CONTROL));
    Ok(())
}
