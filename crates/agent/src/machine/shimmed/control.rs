//! What the agent tells a running machine's shim: one order and one answer for each connection, lines of JSON.
//!
//! Nothing is lost with a connection: every order may be given again.

use super::record::CONTROL_SOCKET;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    io::{self, BufRead, BufReader, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    time::Duration,
};

/// What came of an order; an error is a sentence for people.
pub type Answer<T = ()> = Result<T, String>;

/// How long either side waits for the other's line. The orders themselves take no time.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest line.
const BYTES: u64 = 64 << 10;

/// Gives an order. An error is that of the way; what the shim answers is inside.
pub fn give<T: DeserializeOwned>(runtime: &Path, order: &impl Serialize) -> io::Result<Answer<T>> {
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
pub fn take<Order: DeserializeOwned, T: Serialize>(
    listener: &UnixListener,
    carry_out: impl FnOnce(Order) -> Answer<T>,
) -> io::Result<()> {
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

fn hear<T: DeserializeOwned>(stream: &UnixStream) -> io::Result<T> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(io::Read::take(stream, BYTES)).read_line(&mut line)?;
    serde_json::from_str(&line).map_err(io::Error::other)
}
