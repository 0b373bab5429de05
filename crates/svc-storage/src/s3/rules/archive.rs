//! What is archived, how long it takes until a copy is there, and how long the copy stays (Amazon S3 user guide, "Working with archived
//! objects").

use super::lifecycle::after_days;
use api::s3 as sdk;
use model::{
    Timestamp,
    s3::{Content, RestoreSpec},
};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Whether objects of a class have to be restored before they are read.
pub fn is_archive(class: &str) -> bool {
    matches!(class, "GLACIER" | "DEEP_ARCHIVE")
}

/// How long a tier takes at most for a class ("Archive retrieval options"), in milliseconds; none where it isn't offered.
fn takes(class: &str, tier: sdk::Tier) -> Option<i64> {
    match (class, tier) {
        ("GLACIER", sdk::Tier::Expedited) => Some(5 * MINUTE_MS),
        ("GLACIER", sdk::Tier::Standard) => Some(5 * HOUR_MS),
        ("GLACIER", sdk::Tier::Bulk) => Some(12 * HOUR_MS),
        ("DEEP_ARCHIVE", sdk::Tier::Standard) => Some(12 * HOUR_MS),
        ("DEEP_ARCHIVE", sdk::Tier::Bulk) => Some(48 * HOUR_MS),
        _ => None,
    }
}

/// What can be done with the bytes of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// They are read at once.
    Active,
    /// They have to be restored.
    Archived,
    /// A copy is under way.
    Restoring,
    /// There is a copy until then.
    Restored(Timestamp),
}

impl State {
    /// That of a content, of which that copy was asked for.
    pub fn of(content: &Content, restore: Option<&RestoreSpec>, now: Timestamp) -> Self {
        if !is_archive(&content.class) {
            return Self::Active;
        }
        match restore.filter(|restore| restore.blob == content.blob) {
            Some(restore) if now < restore.ready => Self::Restoring,
            Some(restore) if now < restore.expires => Self::Restored(restore.expires),
            _ => Self::Archived,
        }
    }

    /// Whether the bytes can be read.
    pub fn is_readable(self) -> bool {
        matches!(self, Self::Active | Self::Restored(_))
    }

    /// `x-amz-restore`.
    pub fn header(self) -> Option<String> {
        match self {
            Self::Active | Self::Archived => None,
            Self::Restoring => Some("ongoing-request=\"true\"".into()),
            Self::Restored(until) => {
                let moment = jiff::Timestamp::from_millisecond(until.0).unwrap_or_default();
                let date = moment.strftime("%a, %d %b %Y %H:%M:%S GMT");
                Some(format!("ongoing-request=\"false\", expiry-date=\"{date}\""))
            }
        }
    }

    /// `RestoreStatus`, as lists have it.
    pub fn status(self) -> Option<sdk::RestoreStatus> {
        let (ongoing, until) = match self {
            Self::Active | Self::Archived => return None,
            Self::Restoring => (true, None),
            Self::Restored(until) => (false, Some(wire::Time(until.0))),
        };
        Some(sdk::RestoreStatus { is_restore_in_progress: Some(ongoing), restore_expiry_date: until })
    }
}

/// What a request for a copy comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It begins, or goes faster than it was to.
    Begun(RestoreSpec),
    /// The copy that is there stays for another time.
    Kept(RestoreSpec),
    /// It is under way, and a tier that isn't faster changes nothing.
    UnderWay,
    /// The class has no such tier.
    NoTier,
    /// Nothing of that class is restored.
    NotArchived,
}

/// Asks for a copy of a content for so many days, of which that one was asked for before.
pub fn ask(content: &Content, before: Option<&RestoreSpec>, (days, tier): (i32, sdk::Tier), now: Timestamp) -> Asked {
    let state = State::of(content, before, now);
    if state == State::Active {
        return Asked::NotArchived;
    }
    let Some(takes) = takes(&content.class, tier) else { return Asked::NoTier };
    let ready = Timestamp(now.0 + takes);
    match (state, before) {
        (State::Restored(_), Some(before)) => Asked::Kept(RestoreSpec { days, expires: after_days(now, days), ..before.clone() }),
        (State::Restoring, Some(before)) if ready >= before.ready || days != before.days => Asked::UnderWay,
        (State::Restoring, Some(before)) => {
            let tier = tier.as_str().to_owned();
            Asked::Begun(RestoreSpec { tier, ready, expires: after_days(ready, days), ..before.clone() })
        }
        _ => Asked::Begun(RestoreSpec {
            blob: content.blob.clone(),
            tier: tier.as_str().to_owned(),
            days,
            requested: now,
            ready,
            expires: after_days(ready, days),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 24 * HOUR_MS;

    fn content(class: &str) -> Content {
        Content {
            blob: "b".into(),
            size: 1,
            etag: String::new(),
            checksum: None,
            class: class.into(),
            headers: Default::default(),
            seal: None,
        }
    }

    fn begun(class: &str, days: i32, tier: sdk::Tier) -> RestoreSpec {
        match ask(&content(class), None, (days, tier), Timestamp(0)) {
            Asked::Begun(spec) => spec,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_class_has_its_tiers() {
        let ready = |class, tier| begun(class, 1, tier).ready.0 / MINUTE_MS;
        assert_eq!(ready("GLACIER", sdk::Tier::Expedited), 5);
        assert_eq!(ready("GLACIER", sdk::Tier::Bulk), 12 * 60);
        assert_eq!(ready("DEEP_ARCHIVE", sdk::Tier::Standard), 12 * 60);
        assert_eq!(ready("DEEP_ARCHIVE", sdk::Tier::Bulk), 48 * 60);
        let ask = |class| ask(&content(class), None, (1, sdk::Tier::Expedited), Timestamp(0));
        assert_eq!((ask("DEEP_ARCHIVE"), ask("GLACIER_IR")), (Asked::NoTier, Asked::NotArchived));
    }

    #[test]
    fn a_copy_is_there_between_its_times() {
        let spec = begun("GLACIER", 2, sdk::Tier::Standard);
        let state = |now| State::of(&content("GLACIER"), Some(&spec), Timestamp(now));
        assert_eq!(state(5 * HOUR_MS - 1), State::Restoring);
        assert_eq!(state(5 * HOUR_MS), State::Restored(Timestamp(3 * DAY_MS)), "two days and up to midnight");
        assert_eq!(state(3 * DAY_MS), State::Archived);
        let header = State::Restored(Timestamp(3 * DAY_MS)).header();
        assert_eq!(header.as_deref(), Some("ongoing-request=\"false\", expiry-date=\"Sun, 04 Jan 1970 00:00:00 GMT\""));
        let other = Content { blob: "other".into(), ..content("GLACIER") };
        assert_eq!(State::of(&other, Some(&spec), Timestamp(6 * HOUR_MS)), State::Archived);
    }

    #[test]
    fn what_is_under_way_only_gets_faster_and_what_is_there_stays_longer() {
        let slow = begun("GLACIER", 2, sdk::Tier::Bulk);
        let again = |days, tier, now| ask(&content("GLACIER"), Some(&slow), (days, tier), Timestamp(now));
        assert_eq!(again(2, sdk::Tier::Bulk, HOUR_MS), Asked::UnderWay);
        assert_eq!(again(3, sdk::Tier::Expedited, HOUR_MS), Asked::UnderWay);
        let Asked::Begun(faster) = again(2, sdk::Tier::Expedited, HOUR_MS) else { panic!() };
        assert_eq!((faster.ready, faster.requested), (Timestamp(HOUR_MS + 5 * MINUTE_MS), Timestamp(0)));
        let Asked::Kept(longer) = again(5, sdk::Tier::Standard, DAY_MS) else { panic!() };
        assert_eq!((longer.ready, longer.expires), (slow.ready, Timestamp(6 * DAY_MS)));
    }
}
