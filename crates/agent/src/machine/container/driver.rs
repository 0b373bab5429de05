//! The driver: what the host asks of machines, carried out by their shims.

use super::{
    bounds,
    control::{self, Order},
    door, ids,
    job::{CONSOLE, Job, JobDisk, STATE, State},
    life::{names, text},
    probe,
    watch::Watch,
};
use crate::{
    cgroup::{Cgroups, MACHINES},
    disk::{private_folder, remove_all, replace},
    driver::container::Places,
    machine::{self, BootOrder, Door, MachineDriver, OpenDisk, Seen},
    network::MachineNetwork,
    shim::Launcher,
};
use agent_proto::{
    Missing,
    machine::{Backing, Halt, Kind, Machine},
};
use model::Env;
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};
use tokio::sync::Mutex;

/// The folders of this driver, in the data folder and in the runtime folder.
const NAME: &str = "system-containers";
/// The first id of a machine's range, in its folder.
const IDS: &str = "ids";

/// Runs system containers.
pub struct SystemContainers {
    places: Places,
    pub(super) cgroups: Cgroups,
    pub(super) env: Env,
    pub(super) launcher: Launcher,
    /// The controllers that this host lacks: their bounds are left out, as `probe` says.
    unbounded: Vec<&'static str>,
    /// Held while ids are chosen.
    choice: Mutex<()>,
    /// Held while a lost shim's traces are removed.
    pub(super) losses: Mutex<()>,
}

impl SystemContainers {
    /// A driver with its folders.
    pub fn new(places: Places, env: Env) -> io::Result<Self> {
        private_folder(&places.data.join(NAME))?;
        private_folder(&places.runtime.join(NAME))?;
        let cgroups = Cgroups::detect()?;
        let unbounded = cgroups.missing(&format!("hillfog-{}", places.tag));
        let launcher = Launcher { program: places.program.clone(), env: env.clone() };
        Ok(Self { places, cgroups, env, launcher, unbounded, choice: Mutex::default(), losses: Mutex::default() })
    }

    pub(super) fn folder(&self, id: &str) -> PathBuf {
        self.places.data.join(NAME).join(id)
    }

    pub(super) fn runtime(&self, id: &str) -> PathBuf {
        self.places.runtime.join(NAME).join(id)
    }

    fn groups(&self) -> String {
        format!("hillfog-{}/{MACHINES}", self.places.tag)
    }

    pub(super) fn group(&self, id: &str) -> String {
        format!("{}/{id}", self.groups())
    }

    fn machines(&self) -> Vec<String> {
        names(&self.places.data.join(NAME))
    }

    fn ids(&self, id: &str) -> Option<u32> {
        fs::read_to_string(self.folder(id).join(IDS)).ok()?.parse().ok()
    }

    /// The first of a machine's ids: the same until it is released.
    async fn choose_ids(&self, id: &str) -> Result<u32, String> {
        let _one = self.choice.lock().await;
        if let Some(base) = self.ids(id) {
            return Ok(base);
        }
        let taken: BTreeSet<u32> = self.machines().iter().filter_map(|other| self.ids(other)).collect();
        let base = ids::free(&taken, &self.places.tag).ok_or("no ids are left for another machine")?;
        replace(&self.folder(id).join(IDS), base.to_string().as_bytes()).map_err(text)?;
        Ok(base)
    }

    fn job(&self, order: &BootOrder, base: u32) -> Job {
        let machine = &order.machine;
        let tag = &self.places.tag;
        Job {
            machine: machine.id.clone(),
            boot: order.boot,
            reboots: machine.reboots,
            folder: self.folder(&machine.id),
            runtime: self.runtime(&machine.id),
            base,
            hostname: machine.hostname.clone(),
            host_userland: matches!(machine.kind, Kind::SystemContainer { host_userland: true }),
            disks: order.disks.iter().map(job_disk).collect(),
            name_servers: order.network.name_servers.clone(),
            search: order.network.search.clone(),
            vcpus: machine.hardware.vcpus,
            memory_mib: machine.hardware.memory_mib,
            cgroup: self.group(&machine.id),
            shim_cgroup: format!("hillfog-{tag}/shims"),
            clock_offset_ms: self.env.now().0 - Env::system().now().0,
        }
    }

    /// The state of a machine that runs.
    fn running(&self, id: &str) -> Result<Option<State>, String> {
        let state = State::load(&self.folder(id)).map_err(text)?;
        Ok(state.filter(|state| state.ended.is_none() && state.shim.is_alive()))
    }

    /// Gives an order to a machine's shim. `None`: the machine doesn't run.
    async fn order(&self, id: &str, order: Order) -> Result<Option<()>, String> {
        if self.running(id)?.is_none() {
            return Ok(None);
        }
        let runtime = self.runtime(id);
        let given = tokio::task::spawn_blocking(move || control::give(&runtime, &order)).await.map_err(text)?;
        match given {
            Ok(answer) => answer.map(Some),
            // It has ended meanwhile.
            Err(_) if self.running(id)?.is_none() => Ok(None),
            Err(error) => Err(format!("the process that supervises {id} doesn't answer: {error}")),
        }
    }

    async fn remove_state(&self, id: &str) -> Result<(), String> {
        self.clear(id).await?;
        self.close_door(id).map_err(text)?;
        let folder = self.folder(id);
        let kept = |name: &&String| *name != CONSOLE;
        names(&folder).iter().filter(kept).try_for_each(|name| remove_all(&folder.join(name))).map_err(text)
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
        probe::missing(&self.places.data)
    }

    async fn recover(&self) -> Result<BTreeSet<String>, String> {
        let machines: BTreeSet<String> = self.machines().into_iter().collect();
        for id in &machines {
            // One that was just being started is nothing: nobody knows how far it came.
            let found = match self.look(id).await {
                Ok(None) => self.clear(id).await,
                other => other.map(drop),
            };
            warn(id, found);
        }
        for stray in self.cgroups.children(&self.groups()).iter().filter(|id| !machines.contains(*id)) {
            warn(stray, self.remove_group(&self.group(stray)).await);
        }
        for stray in names(&self.places.runtime.join(NAME)).iter().filter(|id| !machines.contains(*id)) {
            warn(stray, self.close_door(stray).map_err(text));
        }
        Ok(machines)
    }

    async fn prepare(&self, machine: &Machine) -> Result<Door, String> {
        private_folder(&self.folder(&machine.id)).map_err(text)?;
        let runtime = self.runtime(&machine.id);
        private_folder(&runtime).map_err(text)?;
        let base = self.choose_ids(&machine.id).await?;
        let path = door::net(&runtime);
        tokio::task::spawn_blocking(move || door::ensure(&runtime, base)).await.map_err(text)?.map_err(text)?;
        Ok(Door::Namespace(path))
    }

    async fn start(&self, order: &BootOrder) -> Result<(), String> {
        let id = &order.machine.id;
        if self.running(id)?.is_some_and(|state| state.boot == order.boot) {
            return Ok(());
        }
        self.clear(id).await?;
        let base = self.ids(id).ok_or("the machine was not prepared")?;
        let job = self.job(order, base);
        // What is left of an earlier boot must not pass for this one's.
        remove_all(&job.folder.join(STATE)).map_err(text)?;
        job.save().map_err(text)?;
        bounds::create(&self.cgroups, &job.cgroup, &order.machine.hardware, &self.unbounded, base).map_err(text)?;
        self.launcher.launch("machine", &job.folder).await
    }

    async fn halt(&self, id: &str, how: Halt) -> Result<(), String> {
        let force = match how {
            Halt::Ask => false,
            Halt::Force => true,
            Halt::Hibernate if self.running(id)?.is_none() => return Ok(()),
            Halt::Hibernate => return Err("a system container can't hibernate: its memory is the host's".into()),
        };
        match self.order(id, Order::Halt { force }).await {
            // At once and for sure.
            Err(_) if force => self.clear(id).await,
            other => other.map(drop),
        }
    }

    async fn reboot(&self, id: &str, number: u32, force: bool) -> Result<(), String> {
        self.order(id, Order::Reboot { number, force }).await.map(drop)
    }

    async fn inspect(&self, id: &str) -> Option<Seen> {
        match self.look(id).await {
            Ok(seen) => seen,
            Err(error) => {
                tracing::warn!(id, error, "the machine can't be looked at");
                None
            }
        }
    }

    async fn changed(&self, id: &str, from: &Seen) -> Option<Seen> {
        loop {
            let watch = Watch::new(&self.folder(id));
            let seen = self.inspect(id).await;
            if seen.as_ref() != Some(from) {
                return seen;
            }
            let Ok(mut watch) = watch else { return seen };
            let shim = State::load(&self.folder(id)).ok().flatten().filter(|state| state.ended.is_none());
            let shim = shim.and_then(|state| state.shim.open());
            let lost = async {
                match shim {
                    Some(shim) => shim.ended().await,
                    None => std::future::pending().await,
                }
            };
            let _ = tokio::select! {
                changed = watch.changed() => changed,
                ended = lost => ended,
            };
        }
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
        let job = Job::load(&self.folder(id)).map_err(text)?;
        match (self.running(id)?, job) {
            (Some(_), Some(job)) => bounds::set_cpu(&self.cgroups, &job, quota, &self.unbounded).map_err(text),
            _ => Ok(()),
        }
    }

    async fn cpu_ms(&self, id: &str) -> u64 {
        bounds::cpu_ms(&self.cgroups, &self.group(id))
    }

    async fn console(&self, id: &str) -> Result<Option<Vec<u8>>, String> {
        tail(&self.folder(id).join(CONSOLE)).map_err(text)
    }

    fn console_socket(&self, id: &str) -> Option<PathBuf> {
        Some(self.runtime(id).join(super::CONSOLE_SOCKET))
    }

    async fn release(&self, id: &str) -> Result<(), String> {
        self.remove_state(id).await
    }

    async fn forget(&self, id: &str) -> Result<(), String> {
        self.remove_state(id).await?;
        remove_all(&self.folder(id)).map_err(text)
    }

    async fn teardown(&self) -> Result<(), String> {
        for id in self.machines() {
            self.remove_state(&id).await?;
        }
        self.remove_group(&self.groups()).await?;
        remove_all(&self.places.runtime.join(NAME)).map_err(text)
    }
}

/// What can't be removed is left and said: one stubborn machine must not keep the server from starting.
fn warn(what: &str, done: Result<(), String>) {
    if let Err(error) = done {
        tracing::warn!(what, error, "can't be removed");
    }
}

/// The last bytes of what was written to a console.
fn tail(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(machine::CONSOLE as u64)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
