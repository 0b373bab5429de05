//! The machines and volumes of this host: which there are, and what each is told of the others.

use super::{Gone, LocalHost};
use crate::{
    keep::Kept,
    machine::live::{self, Outside},
    volume::{hub::store_of, live as volume},
};
use agent_proto::{
    ConsoleStream, Desired, HostError,
    machine::{Backing, Halt, Machine, MachineState, MachineStatus, Power},
    network::{Attachment, Interface, Vpc},
    volume::{Volume, VolumeStatus},
};
use logic::machine::{Progress, Wish};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{net::UnixStream, sync::watch};

/// Those that are looked after. Whoever drops this leaves them as they are.
#[derive(Default)]
pub(super) struct Fleet {
    /// What is wished of each machine.
    machines: Mutex<BTreeMap<String, watch::Sender<Wish>>>,
    /// The volumes that have a loop.
    volumes: Mutex<BTreeMap<String, watch::Sender<()>>>,
    /// The volumes that an earlier agent has left, until it is known which are desired.
    left: Mutex<BTreeSet<String>>,
}

impl Fleet {
    pub(super) fn leave(&self) {
        self.machines().clear();
        self.volumes().clear();
    }

    /// Asks every machine to end.
    pub(super) fn say_farewell(&self) {
        for wish in self.machines().values() {
            wish.send_modify(|wish| {
                if let Power::On { boot } | Power::Pause { boot } = wish.machine.power {
                    wish.machine.power = Power::Off { boot, how: Halt::Ask };
                }
            });
        }
    }

    fn machines(&self) -> MutexGuard<'_, BTreeMap<String, watch::Sender<Wish>>> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn volumes(&self) -> MutexGuard<'_, BTreeMap<String, watch::Sender<()>>> {
        self.volumes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A machine that has ended and holds nothing any more.
pub(super) fn is_off(status: &MachineStatus) -> bool {
    matches!(status.state, MachineState::Off { .. })
}

impl LocalHost {
    /// Takes over the machines and volumes of an earlier process, and removes the machines that nobody knows.
    pub(super) async fn go_on_with_machines(self: &Arc<Self>) -> Result<(), HostError> {
        let kept = self.parts.kept_machines.all();
        for driver in self.parts.machines.all() {
            let left = driver.recover().await.map_err(HostError::Failed)?;
            for unknown in left.into_iter().filter(|id| !kept.contains_key(id)) {
                driver.forget(&unknown).await.map_err(HostError::Failed)?;
            }
        }
        let left = self.parts.volumes.recover().await.map_err(HostError::Failed)?;
        *self.fleet.left.lock().unwrap_or_else(PoisonError::into_inner) = left;
        for (id, Kept { spec, progress }) in kept {
            let seen = match self.parts.machines.of(&spec.kind) {
                Ok(driver) => driver.inspect(&id).await,
                Err(_) => None,
            };
            let progress = progress.resume(seen, self.parts.env.now());
            progress.volumes().for_each(|volume| self.volumes.adopt(volume, &id));
            self.live_machine(spec, progress);
        }
        Ok(())
    }

    pub(super) fn update_machines(self: &Arc<Self>, desired: &Desired) {
        let wanted: BTreeMap<&str, &Machine> = desired.machines.iter().map(|machine| (&*machine.id, machine)).collect();
        let mut known = BTreeSet::new();
        for (id, wish) in self.fleet.machines().iter() {
            known.insert(id.clone());
            wish.send_if_modified(|wish| {
                let before = wish.clone();
                match wanted.get(&**id) {
                    // One that was told to vanish does so; under the same id, a new one follows.
                    Some(machine) if !wish.vanish => {
                        wish.machine = (*machine).clone();
                        wish.volumes = self.volumes_of(machine);
                    }
                    Some(_) => {}
                    None => wish.vanish = true,
                }
                *wish != before
            });
        }
        for machine in desired.machines.iter().filter(|machine| !known.contains(&machine.id)) {
            self.live_machine(machine.clone(), Progress::default());
        }
    }

    /// Tells the machines which of their interfaces the network has been told of.
    pub(super) fn update_interfaces(&self, vpcs: &[Vpc], faults: &BTreeMap<String, String>) {
        let mut interfaces: BTreeMap<&str, BTreeMap<String, Interface>> = BTreeMap::new();
        for interface in vpcs.iter().filter(|vpc| !faults.contains_key(&vpc.id)).flat_map(|vpc| &vpc.interfaces) {
            if let Attachment::Machine(machine) = &interface.attachment {
                interfaces.entry(machine).or_default().insert(interface.id.clone(), interface.clone());
            }
        }
        for (id, wish) in self.fleet.machines().iter() {
            let new = interfaces.remove(&**id).unwrap_or_default();
            wish.send_if_modified(|wish| {
                let changed = wish.interfaces != new;
                wish.interfaces = new;
                changed
            });
        }
    }

    pub(super) fn update_volumes(self: &Arc<Self>, desired: &Desired) {
        let wanted: BTreeMap<&str, &Volume> = desired.volumes.iter().map(|volume| (&*volume.id, volume)).collect();
        let mut known: BTreeSet<String> = self.fleet.volumes().keys().cloned().collect();
        let left = std::mem::take(&mut *self.fleet.left.lock().unwrap_or_else(PoisonError::into_inner));
        let machines: BTreeSet<String> = self.fleet.machines().keys().cloned().collect();
        let unknown = left.into_iter().filter(|id| store_of(id).is_none_or(|machine| !machines.contains(machine)));
        let new: BTreeSet<String> = wanted.keys().map(|id| (*id).to_owned()).chain(unknown).collect();
        for id in new.difference(&known).cloned().collect::<Vec<_>>() {
            self.wish_volume(&id, wanted.get(&*id).copied());
            self.live_volume(id.clone());
            known.remove(&id);
        }
        known.iter().for_each(|id| self.wish_volume(id, wanted.get(&**id).copied()));
    }

    fn wish_volume(&self, id: &str, wanted: Option<&Volume>) {
        self.volumes.slot(id).situation.send_if_modified(|situation| {
            let changed = situation.wish.as_ref() != wanted;
            situation.wish = wanted.cloned();
            changed
        });
    }

    fn live_machine(self: &Arc<Self>, machine: Machine, progress: Progress) {
        let id = machine.id.clone();
        let status = progress.status();
        self.observe(|observed| drop(observed.machines.insert(id.clone(), status)));
        let mut living = self.fleet.machines();
        let volumes = self.volumes_of(&machine);
        let (wish, wishes) = watch::channel(Wish { machine, vanish: false, interfaces: BTreeMap::new(), volumes });
        living.insert(id.clone(), wish);
        let (means, keeper) = (self.means(), self.parts.kept_machines.clone());
        let (outside, host) = (Outside { means, keeper, env: self.parts.env.clone() }, self.clone());
        tokio::spawn(async move {
            let report = |status| host.observe(|observed| drop(observed.machines.insert(id.clone(), status)));
            if live::live(outside, progress, wishes, report).await {
                let _ = host.ended.send(Gone::Machine(id));
            }
        });
    }

    fn live_volume(self: &Arc<Self>, id: String) {
        let (alive, token) = watch::channel(());
        self.fleet.volumes().insert(id.clone(), alive);
        let host = self.clone();
        tokio::spawn(async move {
            let report = |status: VolumeStatus| host.tell_of_volume(&id, &status);
            if volume::live(host.volumes.clone(), id.clone(), host.parts.env.clone(), token, report).await {
                let _ = host.ended.send(Gone::Volume(id));
            }
        });
    }

    /// Reports on a volume, and tells the machines that have it or are to have it.
    fn tell_of_volume(&self, id: &str, status: &VolumeStatus) {
        self.observe(|observed| drop(observed.volumes.insert(id.to_owned(), status.clone())));
        for wish in self.fleet.machines().values() {
            wish.send_if_modified(|wish| {
                let told = volumes(&wish.machine).any(|volume| volume == id) && wish.volumes.get(id) != Some(status);
                if told {
                    wish.volumes.insert(id.to_owned(), status.clone());
                }
                told
            });
        }
    }

    /// The volumes of a machine, as far as they were seen. Asked by whoever holds the machines, so that nothing is seen and not told.
    fn volumes_of(&self, machine: &Machine) -> BTreeMap<String, VolumeStatus> {
        let observed = self.observed.borrow();
        volumes(machine).filter_map(|id| Some((id.to_owned(), observed.volumes.get(id)?.clone()))).collect()
    }

    pub(super) fn machine_is_gone(&self, id: &str) {
        self.fleet.machines().remove(id);
        self.observe(|observed| drop(observed.machines.remove(id)));
    }

    pub(super) fn volume_is_gone(&self, id: &str) {
        self.fleet.volumes().remove(id);
        self.observe(|observed| drop(observed.volumes.remove(id)));
    }

    /// What a machine has written to its console.
    pub(super) async fn console_of(&self, machine: &str) -> Result<Vec<u8>, HostError> {
        for driver in self.parts.machines.all() {
            if let Some(console) = driver.console(machine).await.map_err(HostError::Failed)? {
                return Ok(console);
            }
        }
        match self.fleet.machines().contains_key(machine) {
            true => Ok(Vec::new()),
            false => Err(HostError::Unknown(machine.to_owned())),
        }
    }

    /// What a machine has on its screen.
    pub(super) async fn screen_of(&self, machine: &str) -> Result<Option<Vec<u8>>, HostError> {
        for driver in self.parts.machines.all() {
            if let Some(picture) = driver.screenshot(machine).await.map_err(HostError::Failed)? {
                return Ok(Some(picture));
            }
        }
        Ok(None)
    }

    /// The serial console of a machine that runs.
    pub(super) async fn console_stream(&self, machine: &str) -> Result<ConsoleStream, HostError> {
        let sockets = self.parts.machines.all().filter_map(|driver| driver.console_socket(machine));
        match sockets.into_iter().find(|socket| socket.exists()) {
            Some(socket) => {
                let stream = UnixStream::connect(&socket).await;
                stream.map(|stream| Box::new(stream) as ConsoleStream).map_err(|error| HostError::Failed(error.to_string()))
            }
            None => Err(HostError::Unknown(machine.to_owned())),
        }
    }
}

fn volumes(machine: &Machine) -> impl Iterator<Item = &str> {
    machine.disks.iter().filter_map(|disk| match &disk.backing {
        Backing::Volume(id) => Some(&**id),
        Backing::InstanceStore(_) => None,
    })
}
