//! What can go wrong in the store, and what to do about it.

use std::{path::PathBuf, sync::Arc};

/// Why the store did not do what it was asked. Whatever failed has changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A record of that key is there already.
    #[error("`{key}` exists already")]
    AlreadyExists {
        /// The record.
        key: String,
    },
    /// There is no record of that key.
    #[error("`{key}` doesn't exist")]
    NotFound {
        /// The record.
        key: String,
    },
    /// The key can't be stored.
    #[error("`{key}` is no valid key: {reason}")]
    InvalidKey {
        /// The key, shortened.
        key: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// One value is larger than a record's section may be.
    #[error("the value of `{key}` has {size} bytes; a section of a record may have {limit}")]
    ValueTooLarge {
        /// The section.
        key: String,
        /// Bytes of the value.
        size: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// The writes of one transaction are larger than a transaction may be.
    #[error("the transaction writes {size} bytes; it may write {limit}: do the work in several transactions")]
    TransactionTooLarge {
        /// Bytes of the writes.
        size: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// The value has no JSON form.
    #[error("the value of `{key}` can't be written as JSON: {detail}")]
    Encode {
        /// The section.
        key: String,
        /// The encoder's words.
        detail: Arc<str>,
    },
    /// What is stored under the key is not what this version of the program expects there.
    #[error("the stored value of `{key}` can't be read by this version of Hillfog: {detail}")]
    Decode {
        /// The section.
        key: String,
        /// The decoder's words.
        detail: Arc<str>,
    },
    /// Others kept changing what the transaction read.
    #[error("the transaction was overtaken by others {tries} times and was given up; repeat the request")]
    Conflict {
        /// How often it was tried.
        tries: u32,
    },
    /// No space is left.
    #[error("no space is left on the disk that holds {path}: the change was not made; free some space, then repeat the request")]
    DiskFull {
        /// The data folder.
        path: PathBuf,
    },
    /// The operating system refused a read or a write.
    #[error("{path} can't be used: {detail}; the change was not made. Check the disk and the folder's permissions")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        detail: Arc<str>,
    },
    /// Another server holds the data folder.
    #[error("the data folder {path} is in use by {}; stop that server, or choose another folder", holder(*pid))]
    InUse {
        /// The data folder.
        path: PathBuf,
        /// The process that holds it, where that is known.
        pid: Option<u32>,
    },
    /// The database is damaged.
    #[error(
        "the store in {path} is damaged: {detail}. Nothing was changed. Restore the folder from a backup, or move it away to start an empty cloud"
    )]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// What was found.
        detail: Arc<str>,
    },
    /// The database was written by a version with another format.
    #[error(
        "the store in {path} has format {found}, and this version of Hillfog reads format {supported}: use the version that wrote it"
    )]
    Format {
        /// The database file.
        path: PathBuf,
        /// The file's format.
        found: i64,
        /// The format of this version.
        supported: i64,
    },
    /// The store has been closed.
    #[error("the store is closed: the server is shutting down")]
    Closed,
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".into(), |pid| format!("the process {pid}"))
}
