//! Records in transactions: the typed face of the store, and the only one that services see.
//!
//! A record's three sections stand under three keys of the engine, so that their writers never get into each other's way.
//! Values are JSON. A record exists exactly as long as its `spec` does.

mod key;
mod read;
mod tx;
mod watch;

pub use read::{Read, Row, Rows, Scope, Snapshot, Specs};
pub use tx::Tx;
pub use watch::Watch;

use crate::{
    StoreError,
    crash::Points,
    engine::{CommitError, Embedded, Engine, KeyRange, Transaction},
};
use std::{collections::BTreeMap, path::Path, sync::Arc};
use tokio::sync::Mutex;

/// How often a transaction is run before it is given up.
const MOST_TRIES: u32 = 100;

/// From this try on, a transaction that keeps being overtaken runs alone among its kind, in the order of arrival.
const POLITE_TRIES: u32 = 3;

/// The store of a cloud. Clones are the same store.
#[derive(Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
    overtaken: Arc<Mutex<()>>,
}

/// How a store is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Fail points, for tests.
    pub points: Points,
}

impl Store {
    /// Opens the store in a folder of this machine, which is made if it isn't there. The folder belongs to this process
    /// until the last clone is dropped, which waits for the commits under way.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another server has the folder, [`StoreError::Corrupt`] if the database is damaged,
    /// [`StoreError::Format`] if another version wrote it, and what a disk can do.
    pub fn open(folder: &Path) -> Result<Store, StoreError> {
        Store::open_with(folder, Options::default())
    }

    /// [`Store::open`] with options.
    pub fn open_with(folder: &Path, options: Options) -> Result<Store, StoreError> {
        Ok(Store::on(Arc::new(Embedded::open(folder, options.points)?)))
    }

    /// A store that forgets everything when its last clone is dropped. Everything else is as in [`Store::open`].
    pub fn ephemeral() -> Store {
        Store::ephemeral_with(Options::default())
    }

    /// [`Store::ephemeral`] with options.
    pub fn ephemeral_with(options: Options) -> Store {
        Store::on(Arc::new(Embedded::ephemeral(options.points).expect("the system can start one more thread")))
    }

    /// A store on any engine.
    pub fn on(engine: Arc<dyn Engine>) -> Store {
        Store { engine, overtaken: Arc::default() }
    }

    /// Everything that is committed by now, unchanged by what comes later. Costs nothing.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(self.engine.view())
    }

    /// Runs `f` and commits what it wrote, all or nothing; when this returns, it is durable and every snapshot shows it.
    ///
    /// `f` is run again from the start if something that it read has changed by the time of the commit, so it has no
    /// effects but through its [`Tx`]. If it gives an error, nothing is written. If it writes nothing, nothing is
    /// committed and what it read was all so at one moment. If the future is dropped before its end, the commit may or may
    /// not happen.
    pub async fn transact<T, E>(&self, mut f: impl FnMut(&mut Tx) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let mut turn = None;
        for attempt in 0..MOST_TRIES {
            if attempt == POLITE_TRIES {
                turn = Some(self.overtaken.lock().await);
            }
            let mut tx = Tx::on(self.engine.view());
            let value = f(&mut tx)?;
            let Some(transaction) = tx.into_transaction()? else { return Ok(value) };
            match self.engine.commit(transaction).await {
                Ok(_) => return Ok(value),
                Err(CommitError::Failed(error)) => return Err(error.into()),
                Err(CommitError::Conflict) => {}
            }
        }
        drop(turn);
        Err(StoreError::Conflict { tries: MOST_TRIES }.into())
    }

    /// A watch over kinds of records ([`model::Record::KIND`]); it tells of changes from now on.
    pub fn watch(&self, kinds: &[&'static str]) -> Watch {
        Watch::new(self.engine.watch(kinds.iter().map(|kind| key::kind_prefix(kind)).collect()))
    }

    /// Deletes every record. The revisions go on from where they are.
    pub async fn reset(&self) -> Result<(), StoreError> {
        let everything = Transaction {
            base: self.engine.view(),
            reads: BTreeMap::new(),
            ranges: Vec::new(),
            clears: vec![KeyRange::all()],
            writes: BTreeMap::new(),
        };
        match self.engine.commit(everything).await {
            Ok(_) => Ok(()),
            Err(CommitError::Failed(error)) => Err(error),
            // It has read nothing that could change; an engine that says so anyway is believed.
            Err(CommitError::Conflict) => Err(StoreError::Conflict { tries: 1 }),
        }
    }
}
