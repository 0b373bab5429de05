//! How a snapshot stands, and what follows from what its host says of it.

use agent_proto::volume::SnapshotStatus;
use model::{Timestamp, ec2::SnapshotPlan};

/// The states of a snapshot (API reference, `Snapshot`); those of the recycle bin there are none of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotState {
    /// Its blocks are being stored.
    Pending,
    /// It is whole.
    Completed,
    /// It can't be made.
    Error,
}

impl SnapshotState {
    /// As the API says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Error => "error",
        }
    }
}

/// How a snapshot stands.
pub fn snapshot_state(plan: &SnapshotPlan) -> SnapshotState {
    match (&plan.failure, plan.completed_at) {
        (Some(_), _) => SnapshotState::Error,
        (None, Some(_)) => SnapshotState::Completed,
        (None, None) => SnapshotState::Pending,
    }
}

/// Notes what the host says of a snapshot that isn't at its end. Progress never goes back.
pub fn note_snapshot(plan: &mut SnapshotPlan, seen: &SnapshotStatus, now: Timestamp) {
    match seen {
        SnapshotStatus::Pending(percent) => plan.progress = plan.progress.max(*percent).min(99),
        SnapshotStatus::Completed { stored_bytes, full_bytes } => {
            *plan = SnapshotPlan {
                progress: 100,
                completed_at: Some(now),
                failure: None,
                stored_bytes: *stored_bytes,
                full_bytes: *full_bytes,
            };
        }
        SnapshotStatus::Failed(reason) => plan.failure = Some(reason.clone()),
    }
}
