//! What of networks takes time: NAT gateways become available, and what has ended is shown a while and then forgotten.

use anyhow::Result;
use async_trait::async_trait;
use model::{
    Key, Record, Timestamp,
    ec2::{NatGateway, PeeringStatus, VpcPeering, VpcPeeringSpec},
};
use spine::{
    Read, Scope, Snapshot, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};

/// How long a deleted NAT gateway is shown (VPC user guide, "Delete a NAT gateway").
const GATEWAY_SHOWN_MS: i64 = 60 * 60 * 1000;

/// How long a peering connection is shown that has been deleted, rejected or has failed (VPC peering guide, "VPC peering connection
/// lifecycle").
const PEERING_SHOWN_MS: i64 = 2 * 60 * 60 * 1000;

/// The reconciler of networks.
#[derive(Debug, Default)]
pub struct Networks;

#[async_trait]
impl Reconciler for Networks {
    fn name(&self) -> &'static str {
        "ec2/network"
    }

    fn watches(&self) -> &'static [&'static str] {
        const KINDS: &[&str] = &[NatGateway::KIND, VpcPeering::KIND];
        KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> Result<Wake> {
        let snapshot = cx.store.snapshot();
        let now = cx.env.now();
        let gateways = gateways(&snapshot, now)?;
        let peerings = peerings(&snapshot, now)?;
        for key in gateways.ready.iter() {
            cx.store.transact(|tx| open(tx, key)).await?;
        }
        for key in gateways.over.iter() {
            cx.store.transact(|tx| tx.delete(key)).await?;
        }
        for key in peerings.over.iter() {
            cx.store.transact(|tx| tx.delete(key)).await?;
        }
        Ok(gateways.next.min(peerings.next))
    }
}

/// What is to be done with records of a kind.
struct Due<R: Record> {
    ready: Vec<Key<R>>,
    over: Vec<Key<R>>,
    next: Wake,
}

impl<R: Record> Due<R> {
    fn nothing() -> Self {
        Self { ready: Vec::new(), over: Vec::new(), next: Wake::Idle }
    }

    /// It has ended, and is shown until then.
    fn ends(&mut self, key: Key<R>, until: Timestamp, now: Timestamp) {
        if until <= now {
            self.over.push(key);
        } else {
            self.next = self.next.min(Wake::At(until));
        }
    }
}

fn gateways(snapshot: &Snapshot, now: Timestamp) -> Result<Due<NatGateway>, StoreError> {
    let mut due = Due::nothing();
    for (key, row) in snapshot.list::<NatGateway>(Scope::All)? {
        match row.spec.deleted_at {
            Some(at) => due.ends(key, Timestamp(at.0 + GATEWAY_SHOWN_MS), now),
            None if !row.plan.available => due.ready.push(key),
            None => {}
        }
    }
    Ok(due)
}

fn peerings(snapshot: &Snapshot, now: Timestamp) -> Result<Due<VpcPeering>, StoreError> {
    let mut due = Due::nothing();
    for (key, spec) in snapshot.specs::<VpcPeering>(Scope::All)? {
        if let Some(ended) = ended(&spec) {
            due.ends(key, Timestamp(ended.0 + PEERING_SHOWN_MS), now);
        }
    }
    Ok(due)
}

fn ended(spec: &VpcPeeringSpec) -> Option<Timestamp> {
    match spec.status {
        PeeringStatus::Failed | PeeringStatus::Rejected | PeeringStatus::Deleted => Some(spec.since),
        PeeringStatus::PendingAcceptance => Some(spec.expires_at),
        PeeringStatus::Active => None,
    }
}

fn open(tx: &mut spine::Tx, key: &Key<NatGateway>) -> Result<(), StoreError> {
    if !tx.exists(key)? {
        return Ok(());
    }
    tx.update_plan(key, |plan| plan.available = true)
}
