//! Attachments: which there are, how far each is, and what follows from what is seen of the instance.
//!
//! An attachment is asked for and asked to end in [`VolumeSpec`]; how far it has come stands in [`VolumePlan`]. One that is over stays in the spec
//! until the next one is made, since only its handlers write there.

use model::{
    Timestamp,
    ec2::{AttachmentPlan, InstanceState, VolumeAttachment, VolumePlan, VolumeSpec},
};

/// How far an attachment is (API reference, `VolumeAttachment`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentState {
    /// The instance is being given the volume.
    Attaching,
    /// It has it.
    Attached,
    /// It is to be detached, and the instance's system uses it.
    Busy,
    /// It is being taken.
    Detaching,
}

impl AttachmentState {
    /// As the API says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attaching => "attaching",
            Self::Attached => "attached",
            Self::Busy => "busy",
            Self::Detaching => "detaching",
        }
    }
}

/// The attachments that aren't over, each with how far it is.
pub fn attachments<'a>(
    spec: &'a VolumeSpec,
    plan: &'a VolumePlan,
) -> impl Iterator<Item = (&'a VolumeAttachment, AttachmentState)> {
    let all = spec.attachments.iter().map(|it| (it, plan.attachments.get(&it.number).copied().unwrap_or_default()));
    all.filter(|(_, known)| !known.detached).map(|(it, known)| (it, state(it, known)))
}

fn state(attachment: &VolumeAttachment, known: AttachmentPlan) -> AttachmentState {
    match (attachment.detach, known) {
        (Some(_), AttachmentPlan { busy: true, .. }) => AttachmentState::Busy,
        (Some(_), _) => AttachmentState::Detaching,
        (None, AttachmentPlan { attached_at: Some(_), .. }) => AttachmentState::Attached,
        (None, _) => AttachmentState::Attaching,
    }
}

/// Attaches a volume to an instance, and forgets attachments that are over.
pub fn next_attachment(
    spec: &mut VolumeSpec,
    plan: &VolumePlan,
    (instance, device): (&str, &str),
    delete_on_termination: bool,
    now: Timestamp,
) {
    let over = |number: u32| plan.attachments.get(&number).is_some_and(|known| known.detached);
    spec.attachments.retain(|it| !over(it.number));
    spec.attachments_made += 1;
    spec.attachments.push(VolumeAttachment {
        number: spec.attachments_made,
        instance: instance.into(),
        device: device.into(),
        delete_on_termination,
        at: now,
        detach: None,
    });
}

/// What is known of an instance that has a volume, or is to have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Its state; `None` if there is no such instance any more.
    pub state: Option<InstanceState>,
    /// Its machine was told to have the volume.
    pub told: bool,
    /// Its machine has it.
    pub has: bool,
    /// Its machine can't be given it, or it can't be taken.
    pub fault: bool,
}

/// Notes how far the attachments are, from what is known of their instances.
pub fn note_attachments(spec: &VolumeSpec, plan: &mut VolumePlan, holder: impl Fn(&VolumeAttachment) -> Holder, now: Timestamp) {
    plan.attachments.retain(|number, _| spec.attachments.iter().any(|it| it.number == *number));
    for attachment in &spec.attachments {
        let known = plan.attachments.entry(attachment.number).or_default();
        if !known.detached {
            note(attachment, known, holder(attachment), now);
        }
    }
}

fn note(attachment: &VolumeAttachment, known: &mut AttachmentPlan, holder: Holder, now: Timestamp) {
    let gone = matches!(holder.state, None | Some(InstanceState::Terminated));
    // A stopped instance has no system that could have, use or give back anything.
    let stopped = holder.state == Some(InstanceState::Stopped);
    match attachment.detach {
        _ if gone => known.detached = true,
        None if holder.has || stopped => drop(known.attached_at.get_or_insert(now)),
        None => {}
        Some(_) if stopped || !holder.told && !holder.has => known.detached = true,
        Some(detach) => known.busy = holder.fault && !detach.force,
    }
}
