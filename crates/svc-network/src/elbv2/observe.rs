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

/// What follows from the table that the edge has taken last and from its latest report.
///
/// Balancers of the table are active; draining targets get no new requests. The health of a target is what the report says; if
/// the report doesn't name it, as when the edge has only begun, it stays; and it is forgotten once the target isn't in the table.
pub fn observe(table: &Table, report: &Report, read: &impl Read) -> Result<Writes, StoreError> {
    let (told, seen) = (told(table), seen(report));
    let taken = |key: &Key<LoadBalancer>| table.balancers.contains_key(&key.arn().to_string());
    let fault = |key: &Key<Listener>| report.listener_faults.get(&key.arn().to_string()).cloned();
    let target = |key: &Key<Target>, before: &TargetObserved| match (told.get(key), seen.get(key)) {
        (None, _) => TargetObserved::default(),
        (Some(drains), None) => TargetObserved { drains: *drains, ..before.clone() },
        (Some(drains), Some(found)) => {
            TargetObserved { health: health(&found.health), in_flight: found.in_flight, drains: *drains }
        }
    };
    Ok(Writes {
        balancers: changes(read, |key, _| LoadBalancerObserved { taken: taken(key) })?,
        listeners: changes(read, |key, _| ListenerObserved { fault: fault(key) })?,
        targets: changes(read, target)?,
    })
}

/// Records with what their observed section is to become.
type Changes<R> = Vec<(Key<R>, <R as Record>::Observed)>;

/// The records of a kind whose observed section is not what it should be.
fn changes<R: Record>(read: &impl Read, observed: impl Fn(&Key<R>, &R::Observed) -> R::Observed) -> Result<Changes<R>, StoreError>
where
    R::Observed: PartialEq,
{
    let rows = read.list::<R>(Scope::All)?.into_iter();
    let changed = rows.filter_map(|(key, row)| {
        let observed = observed(&key, &row.observed);
        (observed != *row.observed).then_some((key, observed))
    });
    Ok(changed.collect())
}

/// The targets of a table, and whether they drain.
fn told(table: &Table) -> BTreeMap<Key<Target>, bool> {
    let groups = table.target_groups.iter().filter_map(|(arn, group)| Some((group_key(arn)?, group)));
    let targets = groups.flat_map(|(key, group)| {
        group.targets.iter().map(move |target| (Key::<Target>::of(&key, &target.id, target.port), target.draining))
    });
    targets.collect()
}

/// The targets of a report.
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
