//! Carries out the steps of one machine: what each means for its driver, the volumes and the network.

use super::{BootOrder, Door, Drivers, MachineDriver, OpenDisk};
use crate::{
    network::{MachineNetwork, Network, Plugged},
    volume::{Device, Volumes},
};
use agent_proto::machine::{Backing, Disk, Interface, Kind};
use logic::machine::{DiskTrack, Gain, Progress, Step, Wish};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// What machines are made of.
#[derive(Clone)]
pub struct Means {
    /// Run them.
    pub drivers: Drivers,
    /// Their disks.
    pub volumes: Arc<Volumes>,
    /// Connects them.
    pub network: Arc<dyn Network>,
}

/// Does what is to be done for one machine.
pub(crate) struct Hands {
    means: Means,
    id: String,
    /// Held for each call of the driver, but for those that may come at any time.
    alone: tokio::sync::Mutex<()>,
    plugs: Mutex<Plugs>,
}

/// What this agent has plugged in.
#[derive(Clone, Default)]
struct Plugs {
    door: Option<Door>,
    plugged: BTreeMap<u32, Plugged>,
}

impl Hands {
    pub(crate) fn new(means: Means, id: &str) -> Self {
        Self { means, id: id.to_owned(), alone: Default::default(), plugs: Mutex::default() }
    }

    /// What runs machines of the kind.
    pub(crate) fn driver(&self, kind: &Kind) -> Result<Arc<dyn MachineDriver>, String> {
        self.means.drivers.of(kind).cloned()
    }

    /// Carries out a step, which was begun when the machine was so far.
    pub(crate) async fn carry_out(&self, step: &Step, wish: &Wish, progress: &Progress) -> Result<Gain, String> {
        match step {
            Step::Open(disk) => return self.open(disk).await,
            Step::Close(device) => self.close(progress.disks.get(device)).await?,
            Step::Halt(how) => self.driver(&wish.machine.kind)?.halt(&self.id, *how).await?,
            Step::Release | Step::Forget => self.remove(step, wish, progress).await?,
            _ => {
                let driver = self.driver(&wish.machine.kind)?;
                let _alone = self.alone.lock().await;
                return self.drive(&*driver, step, wish, progress).await;
            }
        }
        Ok(Gain::Nothing)
    }

    async fn drive(&self, driver: &dyn MachineDriver, step: &Step, wish: &Wish, progress: &Progress) -> Result<Gain, String> {
        let id = &*self.id;
        match step {
            Step::Start { boot, resume } => {
                let disks = progress.disks.values().filter_map(open_disk).collect();
                let (machine, network) = (wish.machine.clone(), self.network());
                let memory = self.memory(progress);
                driver.start(&BootOrder { machine, boot: *boot, disks, network, resume: *resume, memory }).await?;
                return Ok(Gain::Seen(driver.inspect(id).await));
            }
            Step::Survey => return self.survey(driver, wish).await,
            Step::Prepare => drop(self.door(driver, wish).await?),
            Step::Plug(interface, _) => self.plug(driver, wish, interface, progress.is_running()).await?,
            Step::Unplug(interface) => self.unplug(driver, wish, interface, progress.is_running()).await?,
            Step::Attach(device) => driver.attach_disk(id, &disk_of(progress, device)?).await?,
            Step::Detach { device, force } => driver.detach_disk(id, &disk_of(progress, device)?, *force).await?,
            Step::Grow(device, size) => {
                driver.grow_disk(id, &OpenDisk { size: *size, ..disk_of(progress, device)? }).await?;
            }
            Step::Reboot { number, force } => driver.reboot(id, *number, *force).await?,
            Step::Limit(quota) => driver.set_cpu_quota(id, *quota).await?,
            Step::Open(_) | Step::Close(_) | Step::Halt(_) | Step::Release | Step::Forget => {}
        }
        Ok(Gain::Nothing)
    }

    async fn open(&self, disk: &Disk) -> Result<Gain, String> {
        let Device { path, size } = match &disk.backing {
            Backing::Volume(volume) => self.means.volumes.open(volume, &self.id).await?,
            Backing::InstanceStore(gib) => self.means.volumes.open_store(&self.id, &disk.device, *gib).await?,
        };
        Ok(Gain::Device(path, size))
    }

    async fn close(&self, track: Option<&DiskTrack>) -> Result<(), String> {
        match track.map(|track| (&track.disk.backing, &track.disk.device)) {
            Some((Backing::Volume(volume), _)) => self.means.volumes.close(volume, &self.id).await,
            Some((Backing::InstanceStore(_), device)) => self.means.volumes.close_store(&self.id, device).await,
            None => Ok(()),
        }
    }

    /// What the machine is plugged in by: made, or found.
    async fn door(&self, driver: &dyn MachineDriver, wish: &Wish) -> Result<Door, String> {
        if let Some(door) = self.plugs().door.clone() {
            return Ok(door);
        }
        let door = driver.prepare(&wish.machine).await?;
        self.plugs().door = Some(door.clone());
        Ok(door)
    }

    async fn plug(&self, driver: &dyn MachineDriver, wish: &Wish, interface: &Interface, live: bool) -> Result<(), String> {
        let door = self.door(driver, wish).await?;
        let plugged = self.means.network.plug(&wish.machine, interface, &door).await?;
        self.plugs().plugged.insert(interface.device, plugged);
        if live { driver.set_network(&self.id, &self.network()).await } else { Ok(()) }
    }

    async fn unplug(&self, driver: &dyn MachineDriver, wish: &Wish, interface: &Interface, live: bool) -> Result<(), String> {
        let door = self.door(driver, wish).await?;
        self.plugs().plugged.remove(&interface.device);
        if live {
            driver.set_network(&self.id, &self.network()).await?;
        }
        self.means.network.unplug(&wish.machine, interface, &door).await
    }

    async fn survey(&self, driver: &dyn MachineDriver, wish: &Wish) -> Result<Gain, String> {
        let door = self.door(driver, wish).await?;
        let reachable = self.means.network.reaches(&wish.machine, &door).await;
        Ok(Gain::Pulse { reachable, cpu_ms: driver.cpu_ms(&self.id).await })
    }

    /// Takes the machine off the network and removes what its driver has of it. What can't run here has left nothing here.
    async fn remove(&self, step: &Step, wish: &Wish, progress: &Progress) -> Result<(), String> {
        let Ok(driver) = self.driver(&wish.machine.kind) else { return Ok(()) };
        let _alone = self.alone.lock().await;
        if progress.prepared {
            let door = self.door(&*driver, wish).await?;
            for plug in progress.plugs.values() {
                self.means.network.unplug(&wish.machine, &plug.interface, &door).await?;
            }
        }
        *self.plugs() = Plugs::default();
        match step {
            Step::Forget => driver.forget(&self.id).await,
            _ => driver.release(&self.id).await,
        }
    }

    /// Where its memory is kept while it sleeps: with the volume that it boots from.
    fn memory(&self, progress: &Progress) -> Option<PathBuf> {
        let root = progress.disks.values().find(|track| track.disk.root)?;
        match &root.disk.backing {
            Backing::Volume(volume) => self.means.volumes.driver().memory(volume),
            Backing::InstanceStore(_) => None,
        }
    }

    /// What the machine finds of its network.
    fn network(&self) -> MachineNetwork {
        let plugged = self.plugs().plugged.clone();
        let primary = plugged.get(&0).cloned().unwrap_or_default();
        MachineNetwork {
            interfaces: plugged.into_iter().map(|(device, plugged)| (device, plugged.interface)).collect(),
            name_servers: primary.name_servers,
            search: primary.search,
        }
    }

    fn plugs(&self) -> std::sync::MutexGuard<'_, Plugs> {
        self.plugs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn disk_of(progress: &Progress, device: &str) -> Result<OpenDisk, String> {
    progress.disks.get(device).and_then(open_disk).ok_or_else(|| format!("{device} is not open"))
}

fn open_disk(track: &DiskTrack) -> Option<OpenDisk> {
    let (device, size) = track.device.clone()?;
    Some(OpenDisk { disk: track.disk.clone(), device, size })
}
