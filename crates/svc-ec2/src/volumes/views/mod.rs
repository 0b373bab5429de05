//! Volumes and snapshots as the API shows them, and by what they are found. Pure.

mod modification;
mod snapshot;
mod status;
mod volume;

pub use modification::{MODIFICATION_FIELDS, modification};
pub use snapshot::{snapshot, snapshot_info};
pub use status::status;
pub use volume::{attachment, volume};

use crate::views::Place;
use logic::vpc::{ZONE_LETTERS, zone_id, zone_name};
use model::Timestamp;
use wire::Time;

/// The id of the zone of that name.
fn zone_id_of(place: Place<'_>, zone: &str) -> Option<String> {
    let index = (0..ZONE_LETTERS.len()).find(|index| zone_name(place.region, *index) == zone)?;
    Some(zone_id(place.region, index))
}

fn time(at: Timestamp) -> Option<Time> {
    Some(Time(at.0))
}

/// A size or rate, which is far below what the API's numbers can hold.
fn number(value: u32) -> Option<i32> {
    Some(i32::try_from(value).unwrap_or(i32::MAX))
}
