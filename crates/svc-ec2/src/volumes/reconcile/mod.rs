//! What becomes of volumes and snapshots when nobody asks.

mod usage;
mod volumes;

pub use volumes::Volumes;

use super::encryption::with_open_keys;
use agent_proto::{record::HostedVolume, volume::Volume as HostVolume};
use spine::{Read, Scope};

/// The volumes that a host is to have, with their keys.
///
/// # Errors
/// If a key can't be opened: no volume is left out, for a host deletes what it isn't told of.
pub fn desired_volumes(read: &impl Read, host: &str) -> anyhow::Result<Vec<HostVolume>> {
    let all = read.specs::<HostedVolume>(Scope::All)?;
    let here = all.iter().filter(|(_, it)| it.host == host);
    here.map(|(_, it)| with_open_keys(read, &it.volume)).collect()
}
