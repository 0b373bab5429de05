//! From instances' records to what the API shows, and by what they are found. Pure.

mod fields;
mod instance;
mod interface;
mod status;

pub use fields::{IMAGE_METADATA_FIELDS, PROFILE_FIELDS, Shown, TOPOLOGY_FIELDS};
pub use instance::{credits, instance, metadata, profile, reservation, state, state_change};
pub use interface::interface;
pub use status::{event, status};

use super::load::Disk;
use api::ec2::InstanceBlockDeviceMapping;
use model::Timestamp;

/// A moment as filters have it.
fn rfc3339(at: wire::Time) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()).unwrap_or_default()
}

/// A moment.
fn time(at: Timestamp) -> wire::Time {
    wire::Time(at.0)
}

/// The volumes of an instance.
pub fn block_devices(id: &str, disks: &[Disk]) -> Vec<InstanceBlockDeviceMapping> {
    disks.iter().filter_map(|disk| disk.attachment(id).map(|(it, state)| instance::block_device(disk, it, state))).collect()
}
