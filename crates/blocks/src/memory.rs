//! The memory of a machine that sleeps, as who runs the machine hands it over and takes it back: by way of the server of the volume that the machine boots
//! from, which has the key ([`Volume::seal_memory`](crate::Volume::seal_memory)).
//!
//! A memory is a stream of a connection's bytes, which can be another process's own. That can send nothing but the stream: whether it counts is said on
//! another connection.

use crate::{
    Error, Result,
    serve::protocol::{Answer, Request, connect_path, line, read},
};
use serde::de::DeserializeOwned;
use std::{
    io::{self, Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
};

/// The longest answer.
const LINE: usize = 64 * 1024;

/// Where the memory of a machine is kept while it sleeps. Everything blocks the calling thread.
#[derive(Clone, Debug)]
pub struct MemoryPlace {
    runtime: PathBuf,
}

/// A memory that is being handed over.
#[derive(Debug)]
pub struct Handover {
    place: MemoryPlace,
    stream: UnixStream,
}

impl MemoryPlace {
    /// With the volume whose server has this runtime folder ([`Start::runtime`](crate::Start::runtime)).
    pub fn at(runtime: &Path) -> MemoryPlace {
        MemoryPlace { runtime: runtime.to_owned() }
    }

    /// Begins to hand a memory of so many bytes over. An earlier one is forgotten.
    ///
    /// # Errors
    /// [`Error::Invalid`]: the volume is too small for it.
    pub fn keep(&self, bytes: u64) -> Result<Handover> {
        let mut stream = self.connect()?;
        ask::<()>(&mut stream, &Request::KeepMemory { bytes })?;
        Ok(Handover { place: self.clone(), stream })
    }

    /// A stream from which the memory can be read to its end.
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is none.
    pub fn recall(&self) -> Result<UnixStream> {
        let mut stream = self.connect()?;
        ask::<u64>(&mut stream, &Request::RecallMemory)?;
        Ok(stream)
    }

    /// Removes the memory, if there is one: on the disk before this returns. A stream of it must have been closed.
    pub fn forget(&self) -> Result<()> {
        ask(&mut self.connect()?, &Request::ForgetMemory)
    }

    fn connect(&self) -> Result<UnixStream> {
        let (_folder, path) = connect_path(&self.runtime)?;
        Ok(UnixStream::connect(path)?)
    }
}

impl Handover {
    /// Where to write it.
    pub fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// It has come to its end: when this returns it is on the disk, and counts. Its length in bytes.
    pub fn seal(self) -> Result<u64> {
        // Whoever wrote may have ended it already.
        let _ = self.stream.shutdown(Shutdown::Write);
        drop(self.stream);
        ask(&mut self.place.connect()?, &Request::SealMemory)
    }
}

/// What follows the answer is left in the stream.
fn ask<T: DeserializeOwned>(stream: &mut UnixStream, request: &Request) -> Result<T> {
    stream.write_all(format!("{}\n", line(request)).as_bytes())?;
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while byte != *b"\n" && answer.len() < LINE {
        if stream.read(&mut byte)? == 0 {
            return Err(Error::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        answer.extend(byte);
    }
    read::<Answer<T>>(&String::from_utf8_lossy(&answer))?.into()
}
