//! A machine's console: what is written to it is kept, and who connects to its socket sees it and types.

use super::record::{CONSOLE, CONSOLE_SOCKET};
use crate::machine;
use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
};

/// The file is cut to its last [`KEPT`] bytes when it has grown to this.
const MOST: u64 = 1 << 20;
/// More than is shown ([`machine::CONSOLE`]).
const KEPT: usize = 4 * machine::CONSOLE;
/// People at the serial console at the same time.
const GUESTS: usize = 4;

/// The shim's side of a console.
pub struct Console {
    path: PathBuf,
    file: File,
    length: u64,
    terminal: Option<File>,
    listener: UnixListener,
    guests: Vec<UnixStream>,
}

impl Console {
    /// Goes on with what earlier boots have written. The text is in the machine's folder, the socket in its runtime folder.
    pub fn open(folder: &Path, runtime: &Path) -> io::Result<Self> {
        let path = folder.join(CONSOLE);
        let file = File::options().append(true).create(true).open(&path)?;
        let socket = runtime.join(CONSOLE_SOCKET);
        crate::disk::remove_all(&socket)?;
        let listener = UnixListener::bind(&socket)?;
        listener.set_nonblocking(true)?;
        Ok(Self { length: file.metadata()?.len(), path, file, terminal: None, listener, guests: Vec::new() })
    }

    /// The terminal of a new boot, or a socket in its place.
    pub fn connect(&mut self, terminal: OwnedFd) -> io::Result<()> {
        set_nonblocking(&terminal)?;
        self.terminal = Some(terminal.into());
        Ok(())
    }

    /// What is to be polled: the listener, the terminal if there is one, the guests.
    pub fn fds(&self) -> Vec<BorrowedFd<'_>> {
        let terminal = self.terminal.iter().map(AsFd::as_fd);
        std::iter::once(self.listener.as_fd()).chain(terminal).chain(self.guests.iter().map(AsFd::as_fd)).collect()
    }

    /// Does what there is to do. None of it waits.
    pub fn tend(&mut self) {
        self.admit();
        self.read_terminal();
        let terminal = &mut self.terminal;
        self.guests.retain_mut(|guest| typed(guest, terminal.as_mut()));
    }

    fn admit(&mut self) {
        while let Ok((guest, _)) = self.listener.accept() {
            if self.guests.len() < GUESTS && guest.set_nonblocking(true).is_ok() {
                self.guests.push(guest);
            }
        }
    }

    /// Takes what there is, but no more than some at a time: a machine that writes without end must not keep the shim from everything else.
    fn read_terminal(&mut self) {
        let mut buffer = [0; 16 << 10];
        for _ in 0..4 {
            let Some(Ok(count @ 1..)) = self.terminal.as_mut().map(|terminal| terminal.read(&mut buffer)) else { return };
            self.keep(&buffer[..count]);
            // Who is too slow to look misses the rest.
            self.guests.retain_mut(|guest| guest.write_all(&buffer[..count]).is_ok());
        }
    }

    /// A full disk costs what was written, not the machine.
    fn keep(&mut self, bytes: &[u8]) {
        if self.file.write_all(bytes).is_ok() {
            self.length += bytes.len() as u64;
        }
        if self.length >= MOST {
            let _ = self.cut();
        }
    }

    fn cut(&mut self) -> io::Result<()> {
        let all = fs::read(&self.path)?;
        crate::disk::replace(&self.path, &all[all.len().saturating_sub(KEPT)..])?;
        self.file = File::options().append(true).open(&self.path)?;
        self.length = self.file.metadata()?.len();
        Ok(())
    }
}

/// Passes on what a guest has typed; `false` when it has gone.
fn typed(guest: &mut UnixStream, terminal: Option<&mut File>) -> bool {
    let mut buffer = [0; 1024];
    match guest.read(&mut buffer) {
        Ok(0) => false,
        Ok(count) => {
            // A terminal whose input is full loses what comes, as a real one does.
            let _ = terminal.map(|terminal| terminal.write_all(&buffer[..count]));
            true
        }
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

fn set_nonblocking(fd: &OwnedFd) -> nix::Result<()> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let flags = OFlag::from_bits_truncate(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).map(drop)
}

/// The last bytes of what was written to a console; `None`: nothing is known of it.
pub fn tail(folder: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = match File::open(folder.join(CONSOLE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(machine::CONSOLE as u64)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
