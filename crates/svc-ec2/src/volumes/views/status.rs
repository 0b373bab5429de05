//! The status checks of volumes.

use super::zone_id_of;
use crate::{
    describe::{Described, Field, Text, each, nothing},
    resource::Resource,
    views::Place,
};
use api::ec2::{
    InitializationStatusDetails, InitializationType, OperatorResponse, Tag, VolumeStatusAttachmentStatus, VolumeStatusDetails,
    VolumeStatusInfo, VolumeStatusInfoStatus, VolumeStatusItem, VolumeStatusName,
};
use logic::ebs::{VolumeState, attachments, volume_state};
use model::ec2::{VolumePlan, VolumeSpec};

/// The status of a volume. A broken volume is impaired; what isn't known yet says so.
pub fn status(place: Place<'_>, id: &str, spec: &VolumeSpec, plan: &VolumePlan) -> VolumeStatusItem {
    let (status, enabled) = match volume_state(spec, plan) {
        VolumeState::Error => (VolumeStatusInfoStatus::Impaired, "failed"),
        VolumeState::Creating => (VolumeStatusInfoStatus::InsufficientData, "passed"),
        VolumeState::Available | VolumeState::InUse | VolumeState::Deleting => (VolumeStatusInfoStatus::Ok, "passed"),
    };
    // Only volumes with provisioned performance have a status of it (EBS user guide, "Amazon EBS volume status checks").
    let provisioned = matches!(spec.performance.volume_type.as_str(), "io1" | "io2" | "gp3");
    let performance = if provisioned { "normal" } else { "not-applicable" };
    let detail = |name, status: &str| VolumeStatusDetails { name: Some(name), status: Some(status.into()) };
    let of = |it: &model::ec2::VolumeAttachment| VolumeStatusAttachmentStatus {
        io_performance: Some(performance.into()),
        instance_id: Some(it.instance.clone()),
    };
    VolumeStatusItem {
        actions: Some(Vec::new()),
        events: Some(Vec::new()),
        availability_zone: Some(spec.zone.clone()),
        availability_zone_id: zone_id_of(place, &spec.zone),
        volume_id: Some(id.into()),
        volume_status: Some(VolumeStatusInfo {
            details: Some(vec![
                detail(VolumeStatusName::IoEnabled, enabled),
                detail(VolumeStatusName::IoPerformance, performance),
            ]),
            status: Some(status),
        }),
        attachment_statuses: Some(attachments(spec, plan).map(|(it, _)| of(it)).collect()),
        initialization_status_details: spec.snapshot.as_ref().map(|_| initialization(plan)),
        operator: Some(OperatorResponse { managed: Some(false), ..OperatorResponse::default() }),
        ..VolumeStatusItem::default()
    }
}

/// Blocks of a snapshot are fetched when they are first touched: a volume is whole as soon as it is there.
fn initialization(plan: &VolumePlan) -> InitializationStatusDetails {
    InitializationStatusDetails {
        initialization_type: Some(InitializationType::Default),
        progress: Some(if plan.ready_at.is_some() { 100 } else { 0 }),
        estimated_time_to_complete_in_seconds: None,
    }
}

fn info(it: &VolumeStatusItem, of: impl Fn(&VolumeStatusDetails) -> Vec<String>) -> Vec<String> {
    it.volume_status.iter().flat_map(|info| &info.details).flatten().flat_map(of).collect()
}

impl Described for VolumeStatusItem {
    const RESOURCE: Resource = Resource::VOLUME;
    const IDS: &'static str = "VolumeIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("action.code", nothing),
        ("action.description", nothing),
        ("action.event-id", nothing),
        ("attachment-status.instance-id", |it| each(&it.attachment_statuses, |one| &one.instance_id)),
        ("attachment-status.io-performance", |it| each(&it.attachment_statuses, |one| &one.io_performance)),
        ("availability-zone", |it| it.availability_zone.texts()),
        ("availability-zone-id", |it| it.availability_zone_id.texts()),
        ("event.description", nothing),
        ("event.event-id", nothing),
        ("event.event-type", nothing),
        ("event.not-after", nothing),
        ("event.not-before", nothing),
        ("operator.managed", |it| it.operator.iter().flat_map(|one| one.managed.texts()).collect()),
        ("operator.principal", nothing),
        ("volume-status.details-name", |it| info(it, |one| one.name.iter().map(|name| name.as_str().into()).collect())),
        ("volume-status.details-status", |it| info(it, |one| one.status.texts())),
        ("volume-status.status", |it| {
            it.volume_status.iter().flat_map(|info| info.status).map(|status| status.as_str().into()).collect()
        }),
    ];

    fn id(&self) -> &str {
        self.volume_id.as_deref().unwrap_or_default()
    }

    /// Statuses have no tags.
    fn tags(&self) -> &[Tag] {
        &[]
    }
}
