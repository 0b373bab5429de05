//! The link to a host: workloads and networks out, statuses back.

use agent_proto::{Desired, Host, Observed, record::Hosted};
use async_trait::async_trait;
use model::Record;
use spine::{
    Read, Scope, Store, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::sync::{Arc, LazyLock};
use svc_network::ec2;
use tokio::{sync::Mutex, task::JoinHandle};

/// Tells one host what it is to run.
pub struct HostLink {
    name: &'static str,
    host: Arc<dyn Host>,
    /// What the host was told last; telling it again would do no harm, but costs it a look at everything.
    told: Mutex<Option<Desired>>,
}

impl HostLink {
    /// The link to the host of that name.
    pub fn new(name: &'static str, host: Arc<dyn Host>) -> Self {
        Self { name, host, told: Mutex::new(None) }
    }

    /// Starts to write what the host sees into the records of its workloads, until the task is aborted.
    pub fn listen(&self, store: Store) -> JoinHandle<()> {
        let mut seen = self.host.observed();
        tokio::spawn(async move {
            loop {
                let observed = seen.borrow_and_update().clone();
                if let Err(error) = note(&store, &observed).await {
                    tracing::error!(%error, "what the host sees can't be written");
                }
                if seen.changed().await.is_err() {
                    return;
                }
            }
        })
    }
}

#[async_trait]
impl Reconciler for HostLink {
    fn name(&self) -> &'static str {
        "host/link"
    }

    fn watches(&self) -> &'static [&'static str] {
        static KINDS: LazyLock<Vec<&str>> = LazyLock::new(|| [&[Hosted::KIND], ec2::NETWORK_KINDS].concat());
        &KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let snapshot = cx.store.snapshot();
        let hosted = snapshot.specs::<Hosted>(Scope::All)?;
        let here = hosted.iter().filter(|(_, hosted)| hosted.host == self.name);
        let desired = Desired {
            networks: ec2::desired_networks(&snapshot)?,
            workloads: here.map(|(_, hosted)| hosted.workload.clone()).collect(),
        };
        let mut told = self.told.lock().await;
        if told.as_ref() != Some(&desired) {
            self.host.apply(desired.clone()).await?;
            *told = Some(desired);
        }
        Ok(Wake::Idle)
    }
}

/// Writes the statuses that have changed.
async fn note(store: &Store, observed: &Observed) -> Result<(), StoreError> {
    store
        .transact(|tx| {
            for (key, row) in tx.list::<Hosted>(Scope::All)? {
                match observed.workloads.get(&row.spec.workload.id) {
                    Some(status) if *status != *row.observed => tx.put_observed(&key, status)?,
                    _ => {}
                }
            }
            Ok(())
        })
        .await
}
