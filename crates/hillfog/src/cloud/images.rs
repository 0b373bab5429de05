//! The images that the cloud brings, made on this machine.

use blocks::BlockStore;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};
use svc_ec2::{ImageMaker, MadeImage};

/// Makes images of what this machine has.
pub struct Maker {
    /// Where files may stand meanwhile.
    work: PathBuf,
    /// Where snapshots' blocks are kept.
    store: PathBuf,
}

impl Maker {
    /// With a folder for what is needed meanwhile, and that of the block store.
    pub fn new(work: PathBuf, store: PathBuf) -> Self {
        Self { work, store }
    }
}

#[async_trait::async_trait]
impl ImageMaker for Maker {
    async fn quick_start(&self, snapshot: &str, size: u32) -> Result<MadeImage, String> {
        let (work, store, snapshot) = (self.work.clone(), self.store.clone(), snapshot.to_owned());
        let made = tokio::task::spawn_blocking(move || quick_start(&work, &store, &snapshot, u64::from(size) << 30));
        made.await.map_err(|error| error.to_string())?.map_err(|error| format!("{error:#}"))
    }
}

/// The blocks are there under their name only when all of them are: one that was killed in between is done again.
fn quick_start(work: &Path, store: &Path, snapshot: &str, bytes: u64) -> anyhow::Result<MadeImage> {
    let store = BlockStore::open(store)?;
    if !store.has_manifest(snapshot)? {
        fs::create_dir_all(work)?;
        let image = work.join("quick-start.img");
        let _ = fs::remove_file(&image);
        machine_init::quick_start::build(work, &image, bytes)?;
        blocks::import(&store, snapshot, &File::open(&image)?, None)?;
        fs::remove_file(&image)?;
    }
    let blocks = store.manifest(snapshot)?.blocks().len();
    Ok(MadeImage { bytes: blocks as u64 * blocks::BLOCK as u64 })
}
