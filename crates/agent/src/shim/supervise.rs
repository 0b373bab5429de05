//! The container's standard streams: where they lead, and the loop that writes down what comes out of them.

use super::{job::Job, run::Failure};
use crate::{
    output::{Lines, Writer},
    process::PidFd,
};
use libcontainer::container::builder::ContainerBuilder;
use model::Timestamp;
use nix::{
    cmsg_space,
    fcntl::OFlag,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::socket::{ControlMessageOwned, MsgFlags, recvmsg},
    unistd::pipe2,
};
use std::{
    fs::File,
    io::{self, IoSliceMut, Read},
    os::{
        fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd},
        unix::net::UnixListener,
    },
    time::Duration,
};

/// How long a full disk or a full store of output is waited for before the next look.
const WAIT_MILLIS: u16 = 250;
/// How long output is still read for after the container's end, before its end is made known.
const LAST_WORDS: u32 = 20;

/// What comes out of a container, and where it is kept.
pub struct Streams {
    sources: Vec<Source>,
    console: Option<UnixListener>,
    /// Held open so that an interactive container's input doesn't end.
    _input: Option<OwnedFd>,
    /// Output is written down; otherwise what comes out of a terminal is thrown away.
    keep: bool,
    writer: Writer,
}

struct Source {
    file: File,
    stderr: bool,
    lines: Lines,
    pending: Vec<Vec<u8>>,
    at: Timestamp,
}

/// Whether all output is written down.
#[derive(Debug, PartialEq, Eq)]
pub enum Kept {
    /// The last line is written.
    All,
    /// There is more, which has to wait for room.
    Part,
}

/// Gives the container its streams.
pub fn connect(job: &Job, builder: ContainerBuilder, writer: Writer) -> Result<(ContainerBuilder, Streams), Failure> {
    let mut streams = Streams { sources: Vec::new(), console: None, _input: None, keep: job.container.keep_output, writer };
    if job.container.pseudo_terminal {
        let path = job.runtime.join("console.sock");
        streams.console = Some(UnixListener::bind(&path)?);
        return Ok((builder.with_console_socket(Some(path)), streams));
    }
    let null = || File::options().read(true).write(true).open("/dev/null").map(OwnedFd::from);
    let input = match job.container.interactive {
        true => {
            let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
            streams._input = Some(write);
            read
        }
        false => null()?,
    };
    let mut output = |stderr| match job.container.keep_output {
        true => streams.pipe(stderr),
        false => null(),
    };
    let (stdout, stderr) = (output(false)?, output(true)?);
    Ok((builder.with_stdin(input).with_stdout(stdout).with_stderr(stderr), streams))
}

impl Streams {
    fn pipe(&mut self, stderr: bool) -> io::Result<OwnedFd> {
        let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
        self.source(read, stderr);
        Ok(write)
    }

    fn source(&mut self, fd: OwnedFd, stderr: bool) {
        let (lines, pending) = (Lines::default(), Vec::new());
        self.sources.push(Source { file: fd.into(), stderr, lines, pending, at: Timestamp::default() });
    }

    /// Takes the terminal that the runtime library has made, if there is one.
    pub fn started(&mut self) -> io::Result<()> {
        if let Some(console) = self.console.take() {
            let (connection, _) = console.accept()?;
            let terminal = receive(connection.as_raw_fd())?;
            self.source(terminal, false);
        }
        Ok(())
    }

    /// Writes down all that is left, however long there is no room.
    pub fn drain(&mut self, now: impl Fn() -> Timestamp) -> io::Result<()> {
        while !self.sources.is_empty() {
            self.turn(None, PollTimeout::from(WAIT_MILLIS), &now)?;
        }
        Ok(())
    }

    /// Waits until there is something to do, and does it; gives whether the process has ended.
    fn turn(&mut self, process: Option<&PidFd>, timeout: PollTimeout, now: &impl Fn() -> Timestamp) -> io::Result<bool> {
        self.write_pending();
        let blocked = self.sources.iter().any(|source| !source.pending.is_empty()) || !self.writer.has_room();
        let (sources, timeout) = match blocked {
            true => (&self.sources[..0], PollTimeout::from(WAIT_MILLIS)),
            false => (&self.sources[..], timeout),
        };
        let mut polled: Vec<PollFd> = sources.iter().map(|s| PollFd::new(s.file.as_fd(), PollFlags::POLLIN)).collect();
        polled.extend(process.map(|process| PollFd::new(process.fd().as_fd(), PollFlags::POLLIN)));
        match poll(&mut polled, timeout) {
            Err(nix::errno::Errno::EINTR) => return Ok(false),
            other => other?,
        };
        let ready: Vec<bool> = polled.iter().map(|fd| fd.any().unwrap_or(false)).collect();
        let readable: Vec<bool> = ready[..sources.len()].to_vec();
        let ended = process.is_some() && ready.last() == Some(&true);
        self.read(&readable, now());
        Ok(ended)
    }

    fn read(&mut self, readable: &[bool], now: Timestamp) {
        let mut at = 0;
        self.sources.retain_mut(|source| {
            let ready = readable.get(at) == Some(&true);
            at += 1;
            !ready || source.read(now)
        });
        self.write_pending();
    }

    fn write_pending(&mut self) {
        for source in self.sources.iter_mut().filter(|source| !source.pending.is_empty()) {
            // A full disk is waited for, as a full store is.
            if !self.keep || self.writer.append(source.at, source.stderr, &source.pending).is_ok() {
                source.pending.clear();
            }
        }
    }
}

impl Source {
    /// Reads once; `false` when there is nothing more to come and nothing to write.
    fn read(&mut self, now: Timestamp) -> bool {
        let mut buffer = [0; 64 << 10];
        self.at = now;
        match self.file.read(&mut buffer) {
            Ok(count) if count > 0 => self.pending.extend(self.lines.push(&buffer[..count])),
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
            // A terminal ends with EIO.
            Ok(_) | Err(_) => match self.lines.finish() {
                Some(last) => self.pending.push(last),
                None => return false,
            },
        }
        true
    }
}

/// Writes output down until the container has ended and, if there is room, its last line is written.
pub fn supervise(streams: &mut Streams, process: &PidFd, now: impl Fn() -> Timestamp) -> io::Result<Kept> {
    while !streams.turn(Some(process), PollTimeout::NONE, &now)? {}
    for _ in 0..LAST_WORDS {
        if streams.sources.is_empty() {
            return Ok(Kept::All);
        }
        if !streams.writer.has_room() {
            return Ok(Kept::Part);
        }
        streams.turn(None, PollTimeout::from(Duration::from_millis(10).as_millis() as u16), &now)?;
    }
    Ok(if streams.sources.is_empty() { Kept::All } else { Kept::Part })
}

/// Receives one file descriptor.
fn receive(socket: RawFd) -> io::Result<OwnedFd> {
    let mut name = [0; 64];
    let mut parts = [IoSliceMut::new(&mut name)];
    let mut space = cmsg_space!(RawFd);
    let message = recvmsg::<()>(socket, &mut parts, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(descriptors) = control
            && let Some(descriptor) = descriptors.first()
        {
            // SAFETY: the kernel has just made the descriptor for us.
            return Ok(unsafe { OwnedFd::from_raw_fd(*descriptor) });
        }
    }
    Err(io::Error::other("the runtime library sent no terminal"))
}
