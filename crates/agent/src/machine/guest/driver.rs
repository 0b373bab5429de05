//! The driver: what the host asks of guests, carried out by their shims.

use super::{
    job::{ASLEEP, Asleep, Build, Job, JobDisk, JobInterface, NVRAM, SCREEN},
    order::{Order, Progress},
    ports, probe, screen, user,
};
use crate::{
    cgroup::GUESTS,
    disk::{private_folder, remove_all, replace},
    driver::container::Places,
    machine::{
        BootOrder, Door, MachineDriver, OpenDisk, Seen,
        shimmed::{
            Names, Shimmed,
            bounds::{self, Room, cpu_ms, set_cpu},
            record::{CONSOLE, STATE},
            text, warn,
        },
    },
    network::{MachineInterface, MachineNetwork},
};
use agent_proto::{
    Missing,
    machine::{Backing, Halt, Hardware, Kind, Machine},
};
use model::Env;
use std::{
    collections::BTreeSet,
    fs, io,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::Mutex;

/// How they are told from other machines.
const NAMES: Names = Names { folder: "guests", groups: GUESTS, shim: "guest" };
/// As whom a guest's monitor runs, in its folder.
const USER: &str = "user";
/// What a guest goes on with at its next boot.
const KEPT: [&str; 3] = [CONSOLE, NVRAM, ASLEEP];

/// What a monitor needs beside the guest's memory, in MiB: its own, the screen's, translated code, and a part that grows with the guest.
const OWN_MIB: u64 = 320;
/// Threads of a monitor: one for each processor, and those for disks.
const THREADS: u64 = 256;

/// How often an order that takes time is given again, and how long between.
const LOOK: Duration = Duration::from_millis(20);
/// How long a system may take to let go of a disk: most take no longer than a blink, or never do.
const LET_GO: u32 = 250;
/// How long the writing of a memory may take: a quarter of an hour, less than what the host allows.
const ASLEEP_IN: u32 = 45_000;

/// Runs virtual machines.
pub struct Guests {
    shimmed: Shimmed,
    /// Whether KVM works, from when it was tried.
    kvm: Arc<OnceLock<bool>>,
    /// Held while users are chosen.
    choice: Mutex<()>,
}

impl Guests {
    /// A driver with its folders.
    pub fn new(places: Places, env: Env) -> io::Result<Self> {
        Ok(Self { shimmed: Shimmed::new(NAMES, places, env)?, kvm: Arc::default(), choice: Mutex::default() })
    }

    async fn kvm(&self) -> Result<bool, String> {
        let (kvm, places) = (self.kvm.clone(), self.shimmed.places.clone());
        tokio::task::spawn_blocking(move || *kvm.get_or_init(|| probe::kvm(&places))).await.map_err(text)
    }

    fn user(&self, id: &str) -> Option<u32> {
        fs::read_to_string(self.shimmed.folder(id).join(USER)).ok()?.parse().ok()
    }

    /// As whom a guest's monitor runs: the same until it is released.
    async fn choose_user(&self, id: &str) -> Result<u32, String> {
        let _one = self.choice.lock().await;
        if let Some(user) = self.user(id) {
            return Ok(user);
        }
        let taken: BTreeSet<u32> = self.shimmed.machines().iter().filter_map(|other| self.user(other)).collect();
        let user = user::free(&taken, &self.shimmed.places.tag).ok_or("no user is left for another virtual machine")?;
        replace(&self.shimmed.folder(id).join(USER), user.to_string().as_bytes()).map_err(text)?;
        Ok(user)
    }

    async fn build(&self, machine: &Machine) -> Result<Build, String> {
        let uefi = matches!(machine.kind, Kind::Guest { uefi: true });
        Ok(Build {
            kvm: self.kvm().await?,
            vcpus: machine.hardware.vcpus,
            memory_mib: machine.hardware.memory_mib,
            firmware: if uefi { Some(probe::firmware()?) } else { None },
        })
    }

    async fn job(&self, order: &BootOrder, user: u32) -> Result<Job, String> {
        let (all, machine) = (&self.shimmed, &order.machine);
        let interfaces = order.network.interfaces.values();
        let mut job = Job {
            machine: machine.id.clone(),
            boot: order.boot,
            reboots: machine.reboots,
            folder: all.folder(&machine.id),
            runtime: all.runtime(&machine.id),
            user,
            monitor: probe::monitor()?,
            build: self.build(machine).await?,
            resume: false,
            memory: order.memory.clone(),
            disks: order.disks.iter().map(job_disk).collect(),
            interfaces: interfaces.map(job_interface).collect::<Result<_, _>>()?,
            cgroup: all.group(&machine.id),
            shim_cgroup: all.shim_group(),
            clock_offset_ms: all.clock_offset_ms(),
        };
        let asleep = Asleep::load(&job.folder).map_err(text)?.filter(|_| order.resume);
        job.resume = asleep.is_some_and(|asleep| ports::remember(&mut job, &asleep));
        if !job.resume {
            ports::assign(&mut job)?;
        }
        Ok(job)
    }

    fn limit(&self, job: &Job, hardware: &Hardware) -> io::Result<()> {
        let all = &self.shimmed;
        let room = Room { memory_mib: OWN_MIB + hardware.memory_mib / 32, pids: THREADS + u64::from(hardware.vcpus) };
        bounds::create(&all.cgroups, &job.cgroup, hardware, room, &all.unbounded)?;
        let Some(devices) = all.cgroups.folder("devices", &job.cgroup) else { return Ok(()) };
        // Whatever else it has was opened for it. 1 are those of memory, such as /dev/urandom; 10, 232 is KVM.
        fs::write(devices.join("devices.deny"), "a")?;
        ["c 1:* rw", "c 10:232 rw"].into_iter().try_for_each(|rule| fs::write(devices.join("devices.allow"), rule))
    }

    /// Gives an order again until it is done or has failed, or so many times. `false`: it is still under way. One who doesn't run has done it.
    async fn insist(&self, id: &str, order: Order, times: u32) -> Result<bool, String> {
        for _ in 0..times {
            match self.shimmed.order(id, order.clone()).await? {
                None | Some(Progress::Done) => return Ok(true),
                Some(Progress::Pending) => self.shimmed.env.sleep(LOOK).await,
            }
        }
        Ok(false)
    }

    /// Gives an order that takes no time. `None`: the guest doesn't run.
    async fn order(&self, id: &str, order: Order) -> Result<Option<Progress>, String> {
        self.shimmed.order(id, order).await
    }

    async fn remove_state(&self, id: &str, kept: &[&str]) -> Result<(), String> {
        self.shimmed.clear(id).await?;
        remove_all(&self.shimmed.runtime(id)).map_err(text)?;
        self.shimmed.remove_files(id, kept)
    }
}

fn job_disk(disk: &OpenDisk) -> JobDisk {
    let serial = match &disk.disk.backing {
        // As EC2's NVMe disks have it. (A serial number has no more than 20 characters.)
        Backing::Volume(id) => id.replacen("vol-", "vol", 1),
        Backing::InstanceStore(_) => format!("AWS-{}", disk.disk.device.rsplit('/').next().unwrap_or_default()),
    };
    let (name, device) = (disk.disk.device.clone(), disk.device.clone());
    JobDisk { name, device, serial, root: disk.disk.root, port: 0 }
}

fn job_interface(interface: &MachineInterface) -> Result<JobInterface, String> {
    let tap = interface.tap.as_ref().ok_or_else(|| format!("{} has no tap device", interface.id))?;
    let (id, mac) = (interface.id.clone(), interface.mac.clone());
    Ok(JobInterface { id, mac, netns: tap.netns.clone(), tap: tap.name.clone(), port: 0 })
}

#[async_trait::async_trait]
impl MachineDriver for Guests {
    fn runs(&self, kind: &Kind) -> bool {
        matches!(kind, Kind::Guest { .. })
    }

    fn refuses(&self, kind: &Kind) -> Option<String> {
        let firmware = matches!(kind, Kind::Guest { uefi: true }).then(probe::firmware);
        probe::monitor().err().or(firmware.and_then(Result::err))
    }

    fn probe(&self) -> Vec<Missing> {
        probe::missing(&self.shimmed.places)
    }

    async fn recover(&self) -> Result<BTreeSet<String>, String> {
        self.shimmed.look_at_all().await;
        let machines: BTreeSet<String> = self.shimmed.machines().into_iter().collect();
        for stray in self.shimmed.at_runtime().iter().filter(|id| !machines.contains(*id)) {
            warn(stray, remove_all(&self.shimmed.runtime(stray)).map_err(text));
        }
        Ok(machines)
    }

    async fn prepare(&self, machine: &Machine) -> Result<Door, String> {
        probe::monitor()?;
        private_folder(&self.shimmed.folder(&machine.id)).map_err(text)?;
        private_folder(&self.shimmed.runtime(&machine.id)).map_err(text)?;
        self.choose_user(&machine.id).await?;
        Ok(Door::Taps)
    }

    async fn start(&self, order: &BootOrder) -> Result<(), String> {
        let id = &order.machine.id;
        if self.shimmed.running(id)?.is_some_and(|state| state.boot == order.boot) {
            return Ok(());
        }
        self.shimmed.clear(id).await?;
        let user = self.user(id).ok_or("the virtual machine was not prepared")?;
        let job = self.job(order, user).await?;
        // What is left of an earlier boot must not pass for this one's.
        remove_all(&job.folder.join(STATE)).map_err(text)?;
        job.save().map_err(text)?;
        self.limit(&job, &order.machine.hardware).map_err(text)?;
        self.shimmed.launch(id).await
    }

    async fn halt(&self, id: &str, how: Halt) -> Result<(), String> {
        match how {
            Halt::Hibernate => match self.insist(id, Order::Hibernate, ASLEEP_IN).await? {
                true => Ok(()),
                false => Err("the memory could not be kept in time".into()),
            },
            Halt::Ask => self.order(id, Order::Halt { force: false }).await.map(drop),
            Halt::Force => match self.order(id, Order::Halt { force: true }).await {
                // At once and for sure.
                Err(_) => self.shimmed.clear(id).await,
                other => other.map(drop),
            },
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
        let given = self.order(id, Order::Attach(job_disk(disk))).await?;
        given.map(drop).ok_or_else(|| format!("{id} doesn't run"))
    }

    async fn detach_disk(&self, id: &str, disk: &OpenDisk, force: bool) -> Result<(), String> {
        let name = disk.disk.device.clone();
        match self.insist(id, Order::Detach { name: name.clone(), force }, LET_GO).await? {
            true => Ok(()),
            false => Err(format!("the machine's system doesn't let go of {name}")),
        }
    }

    async fn grow_disk(&self, id: &str, disk: &OpenDisk) -> Result<(), String> {
        self.order(id, Order::Grow { name: disk.disk.device.clone(), size: disk.size }).await.map(drop)
    }

    async fn set_network(&self, id: &str, network: &MachineNetwork) -> Result<(), String> {
        let interfaces = network.interfaces.values().map(job_interface).collect::<Result<_, _>>()?;
        self.order(id, Order::Network(interfaces)).await.map(drop)
    }

    async fn set_cpu_quota(&self, id: &str, quota: Option<u64>) -> Result<(), String> {
        let (all, job) = (&self.shimmed, Job::load(&self.shimmed.folder(id)).map_err(text)?);
        match (all.running(id)?, job) {
            (Some(_), Some(job)) => set_cpu(&all.cgroups, &job.cgroup, job.build.vcpus, quota, &all.unbounded).map_err(text),
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

    async fn screenshot(&self, id: &str) -> Result<Option<Vec<u8>>, String> {
        if self.order(id, Order::Look).await?.is_none() {
            return Ok(None);
        }
        let path = self.shimmed.folder(id).join(SCREEN);
        let picture = fs::read(&path).map_err(text)?;
        remove_all(&path).map_err(text)?;
        let made = tokio::task::spawn_blocking(move || screen::jpeg(&picture)).await;
        made.map_err(text)?.map(Some)
    }

    async fn release(&self, id: &str) -> Result<(), String> {
        self.remove_state(id, &KEPT).await
    }

    async fn forget(&self, id: &str) -> Result<(), String> {
        self.remove_state(id, &[]).await?;
        remove_all(&self.shimmed.folder(id)).map_err(text)
    }

    async fn teardown(&self) -> Result<(), String> {
        for id in self.shimmed.machines() {
            self.remove_state(&id, &KEPT).await?;
        }
        self.shimmed.remove_group(&self.shimmed.groups()).await?;
        remove_all(&self.shimmed.places.runtime.join(NAMES.folder)).map_err(text)
    }
}
