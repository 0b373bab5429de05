//! Changes of a volume's size and type: how far one is, and when the next may come (EBS user guide, "Amazon EBS Elastic Volumes").

use model::{
    Timestamp,
    ec2::{VolumeModification, VolumePlan, VolumeSpec},
};
use std::time::Duration;

/// How long a volume is optimized after it gives what was asked for. EBS takes from minutes to a day.
const OPTIMIZING: Duration = Duration::from_secs(60);
/// So many modifications may be begun within [`WINDOW`].
const MOST: usize = 4;
/// See [`MOST`].
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// The states of a modification (API reference, `VolumeModification`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModificationState {
    /// The host doesn't give yet what was asked for.
    Modifying,
    /// It does; its performance may be between the two.
    Optimizing,
    /// It is done.
    Completed,
    /// The volume is broken.
    Failed,
}

impl ModificationState {
    /// As the API says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Modifying => "modifying",
            Self::Optimizing => "optimizing",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// How far a modification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Its state.
    pub state: ModificationState,
    /// 0 to 100.
    pub percent: u8,
    /// When it was done.
    pub ended_at: Option<Timestamp>,
}

/// The last modification of a volume, and how far it is.
pub fn latest_modification<'a>(
    spec: &'a VolumeSpec,
    plan: &VolumePlan,
    now: Timestamp,
) -> Option<(&'a VolumeModification, Progress)> {
    let last = spec.modifications.last()?;
    let optimizing = plan.optimizing_at.filter(|_| plan.modification == last.number);
    let progress = match optimizing {
        _ if plan.failure.is_some() => Progress { state: ModificationState::Failed, percent: 0, ended_at: None },
        None => Progress { state: ModificationState::Modifying, percent: 0, ended_at: None },
        Some(since) if now >= since + OPTIMIZING => {
            Progress { state: ModificationState::Completed, percent: 100, ended_at: Some(since + OPTIMIZING) }
        }
        Some(since) => {
            let percent = now.since(since).as_millis() * 100 / OPTIMIZING.as_millis();
            Progress { state: ModificationState::Optimizing, percent: percent.min(99) as u8, ended_at: None }
        }
    };
    Some((last, progress))
}

/// Why a volume can't be modified now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateExceeded {
    /// The last modification isn't completed, but in this state.
    Unfinished(ModificationState),
    /// There were too many; the next is possible then.
    TooMany(Timestamp),
}

/// Whether a volume may be modified now.
pub fn may_modify(spec: &VolumeSpec, plan: &VolumePlan, now: Timestamp) -> Result<(), RateExceeded> {
    if let Some((_, progress)) = latest_modification(spec, plan, now)
        && progress.state != ModificationState::Completed
    {
        return Err(RateExceeded::Unfinished(progress.state));
    }
    let first = spec.modifications.len().checked_sub(MOST).map(|place| spec.modifications[place].at + WINDOW);
    match first {
        Some(free) if now < free => Err(RateExceeded::TooMany(free)),
        _ => Ok(()),
    }
}
