//! What the agent tells a running machine's shim: one order and one answer for each connection, lines of JSON.
//!
//! Nothing is lost with a connection: every order may be given again.

use super::job::{CONTROL_SOCKET, JobDisk};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, BufRead, BufReader, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    time::Duration,
};

/// An order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The machine's system is asked to shut down, or everything is killed.
    Halt {
        /// Killed.
        force: bool,
    },
    /// Likewise, and then it boots again.
    Reboot {
        /// What is counted then.
        number: u32,
        /// Killed.
        force: bool,
    },
    /// The machine gets a disk.
    Attach(JobDisk),
    /// The machine loses a disk.
    Detach {
        /// [`JobDisk::name`].
        name: String,
        /// Even if it is mounted.
        force: bool,
    },
}

/// What came of it; an error is a sentence for people.
pub type Answer = Result<(), String>;

/// How long either side waits for the other's line. The orders themselves take no time.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest line.
const BYTES: u64 = 64 << 10;

/// Gives an order. An error is that of the way; what the shim answers is inside.
pub fn give(runtime: &Path, order: &Order) -> io::Result<Answer> {
    let stream = UnixStream::connect(runtime.join(CONTROL_SOCKET))?;
    say(&stream, order)?;
    hear(&stream)
}

/// The shim's end.
pub fn listen(runtime: &Path) -> io::Result<UnixListener> {
    let path = runtime.join(CONTROL_SOCKET);
    crate::disk::remove_all(&path)?;
    UnixListener::bind(path)
}

/// Takes one order that waits, and answers it.
pub fn take(listener: &UnixListener, carry_out: impl FnOnce(Order) -> Answer) -> io::Result<()> {
    let (stream, _) = listener.accept()?;
    let order = hear(&stream)?;
    say(&stream, &carry_out(order))
}

fn say(stream: &UnixStream, what: &impl Serialize) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(what).map_err(io::Error::other)?;
    line.push(b'\n');
    (&*stream).write_all(&line)
}

fn hear<T: for<'a> Deserialize<'a>>(stream: &UnixStream) -> io::Result<T> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(io::Read::take(stream, BYTES)).read_line(&mut line)?;
    serde_json::from_str(&line).map_err(io::Error::other)
}
