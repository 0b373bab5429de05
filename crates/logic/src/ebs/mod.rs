//! EBS: what volumes of each type give, how volumes, attachments, modifications and snapshots stand, and what comes next.
//!
//! The records are those of `model::ec2`. How a host keeps a volume is no concern of these rooms (`logic::volume` is about that).

mod attachment;
mod kind;
mod modification;
mod restore;
mod snapshot;
#[cfg(test)]
mod tests;
mod tier;
mod volume;

pub use attachment::{AttachmentState, Holder, attachments, next_attachment, note_attachments};
pub use kind::{Refusal, VolumeKind, limits, provision, shown_iops};
pub use modification::{ModificationState, Progress, RateExceeded, latest_modification, may_modify};
pub use restore::{FastRestoreTimes, fast_restore};
pub use snapshot::{SnapshotState, note_snapshot, snapshot_state};
pub use tier::{TierState, TieringStatus, tier};
pub use volume::{VolumeState, goes_with_instance, note_volume, volume_state};
