//! The link to the edge: the table out, health back.

use agent_proto::edge::{Edge, Table};
use async_trait::async_trait;
use model::{Record, ec2, elbv2};
use spine::{
    Store,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::sync::Arc;
use svc_network::elbv2 as elb;
use tokio::{sync::Mutex, task::JoinHandle};

/// Tells the edge what it is to serve.
pub struct EdgeLink {
    edge: Arc<dyn Edge>,
    /// What the edge was told last.
    told: Mutex<Option<Table>>,
}

impl EdgeLink {
    /// The link to an edge.
    pub fn new(edge: Arc<dyn Edge>) -> Self {
        Self { edge, told: Mutex::new(None) }
    }

    /// Starts to write what the edge sees into the records of targets and listeners, until the task is aborted.
    pub fn listen(&self, store: Store) -> JoinHandle<()> {
        let mut seen = self.edge.report();
        tokio::spawn(async move {
            loop {
                let report = seen.borrow_and_update().clone();
                if let Err(error) = store.transact(|tx| elb::observe(&report, tx)?.commit(tx)).await {
                    tracing::error!(%error, "what the edge sees can't be written");
                }
                if seen.changed().await.is_err() {
                    return;
                }
            }
        })
    }
}

#[async_trait]
impl Reconciler for EdgeLink {
    fn name(&self) -> &'static str {
        "edge/link"
    }

    fn watches(&self) -> &'static [&'static str] {
        const KINDS: &[&str] = &[
            elbv2::LoadBalancer::KIND,
            elbv2::Listener::KIND,
            elbv2::Rule::KIND,
            elbv2::TargetGroup::KIND,
            elbv2::Target::KIND,
            ec2::Vpc::KIND,
            ec2::NetworkInterface::KIND,
        ];
        KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let table = elb::table(&cx.store.snapshot())?;
        let mut told = self.told.lock().await;
        if told.as_ref() != Some(&table) {
            self.edge.apply(table.clone()).await?;
            cx.store.transact(|tx| elb::taken(&table, tx)?.commit(tx)).await?;
            *told = Some(table);
        }
        Ok(Wake::Idle)
    }
}
