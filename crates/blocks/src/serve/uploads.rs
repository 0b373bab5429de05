//! Stores the snapshots that were begun, one after the other, while the volume is in use.

use super::protocol::SnapshotStatus;
use crate::{Error, Result, Volume};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, mpsc},
    thread,
};

/// The snapshots of one server.
pub struct Uploads {
    volume: Arc<Volume>,
    queue: mpsc::Sender<String>,
    /// Those that were begun, and what became of those that ended.
    begun: Arc<Mutex<BTreeMap<String, Option<SnapshotStatus>>>>,
}

impl Uploads {
    /// Goes on with those that were under way.
    pub fn start(volume: Arc<Volume>) -> Uploads {
        let (queue, names) = mpsc::channel::<String>();
        let begun = Arc::new(Mutex::new(BTreeMap::new()));
        for name in volume.snapshots() {
            begun.lock().expect(WHOLE).insert(name.clone(), None);
            let _ = queue.send(name);
        }
        let worker = (volume.clone(), begun.clone());
        thread::spawn(move || {
            for name in names {
                let status = upload(&worker.0, &name);
                worker.1.lock().expect(WHOLE).insert(name, Some(status));
            }
        });
        Uploads { volume, queue, begun }
    }

    /// Begins one.
    pub fn begin(&self, name: &str) -> Result<()> {
        self.volume.begin_snapshot(name)?;
        self.begun.lock().expect(WHOLE).insert(name.to_owned(), None);
        self.queue.send(name.to_owned()).map_err(|_| Error::Busy("the server ends".into()))
    }

    /// What became of one.
    pub fn status(&self, name: &str) -> Result<SnapshotStatus> {
        let begun = self.begun.lock().expect(WHOLE).get(name).cloned();
        match begun {
            Some(Some(status)) => Ok(status),
            // The volume lets go of it a moment before it has ended.
            Some(None) => Ok(SnapshotStatus::Pending(self.volume.progress(name).unwrap_or_default())),
            // One of an earlier server.
            None if self.volume.is_stored(name)? => Ok(SnapshotStatus::Completed(Default::default())),
            None => Err(Error::NotFound(name.to_owned())),
        }
    }
}

/// One that fails is given up: what it froze takes room, and the caller learns why.
fn upload(volume: &Volume, name: &str) -> SnapshotStatus {
    match volume.upload(name) {
        Ok(stored) => SnapshotStatus::Completed(stored),
        // The next server goes on with it.
        Err(Error::Busy(why)) => SnapshotStatus::Failed { why },
        Err(error) => {
            let why = match volume.abandon(name) {
                Ok(()) => error.to_string(),
                Err(also) => format!("{error}; {also}"),
            };
            SnapshotStatus::Failed { why }
        }
    }
}

const WHOLE: &str = "nobody panics with the uploads' results";
