//! What all of the edge's tasks share.

use crate::{
    networks::Networks,
    routes::{Routes, compile},
    target::{Dialler, Shelf},
};
use agent_proto::edge::{Report, Table};
use arc_swap::ArcSwap;
use logic::sealer::Sealer;
use model::Env;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use tokio::sync::{Notify, watch};

/// See the module.
pub(crate) struct Shared {
    pub(crate) env: Env,
    pub(crate) networks: Networks,
    pub(crate) sealer: Sealer,
    pub(crate) dialler: Dialler,
    routes: ArcSwap<Routes>,
    shelf: Shelf,
    /// How often the routes were replaced.
    pub(crate) replaced: watch::Sender<u64>,
    /// For the last of which of these replacements the doors were opened and closed, as far as that could be done.
    pub(crate) settled: watch::Sender<u64>,
    /// Told when what a report would say may have changed.
    pub(crate) changed: Arc<Notify>,
    /// Doors that can't be opened, and why, by listener ARN.
    pub(crate) door_faults: Mutex<BTreeMap<String, String>>,
    /// The latest report.
    pub(crate) report: watch::Sender<Arc<Report>>,
    connections: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(env: Env, networks: Networks, key: &[u8; 32]) -> Arc<Self> {
        let changed = Arc::new(Notify::new());
        Arc::new(Self {
            dialler: Dialler::new(env.clone(), networks.clone()),
            env,
            networks,
            sealer: Sealer::new(key),
            routes: ArcSwap::default(),
            shelf: Shelf::new(changed.clone()),
            replaced: watch::Sender::default(),
            settled: watch::Sender::default(),
            changed,
            door_faults: Mutex::default(),
            report: watch::Sender::default(),
            connections: AtomicUsize::new(0),
        })
    }

    /// Serves from another table from now on. Returns the replacement's number.
    pub(crate) fn replace(&self, table: &Table) -> u64 {
        self.routes.store(Arc::new(compile(table, &self.shelf)));
        self.replaced.send_modify(|count| *count += 1);
        self.changed.notify_one();
        *self.replaced.borrow()
    }

    /// What is served now.
    pub(crate) fn routes(&self) -> Arc<Routes> {
        self.routes.load_full()
    }

    /// Says which doors can't be opened.
    pub(crate) fn set_door_faults(&self, faults: BTreeMap<String, String>) {
        let mut now = self.door_faults.lock().unwrap_or_else(PoisonError::into_inner);
        if *now != faults {
            *now = faults;
            self.changed.notify_one();
        }
    }

    /// Connections of clients that are open.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Relaxed)
    }

    /// Counts a connection as open for as long as the guard lives.
    pub(crate) fn connection(self: &Arc<Self>) -> Connection {
        self.connections.fetch_add(1, Relaxed);
        Connection(self.clone())
    }
}

/// See [`Shared::connection`].
pub(crate) struct Connection(Arc<Shared>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
    }
}
