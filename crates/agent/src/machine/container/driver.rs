//! The driver: what the host asks of machines, carried out by their shims.

use super::{
    bounds, door, ids,
    job::{Job, JobDisk},
    order::Order,
    probe,
};
use crate::{
    cgroup::MACHINES,
    disk::{private_folder, remove_all, replace},
    driver::container::Places,
    machine::{
        BootOrder, Door, MachineDriver, OpenDisk, Seen,
        shimmed::{
            Names, Shimmed,
            bounds::{cpu_ms, set_cpu},
            record::{CONSOLE, STATE},
            text, warn,
        },
    },
    network::MachineNetwork,
};
use agent_proto::{
    Missing,
    machine::{Backing, Halt, Kind, Machine},
};
use model::Env;
use std::{collections::BTreeSet, fs, io, path::PathBuf};
use tokio::sync::Mutex;

/// How they are told from other machines.
const NAMES: Names = Names { folder: "system-containers", groups: MACHINES, shim: "machine" };
/// The first id of a machine's range, in its folder.
const IDS: &str = "ids";

/// Runs system containers.
pub struct SystemContainers {
    shimmed: Shimmed,
    /// Held while ids are chosen.
    choice: Mutex<()>,
}

impl SystemContainers {
    /// A driver with its folders.
    pub fn new(places: Places, env: Env) -> io::Result<Self> {
        Ok(Self { shimmed: Shimmed::new(NAMES, places, env)?, choice: Mutex::default() })
    }

    fn ids(&self, id: &str) -> Option<u32> {
        fs::read_to_string(self.shimmed.folder(id).join(IDS)).ok()?.parse().ok()
    }

    /// The first of a machine's ids: the same until it is released.
    async fn choose_ids(&self, id: &str) -> Result<u32, String> {
        let _one = self.choice.lock().await;
        if let Some(base) = self.ids(id) {
            return Ok(base);
        }
        let taken: BTreeSet<u32> = self.shimmed.machines().iter().filter_map(|other| self.ids(other)).collect();
        let base = ids::free(&taken, &self.shimmed.places.tag).ok_or("no ids are left for another machine")?;
        replace(&self.shimmed.folder(id).join(IDS), base.to_string().as_bytes()).map_err(text)?;
        Ok(base)
    }

    fn job(&self, order: &BootOrder, base: u32) -> Job {
        let machine = &order.machine;
        Job {
            machine: machine.id.clone(),
            boot: order.boot,
            reboots: machine.reboots,
            folder: self.shimmed.folder(&machine.id),
            runtime: self.shimmed.runtime(&machine.id),
            base,
            hostname: machine.hostname.clone(),
            host_userland: matches!(machine.kind, Kind::SystemContainer { host_userland: true }),
            disks: order.disks.iter().map(job_disk).collect(),
            name_servers: order.network.name_servers.clone(),
            search: order.network.search.clone(),
            vcpus: machine.hardware.vcpus,
            memory_mib: machine.hardware.memory_mib,
            cgroup: self.shimmed.group(&machine.id),
            shim_cgroup: self.shimmed.shim_group(),
            clock_offset_ms: self.shimmed.clock_offset_ms(),
        }
    }

    async fn order(&self, id: &str, order: Order) -> Result<Option<()>, String> {
        self.shimmed.order(id, order).await
    }

    /// Lets go of the machine's namespaces and removes the runtime folder.
    fn close_door(&self, id: &str) -> Result<(), String> {
        let runtime = self.shimmed.runtime(id);
        door::remove(&runtime).and_then(|()| remove_all(&runtime)).map_err(text)
    }

    async fn remove_state(&self, id: &str) -> Result<(), String> {
        self.shimmed.clear(id).await?;
        self.close_door(id)?;
        self.shimmed.remove_files(id, &[CONSOLE])
    }
}

fn job_disk(disk: &OpenDisk) -> JobDisk {
    let volume = match &disk.disk.backing {
        Backing::Volume(id) => Some(id.clone()),
        Backing::InstanceStore(_) => None,
    };
    JobDisk { name: disk.disk.device.clone(), device: disk.device.clone(), volume, root: disk.disk.root }
}

#[async_trait::async_trait]
impl MachineDriver for SystemContainers {
    fn runs(&self, kind: &Kind) -> bool {
        matches!(kind, Kind::SystemContainer { .. })
    }

    fn probe(&self) -> Vec<Missing> {
        probe::missing(&self.shimmed.places.data)
    }

    async fn recover(&self) -> Result<BTreeSet<String>, String> {
        self.shimmed.look_at_all().await;
        let machines: BTreeSet<String> = self.shimmed.machines().into_iter().collect();
        for stray in self.shimmed.at_runtime().iter().filter(|id| !machines.contains(*id)) {
            warn(stray, self.close_door(stray));
        }
        Ok(machines)
    }

    async fn prepare(&self, machine: &Machine) -> Result<Door, String> {
        private_folder(&self.shimmed.folder(&machine.id)).map_err(text)?;
        let runtime = self.shimmed.runtime(&machine.id);
        private_folder(&runtime).map_err(text)?;
        let base = self.choose_ids(&machine.id).await?;
        let path = door::net(&runtime);
        tokio::task::spawn_blocking(move || door::ensure(&runtime, base)).await.map_err(text)?.map_err(text)?;
        Ok(Door::Namespace(path))
    }

    async fn start(&self, order: &BootOrder) -> Result<(), String> {
        let id = &order.machine.id;
        if self.shimmed.running(id)?.is_some_and(|state| state.boot == order.boot) {
            return Ok(());
        }
        self.shimmed.clear(id).await?;
        let base = self.ids(id).ok_or("the machine was not prepared")?;
        let job = self.job(order, base);
        // What is left of an earlier boot must not pass for this one's.
        remove_all(&job.folder.join(STATE)).map_err(text)?;
        job.save().map_err(text)?;
        let all = &self.shimmed;
        bounds::create(&all.cgroups, &job.cgroup, &order.machine.hardware, &all.unbounded, base).map_err(text)?;
        all.launch(id).await
    }

    async fn halt(&self, id: &str, how: Halt) -> Result<(), String> {
        let force = match how {
            Halt::Ask => false,
            Halt::Force => true,
            Halt::Hibernate if self.shimmed.running(id)?.is_none() => return Ok(()),
            Halt::Hibernate => return Err("a system container can't hibernate: its memory is the host's".into()),
        };
        match self.order(id, Order::Halt { force }).await {
            // At once and for sure.
            Err(_) if force => self.shimmed.clear(id).await,
            other => other.map(drop),
        }
    }

    async fn reboot(&self, id: &str, number: u32, force: bool) -> Result<(), String> {
        self.order(id, Order::Reboot { number, force }).await.map(drop)
    }

    async fn inspect(&self, id: &str) -> Option<Seen> {
        self.shimmed.inspect(id).await
    }

    async fn changed(&self, id: &str, from: &Seen) -> Option<Seen> {
        self.shimmed.changed(id, from).await
    }

    async fn attach_disk(&self, id: &str, disk: &OpenDisk) -> Result<(), String> {
        self.order(id, Order::Attach(job_disk(disk))).await?.ok_or_else(|| format!("{id} doesn't run"))
    }

    async fn detach_disk(&self, id: &str, disk: &OpenDisk, force: bool) -> Result<(), String> {
        self.order(id, Order::Detach { name: disk.disk.device.clone(), force }).await.map(drop)
    }

    async fn grow_disk(&self, _: &str, _: &OpenDisk) -> Result<(), String> {
        // The node is the host's device, whose size everybody sees.
        Ok(())
    }

    async fn set_network(&self, _: &str, _: &MachineNetwork) -> Result<(), String> {
        Ok(())
    }

    async fn set_cpu_quota(&self, id: &str, quota: Option<u64>) -> Result<(), String> {
        let (all, job) = (&self.shimmed, Job::load(&self.shimmed.folder(id)).map_err(text)?);
        match (all.running(id)?, job) {
            (Some(_), Some(job)) => set_cpu(&all.cgroups, &job.cgroup, job.vcpus, quota, &all.unbounded).map_err(text),
            _ => Ok(()),
        }
    }

    async fn cpu_ms(&self, id: &str) -> u64 {
        cpu_ms(&self.shimmed.cgroups, &self.shimmed.group(id))
    }

    async fn console(&self, id: &str) -> Result<Option<Vec<u8>>, String> {
        self.shimmed.console(id)
    }

    fn console_socket(&self, id: &str) -> Option<PathBuf> {
        Some(self.shimmed.console_socket(id))
    }

    async fn release(&self, id: &str) -> Result<(), String> {
        self.remove_state(id).await
    }

    async fn forget(&self, id: &str) -> Result<(), String> {
        self.remove_state(id).await?;
        remove_all(&self.shimmed.folder(id)).map_err(text)
    }

    async fn teardown(&self) -> Result<(), String> {
        for id in self.shimmed.machines() {
            self.remove_state(&id).await?;
        }
        self.shimmed.remove_group(&self.shimmed.groups()).await?;
        remove_all(&self.shimmed.places.runtime.join(NAMES.folder)).map_err(text)
    }
}
