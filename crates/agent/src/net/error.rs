//! What can go wrong with the network, and what to do about it.

use std::io;

/// Why a part of the network could not be made, or removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A namespace could not be had.
    #[error(transparent)]
    Namespace(#[from] netns::Error),
    /// The kernel refused a change of interfaces, addresses or routes.
    #[error("cannot {what}: {cause}")]
    Link {
        /// What was tried.
        what: String,
        /// What came of it.
        cause: io::Error,
    },
    /// A kernel parameter could not be set.
    #[error("cannot write {value} to {path}: {cause}; /proc/sys has to be writable")]
    Parameter {
        /// Under `/proc/sys`.
        path: String,
        /// What should be there.
        value: String,
        /// What came of it.
        cause: io::Error,
    },
    /// A program is not installed.
    #[error("{program} is not installed: install the package `{package}`")]
    Absent {
        /// What was looked for.
        program: &'static str,
        /// Where distributions have it.
        package: &'static str,
    },
    /// A program failed.
    #[error("{program} failed: {output}")]
    Program {
        /// Which.
        program: &'static str,
        /// What it said.
        output: String,
    },
    /// What was asked for can't be had as things stand.
    #[error("{0}")]
    Refused(String),
}

/// Short for what the rooms of this module answer.
pub(crate) type Result<T> = std::result::Result<T, Error>;
