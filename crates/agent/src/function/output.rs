//! What environments have written, by environment, until it is safe elsewhere: also of those that have ended.

use crate::{disk::remove_all, output};
use agent_proto::workload::{LogChunk, LogPosition};
use std::{
    io,
    path::{Path, PathBuf},
};

/// The outputs of a host's environments, a folder each.
#[derive(Clone, Debug)]
pub struct Outputs(PathBuf);

impl Outputs {
    /// Below the data folder.
    pub fn below(data: &Path) -> Self {
        Self(data.join("functions/output"))
    }

    /// The folder of an environment's output.
    pub fn of(&self, environment: &str) -> PathBuf {
        self.0.join(environment)
    }

    /// Reads from a position on; `None`, if nothing is known of the environment.
    pub fn read(&self, environment: &str, from: LogPosition, lives: bool) -> io::Result<Option<LogChunk>> {
        let folder = self.of(environment);
        if !folder.is_dir() {
            return Ok(None);
        }
        let (lines, next) = output::read(&folder, from)?;
        let end = !lives && lines.is_empty();
        Ok(Some(LogChunk { lines, next, end }))
    }

    /// Deletes what is before a position.
    pub fn release(&self, environment: &str, to: LogPosition) -> io::Result<()> {
        output::release(&self.of(environment), to)
    }

    /// Deletes all of it.
    pub fn forget(&self, environment: &str) -> io::Result<()> {
        remove_all(&self.of(environment))
    }
}
