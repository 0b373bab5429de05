//! What a shim is told, by two files in its folder: where it lives ([`Place`]), when it is started, and what it is to be ([`Job`]), when
//! somebody wants an environment.

use crate::{disk::replace, image::Digest};
use agent_proto::function::Environment;
use model::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The file name of [`Place`].
pub const PLACE: &str = "place.json";
/// The file name of [`Job`].
pub const JOB: &str = "job.json";
/// The file name of the shim's own process, as [`crate::process::ProcessId`].
pub const SHIM: &str = "shim.json";
/// The socket at which the shim takes orders, in its runtime folder.
pub const SOCKET: &str = "control";

/// Where an environment that is nobody's yet is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// This file's folder.
    pub folder: PathBuf,
    /// A folder on a volatile file system, for the socket and the places of mounts.
    pub runtime: PathBuf,
    /// Who the function's processes are on the host: a user and a group that nobody else is.
    pub user: u32,
    /// Its control group, without a slash at the beginning.
    pub cgroup: String,
    /// The control group that shims are in.
    pub shim_cgroup: String,
    /// Controllers that the host lacks: their bounds are left out.
    pub unbounded: Vec<String>,
    /// The cloud's clock less the system's, in milliseconds.
    pub clock_offset_ms: i64,
    /// How much output is kept, in bytes, before more of it is thrown away.
    pub output_bytes: u64,
    /// The server's socket for workloads, to which the environment's way to the cloud's API leads.
    pub api: Option<PathBuf>,
    /// An empty file system of the usual size, which becomes `/tmp`; none where `/tmp` is memory.
    pub storage: Option<PathBuf>,
}

/// What an environment is made of on this host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// As it was wished for.
    pub environment: Environment,
    /// When.
    pub started: Timestamp,
    /// Where its output is kept.
    pub output: PathBuf,
    /// Its root file system.
    pub root: Root,
    /// The image that it is of, which has to stay.
    pub image: Option<Digest>,
    /// What is at `/var/task`.
    pub task: Option<PathBuf>,
    /// What is at `/opt`, the lowest first.
    pub layers: Vec<PathBuf>,
    /// What is at `/var/runtime`.
    pub runtime: Option<PathBuf>,
    /// Another empty file system for `/tmp`, where the size isn't the usual one.
    pub storage: Option<PathBuf>,
    /// What its runtime is.
    pub program: Program,
    /// Said in the log at its beginning.
    pub notices: Vec<String>,
    /// What `INIT_START` calls the runtime.
    pub version: String,
}

/// A root file system, which can't be written to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Root {
    /// The programs and libraries of this host, and a language's folder at `/var/lang`, if it isn't among them.
    Host(Option<PathBuf>),
    /// The layers of an image, the lowest first.
    Image(Vec<PathBuf>),
}

/// What asks for invocations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Program {
    /// The first of these that is there.
    FirstOf(Vec<String>),
    /// A command line, with variables and a working folder of its own.
    Command {
        /// The program, a name in the search path or a path, and its arguments.
        words: Vec<String>,
        /// `NAME=value`, below all others.
        variables: Vec<String>,
        /// Where it starts.
        folder: String,
        /// It is begun through `AWS_LAMBDA_EXEC_WRAPPER`, where that is set.
        wrapped: bool,
    },
}

/// Reads one of the files; `None` if it isn't there, or a crash of the host has torn it.
pub fn load<T: DeserializeOwned>(folder: &Path, name: &str) -> io::Result<Option<T>> {
    match fs::read(folder.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        text => Ok(serde_json::from_slice(&text?).ok()),
    }
}

/// Writes one of the files.
pub fn save(folder: &Path, name: &str, what: &impl Serialize) -> io::Result<()> {
    replace(&folder.join(name), &serde_json::to_vec(what).map_err(io::Error::other)?)
}
