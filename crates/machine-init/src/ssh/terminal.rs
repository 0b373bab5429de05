//! A pseudo-terminal: its master end for the server, its slave end for the program.

use nix::{
    fcntl::{FcntlArg, FdFlag, OFlag, fcntl},
    pty::{Winsize, openpty},
    sys::termios::{BaudRate, SetArg, Termios, cfsetspeed, tcgetattr, tcsetattr},
    unistd::ttyname,
};
use russh::Pty;
use std::{
    fs::{Permissions, set_permissions},
    io::{self, Read, Write},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::{PermissionsExt, chown},
    },
    sync::Arc,
};
use tokio::io::unix::AsyncFd;

/// A terminal that a client has asked for.
pub struct Terminal {
    /// The server's end.
    pub master: Master,
    /// The program's end.
    pub slave: OwnedFd,
    /// Its name, `/dev/pts/…`.
    pub name: String,
    /// What the client calls its own kind (`TERM`).
    pub kind: String,
}

/// The master end, which several may hold.
#[derive(Clone)]
pub struct Master(Arc<AsyncFd<std::fs::File>>);

impl Terminal {
    /// Opens one of a size, with the client's modes, for a user.
    pub fn open(kind: &str, size: Winsize, modes: &[(Pty, u32)], uid: u32) -> io::Result<Self> {
        let pair = openpty(&size, None)?;
        for end in [&pair.master, &pair.slave] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        }
        let mut settings = tcgetattr(&pair.slave)?;
        apply(&mut settings, modes);
        tcsetattr(&pair.slave, SetArg::TCSANOW, &settings)?;
        let name = ttyname(&pair.slave)?;
        chown(&name, Some(uid), None)?;
        set_permissions(&name, Permissions::from_mode(0o620))?;
        fcntl(&pair.master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK | OFlag::O_RDWR))?;
        // SAFETY: the file keeps the same descriptor, open, for as long as it lives.
        let master = unsafe { AsyncFd::register(std::fs::File::from(pair.master)) }?;
        let master = Master(Arc::new(master));
        Ok(Terminal { master, slave: pair.slave, name: name.to_string_lossy().into_owned(), kind: kind.to_owned() })
    }
}

/// A size as clients send it.
pub fn size(columns: u32, rows: u32, width: u32, height: u32) -> Winsize {
    let short = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    Winsize { ws_row: short(rows), ws_col: short(columns), ws_xpixel: short(width), ws_ypixel: short(height) }
}

impl Master {
    /// Tells the terminal, and who runs in it, of a new size.
    pub fn resize(&self, size: Winsize) {
        // SAFETY: the call reads the size that it is given.
        unsafe { libc::ioctl(self.0.get_ref().as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    }

    /// What the program writes; 0 once nobody holds the other end any more.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut guard = self.0.readable().await?;
            match guard.try_io(|fd| fd.get_ref().read(buffer)) {
                Ok(result) => return closed(result),
                Err(_not_ready) => {}
            }
        }
    }

    /// What has been written already; 0 if there is nothing.
    pub fn read_now(&self, buffer: &mut [u8]) -> usize {
        self.0.get_ref().read(buffer).unwrap_or(0)
    }

    /// Types everything.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let mut guard = self.0.writable().await?;
            if let Ok(count) = guard.try_io(|fd| fd.get_ref().write(bytes)) {
                bytes = &bytes[count?..];
            }
        }
        Ok(())
    }
}

/// The kernel tells a terminal without programs by EIO.
fn closed(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.raw_os_error() == Some(libc::EIO) => Ok(0),
        other => other,
    }
}

/// Settings by the client's words for them (RFC 4254, section 8); those that Linux hasn't are passed over.
fn apply(settings: &mut Termios, modes: &[(Pty, u32)]) {
    let mut raw: libc::termios = settings.clone().into();
    for (mode, value) in modes {
        if let Some(index) = character(*mode) {
            // 255 stands for none.
            raw.c_cc[index] = u8::try_from(*value).ok().filter(|byte| *byte != 255).unwrap_or(0);
        } else if let Some((field, bit)) = flag(&mut raw, *mode) {
            *field = if *value == 0 { *field & !bit } else { *field | bit };
        }
    }
    *settings = raw.into();
    let _ = cfsetspeed(settings, BaudRate::B38400);
}

fn character(mode: Pty) -> Option<usize> {
    Some(match mode {
        Pty::VINTR => libc::VINTR,
        Pty::VQUIT => libc::VQUIT,
        Pty::VERASE => libc::VERASE,
        Pty::VKILL => libc::VKILL,
        Pty::VEOF => libc::VEOF,
        Pty::VEOL => libc::VEOL,
        Pty::VEOL2 => libc::VEOL2,
        Pty::VSTART => libc::VSTART,
        Pty::VSTOP => libc::VSTOP,
        Pty::VSUSP => libc::VSUSP,
        Pty::VREPRINT => libc::VREPRINT,
        Pty::VWERASE => libc::VWERASE,
        Pty::VLNEXT => libc::VLNEXT,
        Pty::VDISCARD => libc::VDISCARD,
        _ => return None,
    })
}

fn flag(raw: &mut libc::termios, mode: Pty) -> Option<(&mut libc::tcflag_t, libc::tcflag_t)> {
    let input = |bit| Some((0, bit));
    let output = |bit| Some((1, bit));
    let local = |bit| Some((2, bit));
    let (field, bit) = match mode {
        Pty::IGNPAR => input(libc::IGNPAR),
        Pty::PARMRK => input(libc::PARMRK),
        Pty::INPCK => input(libc::INPCK),
        Pty::ISTRIP => input(libc::ISTRIP),
        Pty::INLCR => input(libc::INLCR),
        Pty::IGNCR => input(libc::IGNCR),
        Pty::ICRNL => input(libc::ICRNL),
        Pty::IXON => input(libc::IXON),
        Pty::IXANY => input(libc::IXANY),
        Pty::IXOFF => input(libc::IXOFF),
        Pty::IMAXBEL => input(libc::IMAXBEL),
        Pty::IUTF8 => input(libc::IUTF8),
        Pty::OPOST => output(libc::OPOST),
        Pty::ONLCR => output(libc::ONLCR),
        Pty::OCRNL => output(libc::OCRNL),
        Pty::ONOCR => output(libc::ONOCR),
        Pty::ONLRET => output(libc::ONLRET),
        Pty::ISIG => local(libc::ISIG),
        Pty::ICANON => local(libc::ICANON),
        Pty::ECHO => local(libc::ECHO),
        Pty::ECHOE => local(libc::ECHOE),
        Pty::ECHOK => local(libc::ECHOK),
        Pty::ECHONL => local(libc::ECHONL),
        Pty::NOFLSH => local(libc::NOFLSH),
        Pty::TOSTOP => local(libc::TOSTOP),
        Pty::IEXTEN => local(libc::IEXTEN),
        Pty::ECHOCTL => local(libc::ECHOCTL),
        Pty::ECHOKE => local(libc::ECHOKE),
        _ => None,
    }?;
    let field = match field {
        0 => &mut raw.c_iflag,
        1 => &mut raw.c_oflag,
        _ => &mut raw.c_lflag,
    };
    Some((field, bit))
}
