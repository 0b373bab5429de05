//! Volumes and their attachments.

use super::{number, time, zone_id_of};
use crate::{
    describe::{Described, Field, Text, each, nothing},
    resource::Resource,
    tags,
    views::Place,
};
use api::ec2::{OperatorResponse, Tag, Volume, VolumeAttachment, VolumeAttachmentState, VolumeState, VolumeType};
use logic::ebs::{AttachmentState, attachments, shown_iops, volume_state};
use model::ec2::{VolumeAttachment as AttachmentSpec, VolumePlan, VolumeSpec};

/// A volume.
pub fn volume(place: Place<'_>, id: &str, spec: &VolumeSpec, plan: &VolumePlan) -> Volume {
    let given = &spec.performance;
    Volume {
        volume_id: Some(id.into()),
        size: number(spec.size),
        snapshot_id: Some(spec.snapshot.clone().unwrap_or_default()),
        availability_zone: Some(spec.zone.clone()),
        availability_zone_id: zone_id_of(place, &spec.zone),
        state: VolumeState::parse(volume_state(spec, plan).name()),
        create_time: time(spec.created_at),
        attachments: Some(attachments(spec, plan).map(|(it, state)| attachment(id, it, state)).collect()),
        encrypted: Some(spec.encryption.is_some()),
        kms_key_id: spec.encryption.as_ref().map(|it| it.key_arn.clone()),
        iops: shown_iops(spec.size, given).and_then(number),
        throughput: given.throughput.and_then(number),
        volume_type: VolumeType::parse(&given.volume_type),
        fast_restored: spec.snapshot.as_ref().map(|_| spec.fast_restored),
        multi_attach_enabled: Some(spec.multi_attach),
        tags: tags::view_if_any(&spec.tags),
        operator: Some(OperatorResponse { managed: Some(false), ..OperatorResponse::default() }),
        ..Volume::default()
    }
}

/// An attachment of the volume with that id.
pub fn attachment(volume: &str, spec: &AttachmentSpec, state: AttachmentState) -> VolumeAttachment {
    VolumeAttachment {
        delete_on_termination: Some(spec.delete_on_termination),
        volume_id: Some(volume.into()),
        instance_id: Some(spec.instance.clone()),
        device: Some(spec.device.clone()),
        state: VolumeAttachmentState::parse(state.name()),
        attach_time: time(spec.at),
        ..VolumeAttachment::default()
    }
}

impl Described for Volume {
    const RESOURCE: Resource = Resource::VOLUME;
    const IDS: &'static str = "VolumeIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("attachment.attach-time", |it| it.attachments.iter().flatten().flat_map(|one| one.attach_time.texts()).collect()),
        ("attachment.delete-on-termination", |it| each(&it.attachments, |one| &one.delete_on_termination)),
        ("attachment.device", |it| each(&it.attachments, |one| &one.device)),
        ("attachment.instance-id", |it| each(&it.attachments, |one| &one.instance_id)),
        ("attachment.status", |it| {
            it.attachments.iter().flatten().flat_map(|one| one.state).map(|state| state.as_str().into()).collect()
        }),
        ("availability-zone", |it| it.availability_zone.texts()),
        ("availability-zone-id", |it| it.availability_zone_id.texts()),
        ("create-time", |it| it.create_time.texts()),
        ("encrypted", |it| it.encrypted.texts()),
        ("fast-restored", |it| it.fast_restored.texts()),
        ("multi-attach-enabled", |it| it.multi_attach_enabled.texts()),
        ("operator.managed", |it| it.operator.iter().flat_map(|one| one.managed.texts()).collect()),
        ("operator.principal", nothing),
        ("size", |it| it.size.texts()),
        ("snapshot-id", |it| it.snapshot_id.texts()),
        ("status", |it| it.state.iter().map(|state| state.as_str().into()).collect()),
        ("volume-id", |it| it.volume_id.texts()),
        ("volume-type", |it| it.volume_type.iter().map(|kind| kind.as_str().into()).collect()),
    ];

    fn id(&self) -> &str {
        self.volume_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
