//! The caller's side while a program runs: passes signals on, and, for a program on a terminal of its own, what is typed and shown.

use super::wire::{Answer, Heard, Question, receive, send};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    pty::Winsize,
    sys::{
        signal::{SigSet, Signal},
        termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr},
    },
};
use std::{
    fs::File,
    io::{self, IsTerminal, Read, Write},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    sync::OnceLock,
    thread,
};

/// Signals that are the program's to answer.
const PASSED_ON: [Signal; 6] =
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGQUIT, Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2];

/// Asks, and stays until the program has ended; its exit code.
pub fn run(stream: UnixStream, mut question: Question) -> io::Result<i32> {
    let all = io::stdin().is_terminal() && io::stdout().is_terminal() && io::stderr().is_terminal();
    question.terminal = all.then(size).flatten().map(|size| (size.ws_row, size.ws_col));
    watch_signals(&stream)?;
    let folder = File::open(".")?;
    let streams = [io::stdin().as_raw_fd(), io::stdout().as_raw_fd(), io::stderr().as_raw_fd(), folder.as_raw_fd()];
    // SAFETY: all four are open for as long as this function runs.
    let streams = streams.map(|fd| unsafe { BorrowedFd::borrow_raw(fd) });
    send(&stream, &question, &streams)?;
    let mut screen: Option<Screen> = None;
    loop {
        let master = screen.as_ref().map(|screen| screen.master.as_fd());
        if !heard(&stream, master)? {
            screen.iter_mut().try_for_each(Screen::show)?;
            continue;
        }
        match receive::<Answer>(&stream)? {
            Some((Answer::Refused(why), _)) => return Err(io::Error::other(why)),
            Some((Answer::Runs, master)) => screen = master.into_iter().next().map(Screen::open).transpose()?,
            Some((Answer::Ended(code), _)) => {
                screen.iter_mut().try_for_each(Screen::show_rest)?;
                return Ok(code);
            }
            None => return Err(io::Error::other("process 1 has hung up")),
        }
    }
}

/// Waits for the service or the program's terminal; whether it was the service. What the program shows goes first.
fn heard(stream: &UnixStream, master: Option<BorrowedFd>) -> io::Result<bool> {
    let mut watched = vec![PollFd::new(stream.as_fd(), PollFlags::POLLIN)];
    watched.extend(master.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
    loop {
        match poll(&mut watched, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(!watched.get(1).is_some_and(|fd| fd.revents().is_some_and(|it| it.contains(PollFlags::POLLIN)))),
        }
    }
}

/// From now on signals wait for a thread, which passes them on. Done before any other thread starts.
fn watch_signals(stream: &UnixStream) -> io::Result<()> {
    let watched: SigSet = PASSED_ON.into_iter().chain([Signal::SIGWINCH]).collect();
    watched.thread_block()?;
    let stream = stream.try_clone()?;
    thread::spawn(move || {
        while let Ok(signal) = watched.wait() {
            let number: Heard = signal as i32;
            match signal {
                Signal::SIGWINCH => resize(),
                _ => drop(send(&stream, &number, &[])),
            }
        }
    });
    Ok(())
}

/// The program's terminal, for the thread that hears of new sizes.
static MASTER: OnceLock<OwnedFd> = OnceLock::new();

fn resize() {
    if let (Some(master), Some(size)) = (MASTER.get(), size()) {
        // SAFETY: the call reads the size that it is given.
        unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    }
}

fn size() -> Option<Winsize> {
    let mut size = Winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the call writes the size that it is given.
    (unsafe { libc::ioctl(libc::STDIN_FILENO, libc::TIOCGWINSZ, &raw mut size) } == 0).then_some(size)
}

/// The caller's terminal while the program's stands in for it.
struct Screen {
    settings: Termios,
    master: File,
}

impl Screen {
    fn open(master: OwnedFd) -> io::Result<Self> {
        let settings = tcgetattr(io::stdin())?;
        let mut raw = settings.clone();
        cfmakeraw(&mut raw);
        tcsetattr(io::stdin(), SetArg::TCSANOW, &raw)?;
        let types = File::from(master.try_clone()?);
        let screen = Screen { settings, master: File::from(master.try_clone()?) };
        let _ = MASTER.set(master);
        resize();
        // Ends with the process: nobody can take back a read of a terminal.
        thread::spawn(move || carry(io::stdin().lock(), types));
        Ok(screen)
    }

    /// Shows what there is.
    fn show(&mut self) -> io::Result<()> {
        let mut buffer = [0; 8 << 10];
        let count = self.master.read(&mut buffer).unwrap_or(0);
        let mut screen = io::stdout().lock();
        screen.write_all(&buffer[..count]).and_then(|()| screen.flush())
    }

    /// Shows what is left. What the program has left behind may hold the other end, so the end itself isn't waited for.
    fn show_rest(&mut self) -> io::Result<()> {
        loop {
            let mut watched = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
            poll(&mut watched, PollTimeout::ZERO)?;
            if !watched[0].revents().is_some_and(|it| it.contains(PollFlags::POLLIN)) {
                return Ok(());
            }
            self.show()?;
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &self.settings);
    }
}

fn carry(mut from: impl Read, mut to: impl Write) {
    let mut buffer = [0; 8 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}
