//! The real volumes: the block engine's folders, and a serving process for each volume that is open.
//!
//! A volume is served while a machine has it open, and while snapshots of it are being stored. Whether a machine has it is noted beside the
//! server's files, which are gone after a restart of the host as the server is; what is known of snapshots is noted beside the volume, so
//! that each has one end, however often it is asked for.

mod places;

pub use places::BlockPlaces;

use super::{Device, Made, SnapshotBytes, VolumeDriver};
use crate::process::ProcessId;
use agent_proto::{
    Missing,
    volume::{DataKey, IoLimits, Volume},
};
use blocks::{BLOCK, BlockStore, Client, Create, Keys, Limits, SnapshotStatus, Source, Start, Status, Stopped};
use model::Env;
use places::{Note, Place};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{OwnedMutexGuard, watch};

/// Between two looks at a snapshot that is being stored.
const LOOK: Duration = Duration::from_millis(100);
/// How often a server may die under a snapshot before that is given up.
const DEATHS: u32 = 10;

/// Volumes of the block engine.
pub struct BlockVolumes {
    places: BlockPlaces,
    /// The program that has the subcommand `volume`.
    program: PathBuf,
    env: Env,
    /// Held by whoever starts or stops a volume's server, or opens its folder.
    locks: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl BlockVolumes {
    /// Volumes in these folders, served by this program.
    pub fn new(places: BlockPlaces, program: PathBuf, env: Env) -> Self {
        Self { places, program, env, locks: Mutex::default() }
    }

    async fn alone(&self, id: &str) -> OwnedMutexGuard<()> {
        let lock = self.locks.lock().unwrap_or_else(PoisonError::into_inner).entry(id.to_owned()).or_default().clone();
        lock.lock_owned().await
    }

    /// The server of a volume, if there is one.
    async fn served(&self, place: &Place) -> Result<Option<(Client, Status)>, String> {
        match Client::adopt(&place.runtime).await.map_err(said)? {
            Some((client, _)) => {
                let status = client.status().await.map_err(said)?;
                Ok(Some((client, status)))
            }
            None => Ok(None),
        }
    }

    /// The server of a volume, which is started if there is none. Whoever calls it is alone.
    async fn serve(&self, volume: &Volume, place: &Place) -> Result<(Client, Status), String> {
        match self.served(place).await? {
            Some((_, status)) if status.stopping => Err(format!("{} is still being closed", volume.id)),
            Some(found) => Ok(found),
            None => {
                let keys = keys(volume)?;
                let start = Start {
                    program: &self.program,
                    folder: &place.folder,
                    runtime: &place.runtime,
                    store: &self.places.store,
                    keys: &keys,
                    limits: limits(volume.limits),
                };
                let (client, _) = Client::start(&start).await.map_err(said)?;
                let status = client.status().await.map_err(said)?;
                Ok((client, status))
            }
        }
    }

    /// Works on a volume that nobody serves, in a thread where that may take its time.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&BlockStore) -> blocks::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let folder = self.places.store.clone();
        let done = tokio::task::spawn_blocking(move || work(&BlockStore::open(&folder)?));
        done.await.map_err(|error| error.to_string())?.map_err(said)
    }

    /// Opens a volume's folder for a moment.
    async fn within<T: Send + 'static>(
        &self,
        volume: &Volume,
        place: &Place,
        work: impl FnOnce(&blocks::Volume) -> blocks::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let (folder, keys) = (place.folder.clone(), keys(volume)?);
        self.work(move |store| {
            let volume = blocks::Volume::open(&folder, store, &keys)?;
            let result = work(&volume);
            volume.close()?;
            result
        })
        .await
    }

    /// Makes the volume's folder, or finds it; what an earlier try has left half-made is removed. Its size in bytes, and the snapshots that
    /// are under way.
    async fn make(&self, volume: &Volume, place: &Place) -> Result<(u64, Vec<String>), String> {
        let (folder, keys, wish) = (place.folder.clone(), keys(volume)?, volume.clone());
        self.work(move |store| match blocks::Volume::open(&folder, store, &keys) {
            Ok(volume) => {
                let found = (volume.size(), volume.snapshots());
                volume.close().map(|()| found)
            }
            Err(blocks::Error::NotFound(_)) if !has_meta(&folder) => {
                blocks::Volume::delete(&folder, store)?;
                create(&folder, &wish, &keys, store)?;
                Ok((bytes(&wish), Vec::new()))
            }
            Err(error) => Err(error),
        })
        .await
    }

    /// Looks how far a snapshot is, once; `None`: it has to be looked at again.
    async fn look(&self, volume: &Volume, snapshot: &str, percent: &watch::Sender<u8>) -> Result<Option<u64>, Setback> {
        let place = self.places.of(&volume.id);
        let _alone = self.alone(&volume.id).await;
        let (client, _) = self.serve(volume, &place).await.map_err(Setback::Server)?;
        match client.progress(snapshot).await {
            Ok(SnapshotStatus::Pending(progress)) => {
                percent.send_replace(progress.percent());
                Ok(None)
            }
            Ok(SnapshotStatus::Completed(stored)) => Ok(Some(stored.new_bytes)),
            // One that is told to end gives its uploads up for the next one.
            Ok(SnapshotStatus::Failed { why }) => match self.served(&place).await {
                Ok(Some((_, status))) if !status.stopping => Err(Setback::Snapshot(why)),
                _ => Ok(None),
            },
            Err(blocks::Error::NotFound(_)) if matches!(self.served(&place).await, Ok(Some(_))) => {
                Err(Setback::Snapshot(format!("{snapshot} was lost, as by a loss of power of its host")))
            }
            Err(error) => Err(Setback::Server(error.to_string())),
        }
    }

    /// Notes that a snapshot is whole, and what it has taken.
    async fn note_end(&self, place: &Place, snapshot: &str, stored: u64) -> Result<SnapshotBytes, String> {
        let name = snapshot.to_owned();
        let full = self.work(move |store| Ok(store.manifest(&name)?.blocks().len() as u64 * BLOCK as u64)).await?;
        place.set_note(snapshot, &Note { bytes: Some((stored, full)) }).map_err(said)?;
        Ok(SnapshotBytes { stored, full })
    }

    /// Ends a server, when what it alone knows is noted, and waits until it has let go of the volume.
    async fn stop(&self, (client, status): (Client, Status), place: &Place, id: &str) -> Result<(), String> {
        for snapshot in place.noted().into_iter().filter(|name| place.note(name) == Some(Note::default())) {
            if let Ok(SnapshotStatus::Completed(stored)) = client.progress(&snapshot).await {
                self.note_end(place, &snapshot, stored.new_bytes).await?;
            }
        }
        let server = ProcessId::of(status.attached.pid).ok().and_then(|server| server.open());
        match (client.stop(false).await, server) {
            (Ok(Stopped::Detached), Some(server)) => server.ended().await.map_err(said),
            (Ok(Stopped::Detached) | Err(blocks::Error::NotFound(_)), _) => Ok(()),
            (Ok(Stopped::Busy), _) => Err(format!("somebody on the host has {id} open")),
            (Err(error), _) => Err(said(error)),
        }
    }

    /// Ends a server that nobody needs any more.
    async fn retire(&self, id: &str) -> Result<(), String> {
        let (place, _alone) = (self.places.of(id), self.alone(id).await);
        match self.served(&place).await? {
            Some(server) if !place.is_open() && server.1.snapshots.is_empty() => self.stop(server, &place, id).await,
            _ => Ok(()),
        }
    }
}

/// Why a snapshot doesn't go on.
enum Setback {
    /// The server has a problem, which may pass.
    Server(String),
    /// The snapshot can't be made.
    Snapshot(String),
}

#[async_trait::async_trait]
impl VolumeDriver for BlockVolumes {
    fn probe(&self) -> Vec<Missing> {
        let missing = |path: &str, remedy: &str| Missing {
            what: path.to_owned(),
            costs: "volumes can't be attached, so no machine can be started".into(),
            remedy: remedy.into(),
            fatal: false,
        };
        let wanted = [
            ("/dev/fuse", "load the kernel's `fuse` module; inside a container, give it the device"),
            ("/dev/loop-control", "load the kernel's `loop` module; inside a container, give it the device"),
        ];
        wanted.iter().filter(|(path, _)| !Path::new(path).exists()).map(|(path, remedy)| missing(path, remedy)).collect()
    }

    async fn recover(&self) -> Result<BTreeSet<String>, String> {
        // What dead servers have left is removed by looking for them.
        for id in self.places.served() {
            Client::adopt(&self.places.of(&id).runtime).await.map_err(said)?;
        }
        Ok(self.places.all())
    }

    async fn ensure(&self, volume: &Volume) -> Result<Made, String> {
        let (place, _alone) = (self.places.of(&volume.id), self.alone(&volume.id).await);
        place.make().map_err(said)?;
        let (size, under_way) = match self.served(&place).await? {
            Some((_, status)) => (status.attached.size, status.snapshots),
            None => self.make(volume, &place).await?,
        };
        let snapshots = place.noted().into_iter().chain(under_way).collect();
        Ok(Made { size_gib: u32::try_from(size >> 30).unwrap_or(u32::MAX), snapshots })
    }

    async fn open(&self, volume: &Volume) -> Result<Device, String> {
        let (place, _alone) = (self.places.of(&volume.id), self.alone(&volume.id).await);
        place.set_open().map_err(said)?;
        let (client, status) = self.serve(volume, &place).await?;
        if status.limits != limits(volume.limits) {
            client.limit(limits(volume.limits)).await.map_err(said)?;
        }
        Ok(Device { path: status.attached.device, size: status.attached.size })
    }

    fn memory(&self, id: &str) -> Option<PathBuf> {
        Some(self.places.of(id).runtime)
    }

    async fn close(&self, id: &str) -> Result<(), String> {
        let (place, _alone) = (self.places.of(id), self.alone(id).await);
        match self.served(&place).await? {
            // The server goes on until they are stored; what was written is on the disk all the same.
            Some((_, status)) if !status.snapshots.is_empty() => flush(status.attached.device).await?,
            Some(server) => self.stop(server, &place, id).await?,
            None => {}
        }
        place.set_closed().map_err(said)
    }

    async fn grow(&self, volume: &Volume) -> Result<(), String> {
        let (place, _alone, size) = (self.places.of(&volume.id), self.alone(&volume.id).await, bytes(volume));
        match self.served(&place).await? {
            Some((_, status)) if status.attached.size >= size => Ok(()),
            Some((client, _)) => client.grow(size).await.map(drop).map_err(said),
            None => self.within(volume, &place, move |it| if it.size() < size { it.grow(size) } else { Ok(()) }).await,
        }
    }

    async fn limit(&self, id: &str, wish: IoLimits) -> Result<(), String> {
        let (place, _alone) = (self.places.of(id), self.alone(id).await);
        match self.served(&place).await? {
            Some((client, _)) => client.limit(limits(wish)).await.map_err(said),
            // It is told when it is served.
            None => Ok(()),
        }
    }

    async fn freeze(&self, volume: &Volume, snapshot: &str) -> Result<(), String> {
        let key = volume.snapshots.get(snapshot).cloned().flatten();
        if key != volume.key {
            return Err(format!("{snapshot} can't be encrypted otherwise than {}", volume.id));
        }
        let (place, _alone) = (self.places.of(&volume.id), self.alone(&volume.id).await);
        if place.note(snapshot).is_some() {
            return Ok(());
        }
        let (client, _) = self.serve(volume, &place).await?;
        match client.progress(snapshot).await {
            Ok(_) => {}
            Err(blocks::Error::NotFound(_)) => client.snapshot(snapshot).await.map_err(said)?,
            Err(error) => return Err(said(error)),
        }
        place.set_note(snapshot, &Note::default()).map_err(said)
    }

    async fn store(&self, volume: &Volume, snapshot: &str, percent: &watch::Sender<u8>) -> Result<SnapshotBytes, String> {
        let place = self.places.of(&volume.id);
        let mut deaths = 0;
        let stored = loop {
            if let Some(Note { bytes: Some((stored, full)) }) = place.note(snapshot) {
                return Ok(SnapshotBytes { stored, full });
            }
            match self.look(volume, snapshot, percent).await {
                Ok(Some(stored)) => break stored,
                Ok(None) => {}
                Err(Setback::Snapshot(why)) => return Err(why),
                Err(Setback::Server(why)) if deaths == DEATHS => return Err(why),
                Err(Setback::Server(_)) => deaths += 1,
            }
            self.env.sleep(LOOK).await;
        };
        let bytes = self.note_end(&place, snapshot, stored).await?;
        self.retire(&volume.id).await?;
        Ok(bytes)
    }

    async fn forget_snapshot(&self, id: &str, snapshot: &str) -> Result<(), String> {
        self.places.of(id).forget_note(snapshot).map_err(said)
    }

    async fn delete(&self, id: &str) -> Result<(), String> {
        let (place, _alone) = (self.places.of(id), self.alone(id).await);
        if let Some(server) = self.served(&place).await? {
            self.stop(server, &place, id).await?;
        }
        let folder = place.folder.clone();
        if folder.exists() {
            self.work(move |store| blocks::Volume::delete(&folder, store)).await?;
        }
        place.remove().map_err(said)?;
        self.locks.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        Ok(())
    }

    async fn teardown(&self) -> Result<(), String> {
        for id in self.places.served() {
            let place = self.places.of(&id);
            if let Some((client, _)) = self.served(&place).await? {
                client.stop(true).await.map_err(said)?;
            }
        }
        self.places.leave().map_err(said)
    }
}

/// Waits until what was written to a block device is on the disk.
async fn flush(device: PathBuf) -> Result<(), String> {
    let flushed = tokio::task::spawn_blocking(move || std::fs::File::open(device)?.sync_all());
    flushed.await.map_err(said)?.map_err(said)
}

fn create(folder: &Path, wish: &Volume, keys: &Keys, store: &BlockStore) -> blocks::Result<()> {
    let source_key = keys.source.as_ref();
    let source = wish.source.as_ref().map(|source| Source { snapshot: &source.snapshot, key: source_key });
    blocks::Volume::create(folder, &Create { id: &wish.id, size: bytes(wish), key: keys.own.as_ref(), source }, store)
}

/// Whether a volume's folder was made whole.
fn has_meta(folder: &Path) -> bool {
    folder.join("meta.json").exists()
}

fn keys(volume: &Volume) -> Result<Keys, String> {
    let parse = |key: &Option<DataKey>| key.as_ref().map(|key| blocks::DataKey::parse(&key.0)).transpose().map_err(said);
    let source = volume.source.as_ref().and_then(|source| source.key.clone());
    Ok(Keys { own: parse(&volume.key)?, source: parse(&source)? })
}

fn limits(limits: IoLimits) -> Limits {
    let throughput = limits.throughput_mib.map(|mib| u64::from(mib) << 20);
    Limits { iops: limits.iops, throughput, ..Limits::NONE }
}

fn bytes(volume: &Volume) -> u64 {
    u64::from(volume.size_gib) << 30
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}
