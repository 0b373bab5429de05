//! Volumes on instances: attach and detach.

use crate::{
    errors::{dry_run, invalid_combination, invalid_value, missing_parameter},
    records::key,
    resource::Resource,
    volumes::{
        encryption,
        errors::{
            already_attached, attachment_not_found, device_in_use, incorrect_state, not_built, volume_in_use, zone_mismatch,
        },
        load::row,
        views,
    },
};
use api::ec2::{AttachVolumeRequest, DetachVolumeRequest, VolumeAttachment as Shown};
use front::{Answer, Cx};
use logic::{
    ebs::{AttachmentState, VolumeState, attachments, next_attachment, volume_state},
    instance_type,
};
use model::ec2::{Detach, Instance, InstanceState, Volume, VolumeAttachment};
use spine::{Read, Row, Tx};
use wire::Fault;

/// A volume that can be attached to several instances is attached to at most so many.
const MOST_INSTANCES: usize = 16;

/// `AttachVolume`.
pub fn attach(cx: &Cx, tx: &mut Tx, input: &AttachVolumeRequest) -> Answer<Shown> {
    dry_run(input.dry_run)?;
    if input.ebs_card_index.is_some_and(|card| card != 0) {
        return Err(not_built("EbsCardIndex", "AttachVolume"));
    }
    let (id, instance_id, device) = (&input.volume_id, &input.instance_id, input.device.as_str());
    check_device(device)?;
    let volume = row::<Volume>(cx, tx, id)?;
    let instance = row::<Instance>(cx, tx, instance_id)?;
    if volume.spec.zone != instance.spec.placement.zone {
        return Err(zone_mismatch(id, instance_id));
    }
    check_volume(id, &volume, instance_id)?;
    check_instance(instance_id, &instance)?;
    check_slots(cx, tx, (instance_id, &instance), device)?;
    encryption::check_usable(cx, tx, volume.spec.encryption.as_ref())?;
    encryption::may_attach(cx, tx, volume.spec.encryption.as_ref())?;
    let volume_key = key::<Volume>(cx, id);
    tx.update_spec(&volume_key, |spec| next_attachment(spec, &volume.plan, (instance_id, device), false, cx.now))?;
    tx.update_spec(&key::<Instance>(cx, instance_id), |spec| {
        if !spec.volumes.contains(id) {
            spec.volumes.push(id.clone());
        }
    })?;
    let made = tx.spec(&volume_key)?.and_then(|spec| spec.attachments.last().cloned());
    let made = made.ok_or_else(|| Fault::internal("the attachment that was made isn't there"))?;
    Ok(views::attachment(id, &made, AttachmentState::Attaching))
}

/// Device names are `/dev/sd[a-z][1-15]`, `/dev/xvd[a-z][a-z]` and the like (EC2 user guide, "Device names for volumes").
fn check_device(device: &str) -> Answer<()> {
    let bare = device.strip_prefix("/dev/").unwrap_or(device);
    let rest = bare.strip_prefix("xvd").or(bare.strip_prefix("sd")).or(bare.strip_prefix("hd"));
    let plain = |rest: &str| {
        let letters = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        (1..=2).contains(&letters.len()) && letters.bytes().all(|b| b.is_ascii_lowercase()) && rest.len() - letters.len() <= 2
    };
    match rest {
        _ if device.is_empty() => Err(missing_parameter("device")),
        Some(rest) if plain(rest) => Ok(()),
        _ => Err(invalid_value(format!(
            "Value ({device}) for parameter device is invalid. {device} is not a valid EBS device name."
        ))),
    }
}

fn check_volume(id: &str, volume: &Row<Volume>, instance: &str) -> Answer<()> {
    let state = volume_state(&volume.spec, &volume.plan);
    let has: Vec<_> = attachments(&volume.spec, &volume.plan).map(|(it, _)| it).collect();
    match state {
        VolumeState::Available => Ok(()),
        VolumeState::InUse if has.iter().any(|it| it.instance == instance) => Err(volume_in_use(id, instance)),
        VolumeState::InUse if !volume.spec.multi_attach => Err(already_attached(id)),
        VolumeState::InUse if has.len() >= MOST_INSTANCES => {
            let message = format!("Volume {id} is attached to the maximum number of instances ({MOST_INSTANCES})");
            Err(Fault::client("AttachmentLimitExceeded", message))
        }
        VolumeState::InUse => Ok(()),
        VolumeState::Deleting => Err(Resource::VOLUME.not_found(id)),
        VolumeState::Creating | VolumeState::Error => Err(incorrect_state(format!("{id} is not 'available'."))),
    }
}

fn check_instance(id: &str, instance: &Row<Instance>) -> Answer<()> {
    match instance.plan.state {
        InstanceState::Running | InstanceState::Stopped | InstanceState::Stopping => Ok(()),
        InstanceState::Pending => Err(incorrect_state(format!("Instance '{id}' is not 'running'."))),
        InstanceState::ShuttingDown | InstanceState::Terminated => {
            let message = format!("Instance '{id}' is not in a state from which a volume can be attached.");
            Err(incorrect_state(message))
        }
    }
}

/// The instance's device is free, and it can have one volume more.
fn check_slots(cx: &Cx, read: &impl Read, (id, instance): (&str, &Row<Instance>), device: &str) -> Answer<()> {
    let mut taken: Vec<String> = instance.spec.instance_store.iter().map(|(name, _)| name.clone()).collect();
    let stores = taken.len();
    for volume in &instance.spec.volumes {
        let Some(volume) = read.get(&key::<Volume>(cx, volume))? else { continue };
        let here = attachments(&volume.spec, &volume.plan).filter(|(it, _)| it.instance == id);
        taken.extend(here.map(|(it, _)| it.device.clone()));
    }
    if taken.iter().any(|it| it == device) {
        return Err(device_in_use(device));
    }
    let (count, kind) = (taken.len() - stores + 1, &instance.spec.instance_type);
    if instance_type::named(kind).is_some_and(|it| i64::from(it.ebs.attachments) < count as i64) {
        let message = format!("Volume count {count} exceeds the limit for {kind}");
        return Err(Fault::client("AttachmentLimitExceeded", message));
    }
    Ok(())
}

/// `DetachVolume`.
pub fn detach(cx: &Cx, tx: &mut Tx, input: &DetachVolumeRequest) -> Answer<Shown> {
    dry_run(input.dry_run)?;
    let id = &input.volume_id;
    let volume = row::<Volume>(cx, tx, id)?;
    let (attachment, state) = meant(input, &volume)?;
    let force = input.force == Some(true);
    if attachment.detach.is_some_and(|asked| asked.force || !force) {
        return Err(incorrect_state(format!("Volume '{id}' is in the 'detaching' state.")));
    }
    check_root(cx, tx, id, &attachment)?;
    let at = attachment.detach.map_or(cx.now, |asked| asked.at);
    tx.update_spec(&key::<Volume>(cx, id), |spec| {
        let asked = spec.attachments.iter_mut().filter(|it| it.number == attachment.number);
        asked.for_each(|it| it.detach = Some(Detach { at, force }));
    })?;
    let shown = if state == AttachmentState::Busy && !force { state } else { AttachmentState::Detaching };
    Ok(views::attachment(id, &attachment, shown))
}

/// The attachment that a request means.
fn meant(input: &DetachVolumeRequest, volume: &Row<Volume>) -> Answer<(VolumeAttachment, AttachmentState)> {
    let id = &input.volume_id;
    if let Some(instance) = &input.instance_id {
        Resource::INSTANCE.check(instance)?;
    }
    let mut there: Vec<_> = attachments(&volume.spec, &volume.plan).map(|(it, state)| (it.clone(), state)).collect();
    if there.is_empty() {
        let state = volume_state(&volume.spec, &volume.plan).name();
        return Err(incorrect_state(format!("Volume '{id}' is in the '{state}' state.")));
    }
    if volume.spec.multi_attach && input.instance_id.is_none() && there.len() > 1 {
        return Err(invalid_combination(
            "The parameter InstanceId is required for a volume that is attached to several instances.",
        ));
    }
    there.retain(|(it, _)| input.instance_id.as_ref().is_none_or(|instance| *instance == it.instance));
    if there.is_empty() {
        let instance = input.instance_id.as_deref().unwrap_or_default();
        return Err(attachment_not_found(format!("The volume '{id}' is not attached to instance '{instance}'.")));
    }
    there.retain(|(it, _)| input.device.as_ref().is_none_or(|device| *device == it.device));
    let device = input.device.as_deref().unwrap_or_default();
    let absent = || attachment_not_found(format!("The volume '{id}' is not attached as device '{device}'."));
    there.into_iter().next().ok_or_else(absent)
}

/// The volume that an instance runs on stays for as long as it does.
fn check_root(cx: &Cx, read: &impl Read, id: &str, attachment: &VolumeAttachment) -> Answer<()> {
    let Some(instance) = read.get(&key::<Instance>(cx, &attachment.instance))? else { return Ok(()) };
    let stays = attachment.device == instance.spec.boot.root_device
        && !matches!(instance.plan.state, InstanceState::Stopped | InstanceState::Terminated);
    if stays {
        let message = format!("Unable to detach root volume '{id}' from instance '{}'", attachment.instance);
        return Err(Fault::client("OperationNotPermitted", message));
    }
    Ok(())
}
