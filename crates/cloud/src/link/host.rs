//! The link to a host: workloads and networks out, statuses back.

use agent_proto::{
    Desired, Host, Observed,
    record::{Hosted, HostedMachine, HostedVolume},
};
use async_trait::async_trait;
use model::Record;
use spine::{
    Read, Scope, Store, StoreError, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};
use svc_ec2 as ec2;
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

impl HostLink {
    /// All that the host is to have.
    fn desired(&self, read: &impl Read) -> anyhow::Result<Desired> {
        let workloads = read.specs::<Hosted>(Scope::All)?;
        let machines = read.specs::<HostedMachine>(Scope::All)?;
        let here = |host: &str| host == self.name;
        Ok(Desired {
            networks: ec2::desired_networks(read)?,
            workloads: workloads.iter().filter(|(_, it)| here(&it.host)).map(|(_, it)| it.workload.clone()).collect(),
            machines: machines.iter().filter(|(_, it)| here(&it.host)).map(|(_, it)| it.machine.clone()).collect(),
            volumes: ec2::desired_volumes(read, self.name)?,
        })
    }
}

#[async_trait]
impl Reconciler for HostLink {
    fn name(&self) -> &'static str {
        "host/link"
    }

    fn watches(&self) -> &'static [&'static str] {
        static KINDS: LazyLock<Vec<&str>> =
            LazyLock::new(|| [&[Hosted::KIND, HostedMachine::KIND, HostedVolume::KIND], ec2::NETWORK_KINDS].concat());
        &KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let snapshot = cx.store.snapshot();
        let desired = self.desired(&snapshot)?;
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
    let changes = |tx: &mut Tx| {
        note_kind::<Hosted>(tx, &observed.workloads, |spec| &spec.workload.id)?;
        note_kind::<HostedMachine>(tx, &observed.machines, |spec| &spec.machine.id)?;
        note_kind::<HostedVolume>(tx, &observed.volumes, |spec| &spec.volume.id)
    };
    store.transact(changes).await
}

/// Writes the statuses of one kind of things, found by their id on the host.
fn note_kind<R>(tx: &mut Tx, seen: &BTreeMap<String, R::Observed>, id: fn(&R::Spec) -> &String) -> Result<(), StoreError>
where
    R: Record,
    R::Observed: PartialEq,
{
    for (key, row) in tx.list::<R>(Scope::All)? {
        match seen.get(id(&row.spec)) {
            Some(status) if *status != *row.observed => tx.put_observed(&key, status)?,
            _ => {}
        }
    }
    Ok(())
}
