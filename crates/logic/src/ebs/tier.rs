//! Snapshots in the archive (EBS user guide, "Archive Amazon EBS snapshots"). Nothing moves: a snapshot is in the archive from some time on,
//! and can't be used then.

use model::{Timestamp, ec2::Tiering};
use std::time::Duration;

/// How long it takes until a snapshot is archived. EBS takes up to 72 hours.
const ARCHIVING: Duration = Duration::from_secs(15 * 60);
/// How long it takes until a snapshot is restored. EBS takes up to 72 hours.
const RESTORING: Duration = Duration::from_secs(15 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How a snapshot is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TierState {
    /// It is in the archive: it has to be restored before it can be used.
    pub archived: bool,
    /// The last move, if there was one.
    pub last: Option<TieringStatus>,
    /// When a snapshot that was restored for some days goes back.
    pub expires_at: Option<Timestamp>,
}

/// A move between the tiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TieringStatus {
    /// As the API says it: `archival-in-progress` and its like.
    pub name: &'static str,
    /// When it began.
    pub started_at: Timestamp,
    /// 0 to 100.
    pub percent: i32,
    /// When an archival was complete.
    pub archived_at: Option<Timestamp>,
}

/// How a snapshot is stored at a moment.
pub fn tier(tiering: &Tiering, now: Timestamp) -> TierState {
    let Some(archived_at) = tiering.archived_at else { return TierState::default() };
    match tiering.restored_at.filter(|restored_at| *restored_at >= archived_at) {
        None => archival(archived_at, now),
        Some(restored_at) => restoration(restored_at, tiering.restored_days, now),
    }
}

fn archival(since: Timestamp, now: Timestamp) -> TierState {
    let (done, end) = (now >= since + ARCHIVING, since + ARCHIVING);
    let name = if done { "archival-completed" } else { "archival-in-progress" };
    let archived_at = done.then_some(end);
    let last = TieringStatus { name, started_at: since, percent: percent(since, ARCHIVING, now), archived_at };
    TierState { archived: done, last: Some(last), expires_at: None }
}

fn restoration(since: Timestamp, days: Option<u32>, now: Timestamp) -> TierState {
    let end = since + RESTORING;
    let expires_at = days.map(|days| end + DAY * days);
    if let Some(over) = expires_at.filter(|over| now >= *over) {
        // Nothing was taken from the archive, so that it is there again at once.
        let last = TieringStatus { name: "archival-completed", started_at: over, percent: 100, archived_at: Some(over) };
        return TierState { archived: true, last: Some(last), expires_at: None };
    }
    let name = match (days, now >= end) {
        (Some(_), true) => "temporary-restore-completed",
        (Some(_), false) => "temporary-restore-in-progress",
        (None, true) => "permanent-restore-completed",
        (None, false) => "permanent-restore-in-progress",
    };
    let last = TieringStatus { name, started_at: since, percent: percent(since, RESTORING, now), archived_at: None };
    TierState { archived: now < end, last: Some(last), expires_at }
}

fn percent(since: Timestamp, time: Duration, now: Timestamp) -> i32 {
    (now.since(since).as_millis() * 100 / time.as_millis()).min(100) as i32
}
