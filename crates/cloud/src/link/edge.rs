//! The link to the edge: the table out, health back.

use agent_proto::edge::{Edge, Table};
use async_trait::async_trait;
use spine::{
    Read, Store, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::sync::{Arc, LazyLock};
use svc_containers::ecs;
use svc_ec2 as ec2;
use svc_network::elbv2 as elb;
use tokio::{sync::Mutex, task::JoinHandle};

/// Tells the edge what it is to serve.
pub struct EdgeLink(Arc<Link>);

struct Link {
    edge: Arc<dyn Edge>,
    /// What the edge was told last.
    told: Mutex<Option<Table>>,
}

impl Link {
    /// Writes what follows from the last table and the latest report, once there is a table.
    async fn note(&self, store: &Store) -> Result<(), StoreError> {
        let told = self.told.lock().await;
        let Some(table) = told.as_ref() else { return Ok(()) };
        let report = self.edge.report().borrow().clone();
        store.transact(|tx| elb::observe(table, &report, tx)?.commit(tx)).await
    }
}

impl EdgeLink {
    /// The link to an edge.
    pub fn new(edge: Arc<dyn Edge>) -> Self {
        Self(Arc::new(Link { edge, told: Mutex::new(None) }))
    }

    /// Starts to write what the edge sees into the records of targets and listeners, until the task is aborted.
    pub fn listen(&self, store: Store) -> JoinHandle<()> {
        let link = self.0.clone();
        let mut seen = link.edge.report();
        tokio::spawn(async move {
            while seen.changed().await.is_ok() {
                if let Err(error) = link.note(&store).await {
                    tracing::error!(%error, "what the edge sees can't be written");
                }
            }
        })
    }
}

/// All that the edge does, of all accounts and regions.
fn table(read: &impl Read) -> Result<Table, StoreError> {
    let (metadata, instances, leases) = (ecs::metadata(read)?, ec2::instance_metadata(read)?, ec2::leases(read)?);
    let mut table = Table { metadata, instances, leases, ..elb::table(read)? };
    let (pointers, endpoints) = (ec2::pointers(read)?, ec2::endpoint_tables(read)?);
    for (vpc, zone) in &mut table.zones {
        zone.pointers.clone_from(&pointers);
        zone.names.extend(endpoints.get(vpc).iter().flat_map(|it| it.names.clone()));
    }
    let gateway = |(vpc, it): (&String, &ec2::EndpointTable)| Some((vpc.clone(), it.gateway.clone()?));
    table.gateways = endpoints.iter().filter_map(gateway).collect();
    table.endpoints = endpoints.into_iter().map(|(vpc, it)| (vpc, it.doors)).collect();
    Ok(table)
}

#[async_trait]
impl Reconciler for EdgeLink {
    fn name(&self) -> &'static str {
        "edge/link"
    }

    fn watches(&self) -> &'static [&'static str] {
        static KINDS: LazyLock<Vec<&str>> =
            LazyLock::new(|| [elb::TABLE_KINDS, ecs::METADATA_KINDS, ec2::METADATA_KINDS, ec2::NAME_KINDS].concat());
        &KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let table = table(&cx.store.snapshot())?;
        let mut told = self.0.told.lock().await;
        if told.as_ref() != Some(&table) {
            self.0.edge.apply(table.clone()).await?;
            *told = Some(table);
        }
        drop(told);
        // Also for a table that the edge has already: a record may have come anew that it knows all about.
        self.0.note(&cx.store).await?;
        Ok(Wake::Idle)
    }
}
