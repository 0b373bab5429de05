//! The control socket: how the agent speaks to a volume's server.

use super::{
    keeper::Orders,
    protocol::{Answer, Attached, CONTROL, Request, STATE, Status, Stopped, line, read},
    throttle::Throttle,
    uploads::Uploads,
};
use crate::{Error, Result, Volume};
use serde::Serialize;
use std::{
    fs::{self, File, Permissions},
    io::{self, BufRead, BufReader, Read, Write},
    os::{
        fd::AsRawFd,
        unix::{
            fs::PermissionsExt,
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
};

/// What a request can touch.
pub struct Control {
    pub volume: Arc<Volume>,
    pub throttle: Arc<Throttle>,
    pub uploads: Uploads,
    pub orders: Orders,
    pub attached: Mutex<Attached>,
    pub runtime: PathBuf,
    pub stopping: AtomicBool,
    /// Kept, shared, by whoever has something to answer: the server doesn't end before it is said.
    pub answering: RwLock<()>,
}

impl Control {
    /// Listens, and says what is attached.
    pub fn start(self: Arc<Self>) -> Result<()> {
        let listener = listen(&self.runtime)?;
        self.publish()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let control = self.clone();
                thread::spawn(move || control.converse(stream));
            }
        });
        Ok(())
    }

    fn converse(&self, stream: UnixStream) -> io::Result<()> {
        let mut answers = stream.try_clone()?;
        let (mut requests, mut request) = (BufReader::new(stream), String::new());
        while requests.read_line(&mut request)? > 0 {
            let asked = read(&std::mem::take(&mut request));
            let _answering = self.answering.read().expect(WHOLE);
            let answer = match asked {
                Ok(Request::Stop { force: true }) => self.end_by_force(&mut answers),
                Ok(Request::KeepMemory { bytes }) => return self.keep_memory(bytes, requests, answers),
                Ok(Request::RecallMemory) => return self.recall_memory(answers),
                Ok(request) => self.answer(request),
                Err(error) => said::<()>(Err(error)),
            };
            answers.write_all(answer.as_bytes())?;
        }
        Ok(())
    }

    fn answer(&self, request: Request) -> String {
        match request {
            Request::Status => said(Ok(self.status())),
            Request::Snapshot { name } => said(self.uploads.begin(&name)),
            Request::Progress { name } => said(self.uploads.status(&name)),
            Request::Grow { size } => said(self.grow(size)),
            Request::Limit { limits } => {
                self.throttle.set(limits);
                said(Ok(()))
            }
            Request::SealMemory => said(self.volume.seal_memory()),
            Request::ForgetMemory => said(self.volume.forget_memory()),
            Request::Stop { force } => said(self.stop(force)),
            Request::KeepMemory { .. } | Request::RecallMemory => {
                said::<()>(Err(Error::Invalid("a stream has a connection of its own".into())))
            }
        }
    }

    /// What follows on this connection is the memory, and nothing else.
    fn keep_memory(&self, bytes: u64, from: impl Read, mut answers: UnixStream) -> io::Result<()> {
        match self.volume.expect_memory(bytes) {
            Ok(coming) => {
                answers.write_all(said(Ok(())).as_bytes())?;
                coming.take(from);
                Ok(())
            }
            Err(error) => answers.write_all(said::<()>(Err(error)).as_bytes()),
        }
    }

    fn recall_memory(&self, mut answers: UnixStream) -> io::Result<()> {
        match self.volume.recall_memory() {
            Ok(memory) => {
                answers.write_all(said(Ok(memory.length)).as_bytes())?;
                memory.give(answers).map_err(io::Error::other)
            }
            Err(error) => answers.write_all(said::<u64>(Err(error)).as_bytes()),
        }
    }

    fn status(&self) -> Status {
        Status {
            id: self.volume.id().to_owned(),
            attached: self.attached(),
            limits: self.throttle.limits(),
            local_bytes: self.volume.local_bytes(),
            snapshots: self.volume.snapshots(),
            stopping: self.stopping.load(SeqCst),
        }
    }

    fn grow(&self, size: u64) -> Result<Attached> {
        self.volume.grow(size)?;
        self.orders.resize()?;
        self.attached.lock().expect(WHOLE).size = size;
        self.publish()?;
        Ok(self.attached())
    }

    /// Flushes and frees the device. The kernel lets go of the file when the device is free, and that ends the server.
    pub fn stop(&self, in_a_hurry: bool) -> Result<Stopped> {
        self.volume.flush()?;
        if self.stopping.swap(true, SeqCst) {
            return Ok(Stopped::Busy);
        }
        let stopped = self.orders.detach(in_a_hurry);
        self.stopping.store(stopped.is_ok(), SeqCst);
        stopped
    }

    /// Ends now: who has the device open gets errors from here on.
    fn end_by_force(&self, answers: &mut UnixStream) -> String {
        let stopped = self.stop(true);
        if matches!(stopped, Ok(Stopped::Busy)) {
            let closed = self.volume.end();
            let _ = answers.write_all(said(closed.map(|()| Stopped::Detached)).as_bytes());
            std::process::exit(0);
        }
        said(stopped)
    }

    fn attached(&self) -> Attached {
        self.attached.lock().expect(WHOLE).clone()
    }

    fn publish(&self) -> io::Result<()> {
        let beside = self.runtime.join("state.new");
        fs::write(&beside, line(&self.attached()))?;
        fs::rename(&beside, self.runtime.join(STATE))
    }
}

fn listen(runtime: &Path) -> Result<UnixListener> {
    let _ = fs::remove_file(runtime.join(CONTROL));
    // A socket's path has room for 107 bytes, and the folder's may be longer.
    let folder = File::open(runtime)?;
    let listener = UnixListener::bind(format!("/proc/self/fd/{}/{CONTROL}", folder.as_raw_fd()))?;
    fs::set_permissions(runtime.join(CONTROL), Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn said<T: Serialize>(result: Result<T>) -> String {
    line(&Answer::from(result)) + "\n"
}

const WHOLE: &str = "nobody panics with the state";
