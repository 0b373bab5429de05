//! The connection to QEMU (the QEMU Machine Protocol): commands that are answered at once, and events.
//!
//! Whatever is said is a line of JSON (QEMU's docs/interop/qmp-spec.rst). Descriptors go along with a command as control messages.

use nix::sys::socket::{ControlMessage, MsgFlags, recv, sendmsg};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    io::{self, IoSlice, Read, Write},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd},
        unix::net::UnixStream,
    },
    time::Duration,
};

/// How long an answer may take: commands take no time, but an emulated guest on a busy host does.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest line. (The answers that are asked for are short.)
const BYTES: usize = 1 << 20;

/// The connection.
pub struct Qmp {
    stream: UnixStream,
    heard: Vec<u8>,
    events: VecDeque<Event>,
}

/// Something has happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Such as `SHUTDOWN`.
    pub name: String,
    /// What is said of it.
    pub data: Value,
}

impl Qmp {
    /// Waits for the monitor's greeting, and answers it.
    pub fn open(stream: UnixStream) -> Result<Self, String> {
        stream.set_read_timeout(Some(PATIENCE)).map_err(text)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(text)?;
        let mut qmp = Self { stream, heard: Vec::new(), events: VecDeque::new() };
        qmp.hear_line()?;
        qmp.run("qmp_capabilities", json!({}))?;
        Ok(qmp)
    }

    /// What is to be polled.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Runs a command.
    pub fn run(&mut self, command: &str, arguments: Value) -> Result<Value, String> {
        self.stream.write_all(&line(command, arguments)).map_err(text)?;
        self.answer(command)
    }

    /// Runs a command that takes a descriptor.
    pub fn give(&mut self, command: &str, arguments: Value, fd: BorrowedFd) -> Result<Value, String> {
        let line = line(command, arguments);
        let fds = [fd.as_raw_fd()];
        let sent = sendmsg::<()>(
            self.stream.as_raw_fd(),
            &[IoSlice::new(&line)],
            &[ControlMessage::ScmRights(&fds)],
            MsgFlags::MSG_NOSIGNAL,
            None,
        );
        match sent.map_err(text)? {
            all if all == line.len() => self.answer(command),
            _ => Err("the monitor takes no commands".into()),
        }
    }

    /// What has happened next, if it was said. Doesn't wait.
    pub fn next_event(&mut self) -> Option<Event> {
        let mut buffer = [0; 16 << 10];
        while let Ok(count @ 1..) = recv(self.stream.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
            self.heard.extend_from_slice(&buffer[..count]);
        }
        while let Some(line) = self.take_line() {
            self.note(&line);
        }
        self.events.pop_front()
    }

    /// Waits for something to happen, for as long as it takes or [`PATIENCE`] has gone by without a word.
    pub fn wait_for<T>(&mut self, of_interest: impl Fn(&Event) -> Option<T>) -> Result<T, String> {
        loop {
            while let Some(event) = self.events.pop_front() {
                if let Some(found) = of_interest(&event) {
                    return Ok(found);
                }
            }
            let line = self.hear_line()?;
            self.note(&line);
        }
    }

    fn answer(&mut self, command: &str) -> Result<Value, String> {
        loop {
            let line = self.hear_line()?;
            if let Some(answer) = line.get("return") {
                return Ok(answer.clone());
            }
            if let Some(why) = line.get("error") {
                return Err(format!("{command}: {}", why["desc"].as_str().unwrap_or("refused")));
            }
            self.note(&line);
        }
    }

    fn note(&mut self, line: &Value) {
        if let Some(name) = line["event"].as_str() {
            self.events.push_back(Event { name: name.to_owned(), data: line["data"].clone() });
        }
    }

    fn hear_line(&mut self) -> Result<Value, String> {
        loop {
            if let Some(line) = self.take_line() {
                return Ok(line);
            }
            let mut buffer = [0; 4096];
            let count = match self.stream.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err("the monitor doesn't answer".into()),
                other => other.map_err(text)?,
            };
            if count == 0 {
                return Err("the monitor has ended".into());
            }
            self.heard.extend_from_slice(&buffer[..count]);
            if self.heard.len() > BYTES {
                return Err("the monitor says too much".into());
            }
        }
    }

    fn take_line(&mut self) -> Option<Value> {
        let end = self.heard.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.heard.drain(..=end).collect();
        Some(serde_json::from_slice(&line).unwrap_or_default())
    }
}

fn line(command: &str, arguments: Value) -> Vec<u8> {
    let mut line = json!({"execute": command, "arguments": arguments}).to_string().into_bytes();
    line.push(b'\n');
    line
}

fn text(error: impl std::fmt::Display) -> String {
    format!("the monitor can't be spoken to: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A monitor that says this, whatever it is asked.
    fn monitor(says: &str) -> (Qmp, UnixStream) {
        let (ours, mut its) = UnixStream::pair().unwrap();
        its.write_all(b"{\"QMP\": {}}\n{\"return\": {}}\n").unwrap();
        its.write_all(says.as_bytes()).unwrap();
        (Qmp::open(ours).unwrap(), its)
    }

    #[test]
    fn answers_and_events_come_in_any_order() {
        let (mut qmp, _its) = monitor(
            "{\"event\": \"STOP\"}\n{\"return\": 7}\n{\"event\": \"RESET\", \"data\": {\"guest\": true}}\n{\"error\": {\"desc\": \"no\"}}\n{\"ev",
        );
        assert_eq!(qmp.run("stop", json!({})), Ok(json!(7)));
        assert_eq!(qmp.run("cont", json!({})), Err("cont: no".into()));
        let names: Vec<String> = std::iter::from_fn(|| qmp.next_event()).map(|event| event.name).collect();
        assert_eq!(names, ["STOP", "RESET"], "half a line is none yet");
    }

    #[test]
    fn a_monitor_that_ends_or_babbles_is_an_error() {
        let (mut qmp, its) = monitor("nonsense\n");
        drop(its);
        assert!(qmp.run("stop", json!({})).is_err());
    }
}
