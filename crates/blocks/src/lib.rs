//! The block engine beneath EBS volumes and snapshots.
//!
//! * A **snapshot** is a [`Manifest`] in a [`BlockStore`]: which block of the volume has which content. Blocks are stored once for
//!   each content, compressed, checked when they are read, and encrypted when a [`DataKey`] is given.
//! * A [`Volume`] is a folder on this host. It starts empty or as a snapshot, whose blocks it fetches when they are first touched, and
//!   remembers what has changed, so that the next snapshot stores nothing else.
//! * [`serve`] is the process that makes a block device of a volume for as long as it is attached; [`Client`] starts it, finds it
//!   again and speaks to it.
//! * [`MemoryPlace`] is where a machine's memory is kept while it sleeps: with the volume that it boots from.
//! * [`import`] and [`export`] turn disk images into snapshots and back, [`copy`] puts a snapshot under another key; [`Draft`] builds
//!   one block by block, and [`Manifest::changes`] compares two.
//!
//! ```no_run
//! # async fn example() -> blocks::Result<()> {
//! use blocks::{BlockStore, Client, Create, DataKey, Keys, Limits, Start, Volume};
//! use std::path::Path;
//!
//! let (data, key) = (Path::new("/data"), DataKey::new([7; 32]));
//! let store = BlockStore::open(&data.join("blocks"))?;
//! let folder = data.join("volumes/vol-1");
//! Volume::create(&folder, &Create { id: "vol-1", size: 8 << 30, key: Some(&key), source: None }, &store)?;
//! let keys = Keys { own: Some(key), source: None };
//! let start = Start {
//!     program: Path::new("/proc/self/exe"),
//!     folder: &folder,
//!     runtime: Path::new("/run/cloud/volumes/vol-1"),
//!     store: &data.join("blocks"),
//!     keys: &keys,
//!     limits: Limits { iops: Some(3000), throughput: Some(125 << 20), operation: 256 << 10 },
//! };
//! let (client, attached) = Client::start(&start).await?;
//! println!("{} is a disk", attached.device.display());
//! client.snapshot("snap-1").await?;
//! client.stop(false).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Nothing of AWS's API stands here, and no record: names of snapshots and volumes, keys and limits come from the caller. Everything but
//! [`Client`] blocks the calling thread.

mod client;
mod codec;
mod draft;
mod error;
mod id;
mod image;
mod key;
pub mod limit;
mod manifest;
mod memory;
pub mod serve;
mod store;
mod volume;
mod xts;

pub use client::{Client, Start};
pub use codec::Codec;
pub use draft::Draft;
pub use error::{Error, Result};
pub use id::BlockId;
pub use image::{copy, export, import};
pub use key::{DataKey, Fingerprint};
pub use limit::Limits;
pub use manifest::{Change, Manifest};
pub use memory::{Handover, MemoryPlace};
pub use serve::loopdev::attach_while_in_use;
pub use serve::protocol::{Attached, SnapshotStatus, Status, Stopped};
pub use store::{BlockStore, Collected, Stored, Upload};
pub use volume::{Create, Keys, Progress, Source, Volume};

/// The bytes of a block: what the EBS direct APIs call `BlockSize`.
pub const BLOCK: usize = 512 * 1024;
/// The unit of encryption and of a volume's size, in bytes.
pub const SECTOR: usize = 4096;
/// The largest volume: EBS's largest is an io2 volume of 64 TiB.
pub const MAX_SIZE: u64 = 64 << 40;

/// How many blocks hold `size` bytes.
pub fn blocks_of(size: u64) -> u32 {
    u32::try_from(size.div_ceil(BLOCK as u64)).unwrap_or(u32::MAX)
}

/// Refuses a size that no volume can have: none at all, not a multiple of [`SECTOR`], or above [`MAX_SIZE`].
pub fn check_size(size: u64) -> Result<u64> {
    match size {
        1..=MAX_SIZE if size.is_multiple_of(SECTOR as u64) => Ok(size),
        _ => Err(Error::Invalid(format!("a volume can't have {size} bytes"))),
    }
}
