//! What an environment writes, and what Lambda writes about it: into its output, which the server collects, into the tail that a caller may
//! ask for, and to whoever has subscribed to telemetry.

use super::{
    telemetry::{Source, Telemetry},
    words::{Level, Platform},
};
use crate::{
    output::{Lines, Writer},
    shim::Clock,
};
use agent_proto::function::Log;
use nix::{fcntl::OFlag, unistd::pipe2};
use std::{
    cell::RefCell,
    collections::VecDeque,
    fs::File,
    io::{self, Read},
    os::fd::OwnedFd,
    path::PathBuf,
    rc::Rc,
};
use tokio::io::{Interest, unix::AsyncFd};

/// The tail that a caller may ask for (`LogType: Tail`), in bytes.
const TAIL: usize = 4 << 10;
/// How often a pipe is read before somebody else has a turn: a function that writes without end must not keep the shim from everything else.
const READS: usize = 16;

/// The log of an environment.
#[derive(Clone)]
pub struct Logs(Rc<RefCell<Inner>>);

struct Inner {
    clock: Rc<Clock>,
    writer: Writer,
    log: Log,
    /// What lines of the function have to matter to be kept: subscribers get them all.
    level: Option<Level>,
    tail: VecDeque<u8>,
    dropped: (u64, u64),
    telemetry: Telemetry,
}

/// What comes out of a process.
pub struct Pipe {
    end: AsyncFd<File>,
    lines: RefCell<Lines>,
    source: Source,
}

impl Logs {
    /// The log whose lines are kept in a folder.
    pub fn open(folder: PathBuf, most: u64, log: Log, clock: Rc<Clock>, telemetry: Telemetry) -> io::Result<Self> {
        let writer = Writer::open(folder, most)?;
        let level = log.application_level.as_deref().filter(|_| log.json).and_then(Level::read);
        let inner = Inner { clock, writer, log, level, tail: VecDeque::new(), dropped: (0, 0), telemetry };
        Ok(Self(Rc::new(RefCell::new(inner))))
    }

    /// A pipe whose other end is given to a process; what comes out of it is read until it is closed.
    pub fn pipe(&self, source: Source) -> io::Result<(Rc<Pipe>, OwnedFd)> {
        let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
        nix::fcntl::fcntl(&read, nix::fcntl::FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        // SAFETY: the descriptor is owned by what is registered and closed after it.
        let end = unsafe { AsyncFd::register_with_interest(File::from(read), Interest::READABLE) }?;
        let pipe = Rc::new(Pipe { end, lines: RefCell::default(), source });
        let (logs, reader) = (self.clone(), pipe.clone());
        tokio::task::spawn_local(async move {
            loop {
                let Ok(mut ready) = reader.end.readable().await else { return };
                match logs.pull(&reader) {
                    Ok(true) => ready.retain_ready(),
                    Ok(false) => ready.clear_ready(),
                    Err(_) => return,
                }
                drop(ready);
                tokio::task::yield_now().await;
            }
        });
        Ok((pipe, write))
    }

    /// Reads what has come out of a pipe, some of it. `true`: there may be more. Its end is an error.
    pub fn pull(&self, pipe: &Pipe) -> io::Result<bool> {
        let mut buffer = [0; 16 << 10];
        for _ in 0..READS {
            match pipe.end.get_ref().read(&mut buffer) {
                Ok(0) => {
                    let last = pipe.lines.borrow_mut().finish();
                    self.write(pipe.source, last.into_iter().collect());
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Ok(count) => {
                    let lines = pipe.lines.borrow_mut().push(&buffer[..count]);
                    self.write(pipe.source, lines);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Takes everything that has been written until now, and a line that isn't finished for finished.
    pub fn drain(&self, pipe: &Pipe) {
        // As often as a pipe can be full.
        for _ in 0..8 {
            if !matches!(self.pull(pipe), Ok(true)) {
                break;
            }
        }
        let last = pipe.lines.borrow_mut().finish();
        self.write(pipe.source, last.into_iter().collect());
    }

    /// Says that something has happened to the environment.
    pub fn say(&self, what: &Platform) {
        let mut inner = self.0.borrow_mut();
        let now = inner.clock.now();
        let lines = match inner.log.json {
            true if what.is_shown(inner.log.system_level.as_deref()) => vec![what.event(now).to_string()],
            true => Vec::new(),
            false => what.lines(),
        };
        inner.keep(lines.into_iter().map(String::into_bytes).collect());
        if what.kind().is_some() {
            inner.telemetry.platform(|| what.event(now));
        }
    }

    /// Writes lines of Lambda's own about a fault.
    pub fn complain(&self, lines: Vec<String>) {
        self.write(Source::Function, lines.into_iter().map(String::into_bytes).collect());
    }

    /// The end of what was written since the last call.
    pub fn take_tail(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.borrow_mut().tail).into()
    }

    fn write(&self, source: Source, lines: Vec<Vec<u8>>) {
        if lines.is_empty() {
            return;
        }
        let mut inner = self.0.borrow_mut();
        let now = inner.clock.now();
        for line in &lines {
            inner.telemetry.line(source, now, line);
        }
        let wanted = inner.level;
        inner.keep(lines.into_iter().filter(|line| wanted.is_none_or(|level| level.covers(line))).collect());
    }
}

impl Inner {
    fn keep(&mut self, lines: Vec<Vec<u8>>) {
        if lines.is_empty() {
            return;
        }
        for line in &lines {
            self.tail.extend(line.iter().chain(b"\n"));
        }
        let excess = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..excess);
        // A function isn't kept waiting for the log's reader, and a full disk doesn't end it.
        let now = self.clock.now();
        if !self.writer.has_room() || self.writer.append(now, false, &lines).is_err() {
            self.dropped.0 += lines.len() as u64;
            self.dropped.1 += lines.iter().map(|line| line.len() as u64).sum::<u64>();
            return;
        }
        let (lines, bytes) = std::mem::take(&mut self.dropped);
        if lines > 0 {
            let dropped = Platform::Dropped { lines, bytes };
            let said = dropped.event(now).to_string().into_bytes();
            let _ = self.writer.append(now, false, &[said]);
            self.telemetry.platform(|| dropped.event(now));
        }
    }
}
