//! What is said between the agent and a volume's server: JSON, a line each.

use crate::{DataKey, Error, Keys, Limits, Progress, Result, Stored};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs::File,
    io,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
};

/// The control socket's name in the runtime folder.
pub const CONTROL: &str = "control";
/// The file in the runtime folder that says what is attached: an [`Attached`].
pub const STATE: &str = "state.json";

/// What a server is started with.
#[derive(Serialize, Deserialize)]
pub struct Job {
    /// The volume's folder.
    pub folder: PathBuf,
    /// The server's own folder.
    pub runtime: PathBuf,
    /// The block store's folder.
    pub store: PathBuf,
    /// What it may do in a second.
    pub limits: Limits,
    /// The volume's key, in hexadecimal digits.
    pub key: Option<String>,
    /// Its source's, if that is another.
    pub source_key: Option<String>,
}

impl Job {
    /// The keys, as the volume takes them.
    pub fn keys(&self) -> Result<Keys> {
        let parse = |text: &Option<String>| text.as_deref().map(DataKey::parse).transpose();
        Ok(Keys { own: parse(&self.key)?, source: parse(&self.source_key)? })
    }
}

/// The control socket's path: as long as the folder is open. (A socket's path has room for 107 bytes, and the folder's may be longer.)
pub fn connect_path(runtime: &Path) -> Result<(File, PathBuf)> {
    let folder = File::open(runtime).map_err(|_| Error::NotFound(format!("{}: nobody serves it", runtime.display())))?;
    let path = format!("/proc/self/fd/{}/{CONTROL}", folder.as_raw_fd()).into();
    Ok((folder, path))
}

/// A volume that is a block device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// The device's node.
    pub device: PathBuf,
    /// The device's number.
    pub major: u32,
    /// The device's number.
    pub minor: u32,
    /// Its size in bytes.
    pub size: u64,
    /// The server.
    pub pid: u32,
    /// The moment of the server's start, in clock ticks since the machine's (proc(5), `/proc/pid/stat`, field 22).
    pub start: u64,
}

/// What a server is asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// How things are: a [`Status`].
    Status,
    /// To begin a snapshot.
    Snapshot {
        /// Its name.
        name: String,
    },
    /// How far a snapshot has come: a [`SnapshotStatus`].
    Progress {
        /// Its name.
        name: String,
    },
    /// To make the volume larger: an [`Attached`].
    Grow {
        /// Bytes.
        size: u64,
    },
    /// To set limits.
    Limit {
        /// The new ones.
        limits: Limits,
    },
    /// To keep a machine's memory: when that is answered, it follows to the connection's end.
    KeepMemory {
        /// The machine's, in bytes.
        bytes: u64,
    },
    /// To let the memory count that came last: its length in bytes.
    SealMemory,
    /// For the memory that is kept: its length in bytes, and then the bytes.
    RecallMemory,
    /// To remove the memory, if there is one.
    ForgetMemory,
    /// To flush, detach and end: whether the device is free ([`Stopped`]).
    Stop {
        /// Whether to end though somebody has the device open: who does gets errors from then on.
        force: bool,
    },
}

/// How things are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The volume's id.
    pub id: String,
    /// What is attached.
    pub attached: Attached,
    /// What it may do in a second.
    pub limits: Limits,
    /// How many bytes of it are on this host.
    pub local_bytes: u64,
    /// The snapshots that are under way.
    pub snapshots: Vec<String>,
    /// It was told to stop, and waits for the device's last user.
    pub stopping: bool,
}

/// What became of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SnapshotStatus {
    /// It is under way.
    Pending(Progress),
    /// It is in the store.
    Completed(Stored),
    /// It will never be.
    Failed {
        /// Why.
        why: String,
    },
}

/// What came of stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// The device is free, and the server ends.
    Detached,
    /// Somebody has the device open. When the last one closes it, it is freed and the server ends.
    Busy,
}

/// A result on its way.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer<T> {
    /// What was asked for.
    Done(T),
    /// Why not.
    Failed {
        /// Which kind of [`Error`].
        kind: Kind,
        /// Its text.
        why: String,
    },
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are the names of Error's variants")]
pub enum Kind {
    NotFound,
    Corrupt,
    WrongKey,
    Invalid,
    Busy,
    Io,
}

impl<T> From<Result<T>> for Answer<T> {
    fn from(result: Result<T>) -> Self {
        let error = match result {
            Ok(done) => return Answer::Done(done),
            Err(error) => error,
        };
        let (kind, why) = match error {
            Error::NotFound(why) => (Kind::NotFound, why),
            Error::Corrupt(why) => (Kind::Corrupt, why),
            Error::WrongKey(why) => (Kind::WrongKey, why),
            Error::Invalid(why) => (Kind::Invalid, why),
            Error::Busy(why) => (Kind::Busy, why),
            Error::Io(why) => (Kind::Io, why.to_string()),
        };
        Answer::Failed { kind, why }
    }
}

impl<T> From<Answer<T>> for Result<T> {
    fn from(answer: Answer<T>) -> Self {
        Err(match answer {
            Answer::Done(done) => return Ok(done),
            Answer::Failed { kind: Kind::NotFound, why } => Error::NotFound(why),
            Answer::Failed { kind: Kind::Corrupt, why } => Error::Corrupt(why),
            Answer::Failed { kind: Kind::WrongKey, why } => Error::WrongKey(why),
            Answer::Failed { kind: Kind::Invalid, why } => Error::Invalid(why),
            Answer::Failed { kind: Kind::Busy, why } => Error::Busy(why),
            Answer::Failed { kind: Kind::Io, why } => Error::Io(io::Error::other(why)),
        })
    }
}

/// A message as a line, without its end.
pub fn line(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("messages are maps with strings for keys")
}

/// Reads a line.
pub fn read<T: DeserializeOwned>(line: &str) -> Result<T> {
    serde_json::from_str(line).map_err(|error| Error::Invalid(format!("a message that isn't understood: {error}")))
}
