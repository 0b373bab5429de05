//! Which of an instance's volumes go with it.

use crate::{
    errors::{dry_run, missing_parameter},
    instances::{
        errors::not_built,
        load::{self, Loaded},
    },
    records::key,
};
use api::ec2::InstanceBlockDeviceMappingSpecification as Device;
use front::{Answer, Cx};
use model::ec2::{Instance, Volume};
use spine::Tx;
use wire::Fault;

/// Sets `deleteOnTermination` of the volumes at those devices.
pub fn set_deletion(cx: &Cx, tx: &mut Tx, loaded: &Loaded, devices: &[Device], dry: Option<bool>) -> Answer<()> {
    let disks = load::disks(tx, &key::<Instance>(cx, &loaded.id), &loaded.spec)?;
    let mut changes = Vec::new();
    for device in devices {
        if device.virtual_name.is_some() || device.no_device.is_some() {
            return Err(not_built("BlockDeviceMapping without Ebs"));
        }
        let name = device.device_name.as_deref().ok_or_else(|| missing_parameter("BlockDeviceMapping.DeviceName"))?;
        let goes = device.ebs.as_ref().and_then(|ebs| ebs.delete_on_termination);
        let goes = goes.ok_or_else(|| missing_parameter("BlockDeviceMapping.Ebs.DeleteOnTermination"))?;
        let has = |disk: &&load::Disk| disk.attachment(&loaded.id).is_some_and(|(it, _)| it.device == name);
        let absent = || {
            let message = format!("No device is currently mapped at {name}");
            Fault::client("InvalidInstanceAttributeValue", message)
        };
        changes.push((disks.iter().find(has).ok_or_else(absent)?.id.clone(), goes));
    }
    dry_run(dry)?;
    for (volume, goes) in changes {
        tx.update_spec(&key::<Volume>(cx, volume), |volume| {
            let here = volume.attachments.iter_mut().filter(|attachment| attachment.instance == loaded.id);
            here.for_each(|attachment| attachment.delete_on_termination = goes);
        })?;
    }
    Ok(())
}
