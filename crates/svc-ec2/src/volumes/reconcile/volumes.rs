//! Volumes and the snapshots that are made of them, and their host.
//!
//! A volume is ordered from the host by its [`HostedVolume`], and so are its snapshots, each until its end is noted. What the host says, and how
//! the machines of the instances are, is noted in the plans. It is the only writer of a volume's `Plan`, of the plans of snapshots that are
//! made of volumes, and of hosted volumes.

use super::usage;
use crate::volumes::encryption::{sealed, unusable};
use agent_proto::{
    machine::Backing,
    record::{HostedMachine, HostedVolume, HostedVolumeSpec, LOCAL_HOST},
    volume::{Source, Volume as HostVolume},
};
use async_trait::async_trait;
use logic::ebs::{
    Holder, SnapshotState, attachments, goes_with_instance, limits, note_attachments, note_snapshot, note_volume, snapshot_state,
};
use logic::instance::is_open;
use model::{
    Key, Record, Timestamp,
    ec2::{
        Instance, InstanceState, Snapshot, SnapshotOrigin, SnapshotPlan, SnapshotSpec, Volume, VolumeAttachment, VolumePlan,
        VolumeSpec,
    },
};
use spine::{
    Read, Row, Scope, Snapshot as Committed, StoreError, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Sees to volumes and the snapshots that are made of them.
pub struct Volumes;

#[async_trait]
impl Reconciler for Volumes {
    fn name(&self) -> &'static str {
        "ec2/volumes"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Volume::KIND, Snapshot::KIND, Instance::KIND, HostedMachine::KIND, HostedVolume::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let snapshot = cx.store.snapshot();
        let unfinished = unfinished(&snapshot)?;
        for (key, row) in snapshot.list::<Volume>(Scope::All)? {
            let orders = unfinished.get(&key).map_or(&[][..], Vec::as_slice);
            if Step::of(&snapshot, &key, &row, orders, cx.env.now())?.is_some() {
                // What is read here is read again where it is written.
                cx.store.transact(|tx| carry_out(tx, &key, orders, cx.env.now())).await?;
            }
        }
        for (key, rows) in &unfinished {
            if !snapshot.exists(key)? {
                cx.store.transact(|tx| fail(tx, rows)).await?;
            }
        }
        Ok(Wake::Idle)
    }
}

/// The snapshots that are being made, by their volume.
fn unfinished(snapshot: &Committed) -> Result<HashMap<Key<Volume>, Vec<Key<Snapshot>>>, StoreError> {
    let mut found = HashMap::<_, Vec<_>>::new();
    for (key, row) in snapshot.list::<Snapshot>(Scope::All)? {
        let pending = row.spec.origin == SnapshotOrigin::Volume && snapshot_state(&row.plan) == SnapshotState::Pending;
        if pending && has_come(snapshot, &key, &row.spec)? {
            found.entry(Key::new(&key.account, &key.region, &row.spec.volume)).or_default().push(key);
        }
    }
    Ok(found)
}

/// Whether the moment that a snapshot is of has come.
fn has_come(read: &impl Read, key: &Key<Snapshot>, spec: &SnapshotSpec) -> Result<bool, StoreError> {
    let Some((instance, interlude)) = &spec.interlude else { return Ok(true) };
    let instance = read.get(&Key::<Instance>::new(&key.account, &key.region, instance))?;
    Ok(instance.is_none_or(|instance| is_open(&instance.spec, &instance.plan, interlude)))
}

/// What is to be written about a volume.
#[derive(Debug)]
struct Step {
    /// `None`: the volume goes.
    volume: Option<VolumePlan>,
    /// `None`: the host is to have it no more.
    hosted: Option<HostedVolumeSpec>,
    /// The snapshots about which there is news.
    snapshots: Vec<(Key<Snapshot>, SnapshotPlan)>,
}

impl Step {
    /// What is to be written; `None` if it stands there already.
    fn of(
        read: &impl Read,
        key: &Key<Volume>,
        row: &Row<Volume>,
        orders: &[Key<Snapshot>],
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let hosted_key = beside::<HostedVolume>(key, &key.id);
        let hosted = read.get(&hosted_key)?;
        let mut plan = (*row.plan).clone();
        if let Some(hosted) = &hosted {
            note_volume(&row.spec, &mut plan, &hosted.observed, now);
        }
        // What can't be encrypted is never made: the host isn't told of it.
        let new = hosted.is_none() && plan.ready_at.is_none();
        if new && plan.failure.is_none() {
            plan.failure = unusable(read, row.spec.encryption.as_ref(), now)?;
        }
        let withheld = new && plan.failure.is_some();
        let holders = holders(read, key, &row.spec)?;
        let holder = |it: &VolumeAttachment| holders.get(&it.number).copied().unwrap_or_default();
        note_attachments(&row.spec, &mut plan, holder, now);
        let (open, snapshots) = snapshots(read, hosted.as_ref(), orders, &plan, now)?;
        let goes = row.spec.deleted_at.is_some() && attachments(&row.spec, &plan).next().is_none()
            || goes_with_instance(&row.spec, &plan, |it| holder(it).state);
        // A snapshot of a volume that goes is completed first.
        let gone = goes && (open.is_empty() || plan.ready_at.is_none());
        let wanted = (!gone && !withheld).then(|| ordered(&key.id, &row.spec, &open));
        let stands = wanted.as_ref() == hosted.as_ref().map(|it| &*it.spec) && plan == *row.plan && snapshots.is_empty() && !gone;
        Ok((!stands).then(|| Self { volume: (!gone).then_some(plan), hosted: wanted, snapshots }))
    }

    fn write(self, tx: &mut Tx, key: &Key<Volume>, row: &Row<Volume>, now: Timestamp) -> Result<(), StoreError> {
        let hosted = beside::<HostedVolume>(key, &key.id);
        match self.hosted {
            None => tx.delete(&hosted)?,
            Some(spec) if tx.exists(&hosted)? => tx.put_spec(&hosted, &spec)?,
            Some(spec) => tx.create(&hosted, &spec)?,
        }
        match self.volume {
            None => {
                usage::close(tx, key, row.plan.modification, now)?;
                tx.delete(key)?;
            }
            Some(plan) => {
                usage::open(tx, key, &row.spec, &plan)?;
                tx.put_plan(key, &plan)?;
            }
        }
        self.snapshots.iter().try_for_each(|(key, plan)| tx.put_plan(key, plan))
    }
}

fn carry_out(tx: &mut Tx, key: &Key<Volume>, orders: &[Key<Snapshot>], now: Timestamp) -> Result<(), StoreError> {
    let Some(row) = tx.get(key)? else { return Ok(()) };
    match Step::of(tx, key, &row, orders, now)? {
        Some(step) => step.write(tx, key, &row, now),
        None => Ok(()),
    }
}

/// Snapshots whose volume has gone before they were begun.
fn fail(tx: &mut Tx, keys: &[Key<Snapshot>]) -> Result<(), StoreError> {
    for key in keys {
        if tx.exists(key)? {
            tx.update_plan(key, |plan| plan.failure = Some("The volume is gone.".into()))?;
        }
    }
    Ok(())
}

/// The snapshots that are still to be made, and those about which the host has news.
type Progress = (Vec<(String, Arc<SnapshotSpec>)>, Vec<(Key<Snapshot>, SnapshotPlan)>);

fn snapshots(
    read: &impl Read,
    hosted: Option<&Row<HostedVolume>>,
    orders: &[Key<Snapshot>],
    volume: &VolumePlan,
    now: Timestamp,
) -> Result<Progress, StoreError> {
    let (mut open, mut news) = (Vec::new(), Vec::new());
    for key in orders {
        let Some(row) = read.get(key)? else { continue };
        let mut plan = (*row.plan).clone();
        if let Some(seen) = hosted.and_then(|hosted| hosted.observed.snapshots.get(&key.id)) {
            note_snapshot(&mut plan, seen, now);
        }
        if let Some(failure) = &volume.failure {
            plan.failure.get_or_insert_with(|| failure.clone());
        }
        if snapshot_state(&plan) == SnapshotState::Pending {
            open.push((key.id.clone(), row.spec.clone()));
        }
        if plan != *row.plan {
            news.push((key.clone(), plan));
        }
    }
    Ok((open, news))
}

/// What a host is told of a volume.
fn ordered(id: &str, spec: &VolumeSpec, snapshots: &[(String, Arc<SnapshotSpec>)]) -> HostedVolumeSpec {
    let source = spec.snapshot.as_ref();
    let source = source.map(|id| Source { snapshot: id.clone(), key: sealed(spec.snapshot_encryption.as_ref()) });
    HostedVolumeSpec {
        // The machines are where the volumes are: there is one host.
        host: LOCAL_HOST.into(),
        volume: HostVolume {
            id: id.into(),
            size_gib: spec.size,
            source,
            key: sealed(spec.encryption.as_ref()),
            limits: limits(spec.size, &spec.performance),
            snapshots: snapshots.iter().map(|(id, spec)| (id.clone(), sealed(spec.encryption.as_ref()))).collect(),
        },
    }
}

/// What is known of the instances of the attachments, by the attachments' numbers.
fn holders(read: &impl Read, key: &Key<Volume>, spec: &VolumeSpec) -> Result<BTreeMap<u32, Holder>, StoreError> {
    let mut found = BTreeMap::new();
    for attachment in &spec.attachments {
        let Some(instance) = read.get(&beside::<Instance>(key, &attachment.instance))? else { continue };
        let machine = read.get(&beside::<HostedMachine>(key, &attachment.instance))?;
        found.insert(attachment.number, holder(&key.id, attachment, instance.plan.state, machine.as_ref()));
    }
    Ok(found)
}

fn holder(volume: &str, attachment: &VolumeAttachment, state: InstanceState, machine: Option<&Row<HostedMachine>>) -> Holder {
    let device = &attachment.device;
    let is_it = |backing: &Backing| matches!(backing, Backing::Volume(id) if id == volume);
    let told = machine.is_some_and(|it| it.spec.machine.disks.iter().any(|disk| is_it(&disk.backing)));
    let has = machine.is_some_and(|it| it.observed.disks.contains(device));
    let fault = machine.is_some_and(|it| it.observed.disk_faults.contains_key(device));
    // A device that the machine has without being told so is another volume's that is being taken, unless this one is.
    Holder { state: Some(state), told, has: has && (told || attachment.detach.is_some()), fault }
}

fn beside<R: Record>(key: &Key<Volume>, id: &str) -> Key<R> {
    Key::new(&key.account, &key.region, id)
}
