//! What an edge writes to. It holds a lock on the file from before its program is run to its end, however that comes, so who looks for an
//! edge finds one that is just being started or is just ending, too.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// From here on the log of the edges before is put aside, in bytes.
const LARGE: u64 = 1 << 20;

/// The log for a new edge; none if there is an edge. The lock goes on to whoever inherits the file.
pub fn take(path: &Path) -> io::Result<Option<File>> {
    let Some(log) = locked(path)? else { return Ok(None) };
    if log.metadata()?.len() <= LARGE {
        return Ok(Some(log));
    }
    std::fs::rename(path, path.with_extension("log.old"))?;
    locked(path)
}

/// Whether there is an edge.
pub fn is_held(path: &Path) -> io::Result<bool> {
    match path.exists() {
        true => Ok(locked(path)?.is_none()),
        false => Ok(false),
    }
}

fn locked(path: &Path) -> io::Result<Option<File>> {
    let log = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    match log.try_lock() {
        Ok(()) => Ok(Some(log)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
