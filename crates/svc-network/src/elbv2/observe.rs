//! What the edge has seen, as what records say is so. Pure: the link to the edge commits what comes of it.

use agent_proto::edge::{Report, Table, TargetHealth, TargetReport};
use model::{
    Arn, Key, Record,
    elbv2::{Health, Listener, ListenerObserved, LoadBalancer, LoadBalancerObserved, Target, TargetGroup, TargetObserved},
};
use spine::{Read, Scope, StoreError, Tx};
use std::collections::BTreeMap;

/// The observed sections that are to change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Writes {
    /// Of balancers.
    pub balancers: Vec<(Key<LoadBalancer>, LoadBalancerObserved)>,
    /// Of listeners.
    pub listeners: Vec<(Key<Listener>, ListenerObserved)>,
    /// Of targets.
    pub targets: Vec<(Key<Target>, TargetObserved)>,
}

impl Writes {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        self.balancers.is_empty() && self.listeners.is_empty() && self.targets.is_empty()
    }

    /// Writes them; what has been deleted meanwhile is left alone.
    pub fn commit(&self, tx: &mut Tx) -> Result<(), StoreError> {
        put(tx, &self.balancers)?;
        put(tx, &self.listeners)?;
        put(tx, &self.targets)
    }
}

fn put<R: Record>(tx: &mut Tx, writes: &[(Key<R>, R::Observed)]) -> Result<(), StoreError> {
    for (key, observed) in writes {
        if tx.exists(key)? {
            tx.put_observed(key, observed)?;
        }
    }
    Ok(())
}

/// What follows from the edge having taken a table: its balancers are active, its draining targets get no new requests, and what is known
/// of targets that aren't in it is forgotten.
pub fn taken(table: &Table, read: &impl Read) -> Result<Writes, StoreError> {
    let mut writes = Writes::default();
    for (key, row) in read.list::<LoadBalancer>(Scope::All)? {
        let observed = LoadBalancerObserved { taken: table.balancers.contains_key(&key.arn().to_string()) };
        if *row.observed != observed {
            writes.balancers.push((key, observed));
        }
    }
    let told = told(table);
    for (key, row) in read.list::<Target>(Scope::All)? {
        let observed = match told.get(&key) {
            Some(draining) => TargetObserved { drains: *draining, ..TargetObserved::clone(&row.observed) },
            None => TargetObserved::default(),
        };
        if *row.observed != observed {
            writes.targets.push((key, observed));
        }
    }
    Ok(writes)
}

/// The targets of a table, and whether they drain.
fn told(table: &Table) -> BTreeMap<Key<Target>, bool> {
    let groups = table.target_groups.iter().filter_map(|(arn, group)| Some((group_key(arn)?, group)));
    let targets = groups.flat_map(|(key, group)| {
        group.targets.iter().map(move |target| (Key::<Target>::of(&key, &target.id, target.port), target.draining))
    });
    targets.collect()
}

/// What follows from a report of the edge: the health of targets, and which listeners aren't open.
pub fn observe(report: &Report, read: &impl Read) -> Result<Writes, StoreError> {
    let seen = seen(report);
    let mut writes = Writes::default();
    for (key, row) in read.list::<Target>(Scope::All)? {
        let Some(found) = seen.get(&key) else { continue };
        let observed =
            TargetObserved { health: health(&found.health), in_flight: found.in_flight, ..TargetObserved::clone(&row.observed) };
        if *row.observed != observed {
            writes.targets.push((key, observed));
        }
    }
    for (key, row) in read.list::<Listener>(Scope::All)? {
        let observed = ListenerObserved { fault: report.listener_faults.get(&key.arn().to_string()).cloned() };
        if *row.observed != observed {
            writes.listeners.push((key, observed));
        }
    }
    Ok(writes)
}

fn seen(report: &Report) -> BTreeMap<Key<Target>, &TargetReport> {
    let groups = report.targets.iter().filter_map(|(arn, targets)| Some((group_key(arn)?, targets)));
    let targets = groups
        .flat_map(|(key, targets)| targets.iter().map(move |target| (Key::<Target>::of(&key, &target.id, target.port), target)));
    targets.collect()
}

fn group_key(arn: &str) -> Option<Key<TargetGroup>> {
    Key::<TargetGroup>::of_arn(&arn.parse::<Arn>().ok()?)
}

fn health(found: &TargetHealth) -> Health {
    match found.clone() {
        TargetHealth::Initial => Health::Initial,
        TargetHealth::Healthy => Health::Healthy,
        TargetHealth::Unhealthy { reason, description } => Health::Unhealthy { reason, description },
    }
}
