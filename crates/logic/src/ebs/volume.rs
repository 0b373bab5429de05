//! How a volume stands, and what follows from what its host says of it.

use super::{attachment::attachments, kind::limits};
use agent_proto::volume::{VolumeState as HostState, VolumeStatus};
use model::{
    Timestamp,
    ec2::{InstanceState, VolumeAttachment, VolumePlan, VolumeSpec},
};

/// The states of a volume (API reference, `Volume`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumeState {
    /// It is being made.
    Creating,
    /// It can be attached.
    Available,
    /// It is attached, or being so.
    InUse,
    /// It is being deleted.
    Deleting,
    /// It can't be made, or is broken.
    Error,
}

impl VolumeState {
    /// As the API says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::InUse => "in-use",
            Self::Deleting => "deleting",
            Self::Error => "error",
        }
    }
}

/// How a volume stands.
pub fn volume_state(spec: &VolumeSpec, plan: &VolumePlan) -> VolumeState {
    if spec.deleted_at.is_some() {
        return VolumeState::Deleting;
    }
    match (&plan.failure, plan.ready_at) {
        (Some(_), _) => VolumeState::Error,
        (None, None) => VolumeState::Creating,
        (None, Some(_)) if attachments(spec, plan).next().is_some() => VolumeState::InUse,
        (None, Some(_)) => VolumeState::Available,
    }
}

/// Notes what the host says.
pub fn note_volume(spec: &VolumeSpec, plan: &mut VolumePlan, seen: &VolumeStatus, now: Timestamp) {
    match &seen.state {
        HostState::Creating => {}
        HostState::Ready => {
            plan.ready_at.get_or_insert(now);
            plan.failure = None;
        }
        HostState::Failed(reason) => plan.failure = Some(reason.clone()),
    }
    let Some(asked) = spec.modifications.last() else { return };
    if plan.modification != asked.number {
        plan.modification = asked.number;
        plan.optimizing_at = None;
    }
    let given = seen.size_gib >= spec.size && seen.limits == limits(spec.size, &spec.performance);
    if plan.optimizing_at.is_none() && given {
        plan.optimizing_at = Some(now);
    }
}

/// Whether a volume goes with the last instance that had it.
pub fn goes_with_instance(
    spec: &VolumeSpec,
    plan: &VolumePlan,
    state: impl Fn(&VolumeAttachment) -> Option<InstanceState>,
) -> bool {
    let ended = |it: &VolumeAttachment| matches!(state(it), None | Some(InstanceState::Terminated));
    let mut left = spec.attachments.iter().filter(|it| it.detach.is_none()).peekable();
    attachments(spec, plan).next().is_none() && left.peek().is_some() && left.all(|it| it.delete_on_termination && ended(it))
}
