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

/// A moment.
fn time(at: Timestamp) -> wire::Time {
    wire::Time(at.0)
}

/// The volumes of an instance.
pub fn block_devices(id: &str, disks: &[Disk]) -> Vec<InstanceBlockDeviceMapping> {
    disks.iter().filter_map(|disk| disk.attachment(id).map(|(it, state)| instance::block_device(disk, it, state))).collect()
}
