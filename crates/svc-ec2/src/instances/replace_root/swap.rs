//! The work of the interlude: one volume is taken from the instance, and another given to it.

use crate::instances::load::beside;
use logic::ebs::next_attachment;
use model::{
    Key, Timestamp,
    ec2::{Detach, Instance, InstanceSpec, RootReplacement, Volume, VolumeSpec},
};
use spine::{Read, StoreError, Tx};

/// Takes the root volume, and gives the new one its place; done once, however often it is called.
pub fn swap(tx: &mut Tx, key: &Key<Instance>, spec: &InstanceSpec, task: &str, now: Timestamp) -> Result<(), StoreError> {
    let Some(task) = tx.spec(&beside::<RootReplacement>(key, task))? else { return Ok(()) };
    let new = beside::<Volume>(key, &task.volume);
    let Some(mut volume) = tx.get(&new)?.filter(|row| row.spec.attachments.is_empty()).map(|row| VolumeSpec::clone(&row.spec))
    else {
        return Ok(());
    };
    let mut goes_with_instance = true;
    for id in &spec.volumes {
        let old = beside::<Volume>(key, id);
        let Some(found) = tx.spec(&old)? else { continue };
        let is_root = |it: &model::ec2::VolumeAttachment| {
            it.instance == key.id && it.device == spec.boot.root_device && it.detach.is_none()
        };
        let Some(attachment) = found.attachments.iter().find(|it| is_root(it)) else { continue };
        goes_with_instance = attachment.delete_on_termination;
        tx.update_spec(&old, |volume| {
            volume
                .attachments
                .iter_mut()
                .filter(|it| is_root(it))
                .for_each(|it| it.detach = Some(Detach { at: now, force: true }));
            volume.deleted_at = volume.deleted_at.or(task.delete_replaced.then_some(now));
        })?;
    }
    next_attachment(&mut volume, &Default::default(), (&key.id, &spec.boot.root_device), goes_with_instance, now);
    tx.put_spec(&new, &volume)
}
