//! The work of interludes: what is done with an instance's disks while its system is down.

use crate::instances::{load::disks, replace_root};
use agent_proto::record::HostedVolume;
use logic::ebs::{SnapshotState, attachments, snapshot_state};
use model::{
    Key, Timestamp,
    ec2::{Instance, InstanceSpec, InterludeWork, Snapshot},
};
use spine::{Read, Scope, StoreError, Tx};

/// What the interlude of that id is for.
fn work(spec: &InstanceSpec, id: &str) -> Option<InterludeWork> {
    spec.interludes.iter().find(|it| it.id == id).map(|it| it.work)
}

/// Does what is done at once. Snapshots begin by themselves, as soon as the instance is seen to be down.
pub fn carry_out(tx: &mut Tx, key: &Key<Instance>, spec: &InstanceSpec, id: &str, now: Timestamp) -> Result<(), StoreError> {
    match work(spec, id) {
        Some(InterludeWork::ReplaceRoot) => replace_root::swap(tx, key, spec, id, now),
        Some(InterludeWork::Snapshots) | None => Ok(()),
    }
}

/// Whether all that the interlude is for is done.
pub fn is_done(read: &impl Read, key: &Key<Instance>, spec: &InstanceSpec, id: &str) -> Result<bool, StoreError> {
    match work(spec, id) {
        Some(InterludeWork::Snapshots) => have_begun(read, key, id),
        Some(InterludeWork::ReplaceRoot) => is_free(read, key, spec),
        None => Ok(true),
    }
}

/// Whether the machine has let go of all that was taken from it: once it is up again, another volume has the device's name.
fn is_free(read: &impl Read, key: &Key<Instance>, spec: &InstanceSpec) -> Result<bool, StoreError> {
    let disks = disks(read, key, spec)?;
    Ok(disks
        .iter()
        .flat_map(|disk| attachments(&disk.spec, &disk.plan))
        .all(|(it, _)| it.instance != key.id || it.detach.is_none()))
}

/// Whether the moment of all its snapshots is fixed, or they have come to their end.
fn have_begun(read: &impl Read, key: &Key<Instance>, id: &str) -> Result<bool, StoreError> {
    let here = Scope::Region(&key.account, &key.region);
    for (snapshot, row) in read.list::<Snapshot>(here)? {
        let of_this = row.spec.interlude.as_ref().is_some_and(|(instance, interlude)| *instance == key.id && interlude == id);
        if !of_this || snapshot_state(&row.plan) != SnapshotState::Pending {
            continue;
        }
        let volume = read.get(&super::near::<HostedVolume>(key, &row.spec.volume))?;
        if volume.is_some_and(|volume| !volume.observed.snapshots.contains_key(&snapshot.id)) {
            return Ok(false);
        }
    }
    Ok(true)
}
