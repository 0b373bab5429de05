//! How images are made of what people have: a disk, a folder, an archive, a container image, a distribution's packages.
//!
//! ```text
//!  disk image ── qcow2: read in a jail ──┐
//!  folder, archive, container image ─────┼─► blocks ─► StartSnapshot, PutSnapshotBlock …, CompleteSnapshot ─► RegisterImage
//!  packages ─► folder ─► ext4 ───────────┘
//! ```
//!
//! [`source`] tells what somebody has named, [`pack`] makes a file system of what is none yet, [`debian`] has a distribution installed into
//! a folder, [`upload`] writes the snapshot and registers the image. Nothing here touches the cloud but through its public API.

pub mod debian;
pub mod pack;
pub mod progress;
pub mod source;
pub mod upload;
pub mod work;
