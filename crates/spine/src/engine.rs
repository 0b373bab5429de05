//! What keeps the records: an ordered map of byte keys to byte values with revisions, optimistic transactions and watch.
//!
//! This is etcd's data model (etcd documentation, "Data model" and "API guarantees"), so that an etcd cluster can stand
//! behind the same trait. An engine holds the whole map in memory, for which its views are free: the embedded engine in
//! front of its database, one for etcd as a mirror that a watch keeps current. Types, JSON and records are the
//! business of [`crate::store`].

mod batch;
mod commit;
mod disk;
mod embedded;
mod history;
mod lock;
mod view;
mod watchers;

pub use embedded::Embedded;
pub use view::{Entry, KeyRange, View};

use crate::StoreError;
use async_trait::async_trait;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::watch;

/// A key or a value.
pub type Bytes = Arc<[u8]>;

/// A point in the store's history: each commit has the one after its predecessor's. The empty store has revision 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

/// What a transaction saw under a key, and what has to be so still when it commits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// The key isn't there.
    Absent,
    /// The key is there since that revision, whatever its value is now.
    Created(Revision),
    /// The key was last written at that revision.
    Modified(Revision),
}

/// What was read, on which view, and what is to be written if that is all still so.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// The view that was read.
    pub base: View,
    /// The keys that were read one by one.
    pub reads: BTreeMap<Bytes, Expect>,
    /// The ranges that were read: no key in them may have come, gone or changed.
    pub ranges: Vec<KeyRange>,
    /// Ranges whose keys are deleted, before the writes and whatever is in them by then.
    pub clears: Vec<KeyRange>,
    /// The new values; `None` deletes.
    pub writes: BTreeMap<Bytes, Option<Bytes>>,
}

/// Why a transaction was not committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Something that the transaction read has changed: run it again on a new view.
    #[error("what the transaction read has changed")]
    Conflict,
    /// It could not be made durable; no reader has seen it.
    #[error(transparent)]
    Failed(#[from] StoreError),
}

/// A store of bytes.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Everything that is committed durably at this moment. Costs nothing, and never changes once taken.
    fn view(&self) -> View;

    /// Commits everything or nothing. When it has returned `Ok`, the writes are durable and [`Engine::view`] shows them.
    async fn commit(&self, transaction: Transaction) -> Result<Revision, CommitError>;

    /// A cell that holds the revision of the last commit that changed a key with one of the prefixes, or a later one
    /// that was current when the watch began. It is set after [`Engine::view`] shows that commit.
    fn watch(&self, prefixes: Vec<Bytes>) -> watch::Receiver<Revision>;
}
