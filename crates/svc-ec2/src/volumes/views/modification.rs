//! Modifications of volumes.

use super::{number, time};
use crate::describe::{Field, Text};
use api::ec2::{VolumeModification, VolumeModificationState, VolumeType};
use logic::ebs::{Progress, shown_iops};
use model::ec2::VolumeModification as Spec;

/// A modification of the volume with that id.
pub fn modification(volume: &str, spec: &Spec, progress: Progress) -> VolumeModification {
    VolumeModification {
        volume_id: Some(volume.into()),
        modification_state: VolumeModificationState::parse(progress.state.name()),
        target_size: number(spec.to_size),
        target_iops: shown_iops(spec.to_size, &spec.to).and_then(number),
        target_volume_type: VolumeType::parse(&spec.to.volume_type),
        target_throughput: spec.to.throughput.and_then(number),
        target_multi_attach_enabled: Some(spec.to_multi_attach),
        original_size: number(spec.from_size),
        original_iops: shown_iops(spec.from_size, &spec.from).and_then(number),
        original_volume_type: VolumeType::parse(&spec.from.volume_type),
        original_throughput: spec.from.throughput.and_then(number),
        original_multi_attach_enabled: Some(spec.from_multi_attach),
        progress: Some(progress.percent.into()),
        start_time: time(spec.at),
        end_time: progress.ended_at.and_then(time),
        ..VolumeModification::default()
    }
}

fn kind(kind: Option<VolumeType>) -> Vec<String> {
    kind.iter().map(|kind| kind.as_str().into()).collect()
}

/// What modifications are found by.
pub const MODIFICATION_FIELDS: &[Field<VolumeModification>] = &[
    ("modification-state", |it| it.modification_state.iter().map(|state| state.as_str().into()).collect()),
    ("original-iops", |it| it.original_iops.texts()),
    ("original-size", |it| it.original_size.texts()),
    ("original-volume-type", |it| kind(it.original_volume_type)),
    ("originalMultiAttachEnabled", |it| it.original_multi_attach_enabled.texts()),
    ("start-time", |it| it.start_time.texts()),
    ("target-iops", |it| it.target_iops.texts()),
    ("target-size", |it| it.target_size.texts()),
    ("target-volume-type", |it| kind(it.target_volume_type)),
    ("targetMultiAttachEnabled", |it| it.target_multi_attach_enabled.texts()),
    ("volume-id", |it| it.volume_id.texts()),
];
