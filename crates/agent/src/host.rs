//! The machine that this process runs on, as a host of the cloud: [`agent_proto::Host`] made of drivers, a network and a loop for
//! each workload, machine and volume.

mod machines;

use crate::{
    alarm::due,
    driver::{ContainerDriver, ContainerId, Driver, container::Places},
    flows::FlowBook,
    function::Functions,
    image::{BlobSource, ImageLimits, ImageStore, Platform},
    keep::Keeper,
    machine::{Drivers, MachineDriver, Means, container::SystemContainers, guest::Guests},
    network::Network,
    pod::{self, Outside, Wish, found},
    shim::ExecResult,
    volume::{BlockPlaces, BlockVolumes, VolumeDriver, Volumes},
};
use agent_proto::{
    Capabilities, ConsoleStream, Desired, Host, HostError, Missing, Observed,
    flow::{FlowChunk, FlowPosition},
    machine::Machine,
    network::Vpc,
    workload::{LogChunk, LogPosition, Status, Workload},
};
use logic::workload::Progress;
use machines::{Fleet, is_off};
use model::{Env, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

/// What a real host needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder: images, container folders.
    pub data_dir: PathBuf,
    /// The runtime folder, `/run/hillfog/<tag>`.
    pub runtime_dir: PathBuf,
    /// The data folder's tag, part of the names of control groups.
    pub tag: String,
    /// Time and chance.
    pub env: Env,
    /// The program that has the `shim` and the `volume` subcommand.
    pub exe: PathBuf,
    /// The folder of the block store, which has the blocks of snapshots.
    pub block_store: PathBuf,
    /// Bounds on images.
    pub limits: ImageLimits,
    /// How much output of one container may wait to be collected, in bytes.
    pub output_bytes: u64,
}

/// What a host is made of.
pub struct Parts {
    /// Runs containers.
    pub driver: Arc<dyn Driver>,
    /// Run machines.
    pub machines: Drivers,
    /// Keeps volumes.
    pub volumes: Arc<dyn VolumeDriver>,
    /// Connects them.
    pub network: Arc<dyn Network>,
    /// How far workloads have come.
    pub kept_workloads: Keeper<Workload>,
    /// How far machines have come.
    pub kept_machines: Keeper<Machine>,
    /// Time and chance.
    pub env: Env,
}

/// A host whose agent is in this process.
pub struct LocalHost {
    parts: Parts,
    capabilities: Capabilities,
    /// What the host lacks: trying takes a while, so that nobody waits for it who doesn't ask.
    missing: OnceLock<Vec<Missing>>,
    desired: watch::Sender<Option<Desired>>,
    observed: watch::Sender<Arc<Observed>>,
    plugs: watch::Sender<BTreeSet<String>>,
    pods: Mutex<BTreeMap<String, watch::Sender<Wish>>>,
    fleet: Fleet,
    volumes: Arc<Volumes>,
    flows: FlowBook,
    /// Whose output is read as that of containers is.
    functions: OnceLock<Arc<Functions>>,
    ended: mpsc::UnboundedSender<Gone>,
    work: Mutex<Option<JoinHandle<()>>>,
}

/// Something of which nothing is left.
enum Gone {
    Workload(String),
    Machine(String),
    Volume(String),
}

/// How long workloads and machines may take to end at a teardown: the longest stop timeout of ECS is two minutes, as is what a machine's
/// system is given.
const FAREWELL: Duration = Duration::from_secs(130);

/// Between two removals of unused images; as in ECS's agent, which waits as long.
const COLLECT_IMAGES: Duration = Duration::from_secs(30 * 60);

impl LocalHost {
    /// The real host. Returns when everything that an earlier process has left is found again; what runs has gone on meanwhile.
    pub async fn new(config: Config, blobs: Arc<dyn BlobSource>, network: Arc<dyn Network>) -> Result<Arc<Self>, HostError> {
        let kept_workloads = Keeper::Folder(config.data_dir.join("workloads"));
        let kept_machines = Keeper::Folder(config.data_dir.join("machines"));
        let (machines, volumes, env) = (machine_drivers(&config), Arc::new(volume_driver(&config)), config.env.clone());
        let driver = Arc::new(driver(config, blobs)?);
        Self::with(Parts { driver, machines, volumes, network, kept_workloads, kept_machines, env }).await
    }

    /// What this machine can do, without taking over what an earlier process has left.
    pub fn probe(config: Config, blobs: Arc<dyn BlobSource>, network: &dyn Network) -> Result<Capabilities, HostError> {
        let machines = probe_machines(&machine_drivers(&config), &volume_driver(&config));
        Ok(capabilities([driver(config, blobs)?.probe(), network.missing(), machines].concat()))
    }

    /// What the host lacks, found by trying: at the first call, which blocks for some tens of milliseconds.
    pub fn missing(&self) -> &[Missing] {
        let machines = || probe_machines(&self.parts.machines, &*self.parts.volumes);
        self.missing.get_or_init(|| [self.parts.driver.probe(), self.parts.network.missing(), machines()].concat())
    }

    /// A host of any parts. What is kept is gone on with.
    pub async fn with(parts: Parts) -> Result<Arc<Self>, HostError> {
        let running = parts.driver.recover().await.map_err(HostError::Failed)?;
        parts.network.recover(&running).await.map_err(HostError::Failed)?;
        let (ended, ends) = mpsc::unbounded_channel();
        let flows = FlowBook::new(&parts.env);
        let host = Arc::new(Self {
            volumes: Arc::new(Volumes::new(parts.volumes.clone())),
            parts,
            capabilities: capabilities(Vec::new()),
            missing: OnceLock::new(),
            desired: watch::Sender::new(None),
            observed: watch::Sender::default(),
            plugs: watch::Sender::default(),
            pods: Mutex::default(),
            fleet: Fleet::default(),
            flows,
            functions: OnceLock::new(),
            ended,
            work: Mutex::default(),
        });
        host.go_on().await?;
        host.go_on_with_machines().await?;
        let work = host.clone();
        let work = tokio::spawn(async move {
            let flows = work.flows.keep(work.parts.network.clone(), work.parts.env.clone(), work.desired.subscribe());
            let (networks, wishes) = watch::channel(None);
            tokio::join!(work.clone().work(ends, networks), work.tend_network(wishes), flows);
        });
        host.work.lock().unwrap_or_else(PoisonError::into_inner).replace(work);
        Ok(host)
    }

    /// This host also runs functions: their output is read here, and they end with everything else.
    pub fn run_functions(&self, functions: Arc<Functions>) {
        let _ = self.functions.set(functions);
    }

    fn means(&self) -> Means {
        let (drivers, network) = (self.parts.machines.clone(), self.parts.network.clone());
        Means { drivers, volumes: self.volumes.clone(), network }
    }

    /// Runs a command in a running container.
    pub async fn exec(
        &self,
        workload: &str,
        container: &str,
        command: &[String],
        timeout: Duration,
    ) -> Result<ExecResult, HostError> {
        self.parts.driver.exec(&ContainerId::new(workload, container), command, timeout).await.map_err(HostError::Failed)
    }

    /// Stops looking after what runs, which goes on: what happens when the server ends.
    pub fn leave(&self) {
        if let Some(work) = self.work.lock().unwrap_or_else(PoisonError::into_inner).take() {
            work.abort();
        }
        self.pods().clear();
        self.fleet.leave();
    }

    /// Ends every workload and machine, each within its time, and removes every trace outside the data folder: mounts, control groups,
    /// processes, namespaces, block devices. How they ended, and what they wrote, is kept for the next process on this data folder. The
    /// host is of no use after that.
    pub async fn teardown(&self) -> Result<(), HostError> {
        for pod in self.pods().values() {
            pod.send_if_modified(|wish| *wish == Wish::Run && std::mem::replace(wish, Wish::Stop) == Wish::Run);
        }
        self.fleet.say_farewell();
        let mut observed = self.observed();
        let ended = |observed: &Arc<Observed>| {
            observed.workloads.values().all(|status| status.cleaned) && observed.machines.values().all(is_off)
        };
        tokio::select! {
            _ = observed.wait_for(ended) => {}
            () = self.parts.env.sleep(FAREWELL) => tracing::warn!("not everything has ended; it is removed by force"),
        }
        self.leave();
        if let Some(functions) = self.functions.get() {
            functions.teardown().await.map_err(HostError::Failed)?;
        }
        for driver in self.parts.machines.all() {
            driver.teardown().await.map_err(HostError::Failed)?;
        }
        self.parts.volumes.teardown().await.map_err(HostError::Failed)?;
        self.parts.driver.teardown().await.map_err(HostError::Failed)?;
        self.parts.network.teardown().await.map_err(HostError::Failed)
    }

    /// Takes over the workloads of an earlier process, and removes what nobody knows.
    async fn go_on(self: &Arc<Self>) -> Result<(), HostError> {
        let kept = self.parts.kept_workloads.all();
        for unknown in self.parts.driver.workloads().await.into_iter().filter(|id| !kept.contains_key(id)) {
            self.parts.driver.forget(&unknown).await.map_err(HostError::Failed)?;
            self.parts.network.leave(&unknown).await.map_err(HostError::Failed)?;
        }
        for (id, kept) in kept {
            let mut seen = BTreeMap::new();
            for container in &kept.spec.containers {
                seen.insert(container.name.clone(), self.parts.driver.inspect(&ContainerId::new(&id, &container.name)).await);
            }
            let progress = kept.progress.resume(|name| seen.remove(name).flatten().map(found));
            self.live(kept.spec, progress);
        }
        Ok(())
    }

    /// Carries out each wish, and looks again whenever a workload has vanished: its VPC may be removed then.
    async fn work(self: Arc<Self>, mut ends: mpsc::UnboundedReceiver<Gone>, networks: watch::Sender<Option<Desired>>) {
        let mut desired = self.desired.subscribe();
        // The first wish may have come before this task did.
        desired.mark_changed();
        let mut collect_at = self.parts.env.now() + COLLECT_IMAGES;
        loop {
            tokio::select! {
                Ok(()) = desired.changed() => {}
                Some(gone) = ends.recv() => self.remove(&gone),
                () = self.parts.env.clock.sleep_until(collect_at) => {
                    collect_at = self.parts.env.now() + COLLECT_IMAGES;
                    self.collect_images().await;
                    continue;
                }
            }
            let wish = desired.borrow_and_update().clone();
            if let Some(wish) = wish {
                self.update_pods(&wish);
                self.update_volumes(&wish);
                self.update_machines(&wish);
                networks.send_replace(Some(wish));
            }
        }
    }

    /// Makes the network that is wished for, while workloads and machines get their images and disks: they wait for it themselves. (It comes behind
    /// them: who isn't known yet can't be told of its interfaces.)
    async fn tend_network(&self, mut wishes: watch::Receiver<Option<Desired>>) {
        let mut repair = Repair::default();
        loop {
            tokio::select! {
                Ok(()) = wishes.changed() => {}
                () = due(&self.parts.env.clock, repair.at) => {}
            }
            let wish = wishes.borrow_and_update().clone();
            if let Some(wish) = wish {
                let whole = self.update_network(&wish).await;
                repair = repair.after(whole, self.parts.env.now());
            }
        }
    }

    /// Removes images that no container here still needs.
    async fn collect_images(&self) {
        let observed = self.observed.borrow().clone();
        let containers =
            observed.workloads.values().filter(|status| !status.cleaned).flat_map(|status| status.containers.values());
        let in_use = containers.filter_map(|container| container.image_digest.clone()).collect();
        if let Err(error) = self.parts.driver.collect_images(&in_use).await {
            tracing::warn!(error, "unused images can't be removed");
        }
    }

    fn update_pods(self: &Arc<Self>, desired: &Desired) {
        let wanted: BTreeMap<&str, &Workload> = desired.workloads.iter().map(|workload| (&*workload.id, workload)).collect();
        let known: BTreeSet<String> = self.pods().keys().cloned().collect();
        for (id, pod) in self.pods().iter() {
            let wish = match wanted.get(&**id) {
                None => Wish::Vanish,
                Some(workload) if workload.run => Wish::Run,
                Some(_) => Wish::Stop,
            };
            // A pod that was told to vanish does so; under the same id, a new one follows.
            pod.send_if_modified(|was| *was != Wish::Vanish && std::mem::replace(was, wish) != wish);
        }
        for workload in desired.workloads.iter().filter(|workload| !known.contains(&workload.id)) {
            self.live(workload.clone(), Progress::new(workload));
        }
    }

    /// Whether all of it is as it is desired.
    async fn update_network(&self, desired: &Desired) -> bool {
        let faults = self.parts.network.ensure(&desired.networks).await;
        let whole = faults.is_empty();
        for (vpc, fault) in &faults {
            tracing::warn!(vpc, fault, "the network isn't whole yet");
        }
        self.update_interfaces(&desired.networks, &faults);
        self.observe(|observed| observed.network_faults = faults);
        self.plugs.send_replace(desired.networks.iter().flat_map(plugs).collect());
        whole
    }

    fn live(self: &Arc<Self>, spec: Workload, progress: Progress) {
        let id = spec.id.clone();
        let (wish, wishes) = watch::channel(if spec.run { Wish::Run } else { Wish::Stop });
        self.pods().insert(id.clone(), wish);
        self.observe(|observed| drop(observed.workloads.insert(id.clone(), progress.status())));
        let outside = Outside {
            driver: self.parts.driver.clone(),
            network: self.parts.network.clone(),
            env: self.parts.env.clone(),
            keeper: self.parts.kept_workloads.clone(),
            plugs: self.plugs.subscribe(),
        };
        let host = self.clone();
        tokio::spawn(async move {
            let report = |status: Status| host.observe(|observed| drop(observed.workloads.insert(id.clone(), status)));
            pod::live(outside, spec, progress, wishes, report).await;
            let _ = host.ended.send(Gone::Workload(id));
        });
    }

    fn remove(&self, gone: &Gone) {
        match gone {
            Gone::Machine(id) => self.machine_is_gone(id),
            Gone::Volume(id) => self.volume_is_gone(id),
            Gone::Workload(id) => {
                self.pods().remove(id);
                self.observe(|observed| drop(observed.workloads.remove(id)));
            }
        }
    }

    fn pods(&self) -> MutexGuard<'_, BTreeMap<String, watch::Sender<Wish>>> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn observe(&self, change: impl FnOnce(&mut Observed)) {
        self.observed.send_modify(|observed| change(Arc::make_mut(observed)));
    }
}

/// When a network with faults is looked at again though nobody wishes anything else: what was in the way, such as an interface that was just
/// being taken out, may be gone by then.
#[derive(Clone, Copy, Default)]
struct Repair {
    at: Option<Timestamp>,
    pause: Duration,
}

impl Repair {
    const FIRST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(60);

    /// Each failure makes the pause twice as long.
    fn after(self, whole: bool, now: Timestamp) -> Self {
        if whole {
            return Self::default();
        }
        let pause = (self.pause * 2).clamp(Self::FIRST, Self::LONGEST);
        Self { at: Some(now + pause), pause }
    }
}

#[async_trait::async_trait]
impl Host for LocalHost {
    fn capabilities(&self) -> Capabilities {
        Capabilities { missing: self.missing.get().cloned().unwrap_or_default(), ..self.capabilities.clone() }
    }

    async fn apply(&self, desired: Desired) -> Result<(), HostError> {
        let workloads = desired.workloads.iter().map(|workload| &workload.id);
        let machines = desired.machines.iter().map(|machine| &machine.id);
        let mut ids = workloads.chain(machines).chain(desired.volumes.iter().map(|volume| &volume.id));
        if let Some(id) = ids.find(|id| !is_safe(id)) {
            return Err(HostError::Failed(format!("{id:?} is no id")));
        }
        self.desired.send_replace(Some(desired));
        Ok(())
    }

    fn observed(&self) -> watch::Receiver<Arc<Observed>> {
        self.observed.subscribe()
    }

    async fn read_log(&self, workload: &str, container: &str, from: LogPosition) -> Result<LogChunk, HostError> {
        if let Some(functions) = self.functions.get()
            && let Some(chunk) = functions.read_log(workload, from).map_err(|error| HostError::Failed(error.to_string()))?
        {
            return Ok(chunk);
        }
        let id = ContainerId::new(workload, container);
        match self.parts.driver.read_log(&id, from).await.map_err(HostError::Failed)? {
            Some(chunk) => Ok(chunk),
            None => self.silence(&id, from),
        }
    }

    async fn release_log(&self, workload: &str, container: &str, to: LogPosition) -> Result<(), HostError> {
        if let Some(functions) = self.functions.get().filter(|functions| functions.has_log(workload)) {
            return functions.release_log(workload, to).map_err(|error| HostError::Failed(error.to_string()));
        }
        self.parts.driver.release_log(&ContainerId::new(workload, container), to).await.map_err(HostError::Failed)
    }

    async fn flows(&self, from: FlowPosition) -> Result<FlowChunk, HostError> {
        Ok(self.flows.read(from))
    }

    async fn console(&self, machine: &str) -> Result<Vec<u8>, HostError> {
        self.console_of(machine).await
    }

    async fn screenshot(&self, machine: &str) -> Result<Option<Vec<u8>>, HostError> {
        self.screen_of(machine).await
    }

    fn refuses(&self, kind: &agent_proto::machine::Kind) -> Option<String> {
        match self.parts.machines.of(kind) {
            Ok(driver) => driver.refuses(kind),
            Err(why) => Some(why),
        }
    }

    async fn open_console(&self, machine: &str) -> Result<ConsoleStream, HostError> {
        self.console_stream(machine).await
    }
}

impl LocalHost {
    /// What the rules of security groups have let begin, by rule; see [`crate::network::Network::rule_counts`].
    pub async fn rule_counts(&self) -> BTreeMap<String, agent_proto::network::Count> {
        self.parts.network.rule_counts().await
    }

    /// What a container has written that was never started: nothing, and if it never will be, that is the end.
    fn silence(&self, id: &ContainerId, from: LogPosition) -> Result<LogChunk, HostError> {
        let observed = self.observed.borrow();
        let status = observed.workloads.get(&id.workload).and_then(|status| status.containers.get(&id.name));
        let status = status.ok_or_else(|| HostError::Unknown(id.to_string()))?;
        let end = matches!(status.state, agent_proto::workload::ContainerState::Exited { .. });
        Ok(LogChunk { lines: Vec::new(), next: from, end })
    }
}

fn driver(config: Config, blobs: Arc<dyn BlobSource>) -> Result<ContainerDriver, HostError> {
    let places = places(&config);
    let images = ImageStore::open(&config.data_dir.join("images"), config.limits).map_err(failed)?;
    ContainerDriver::new(places, images, blobs, config.env, config.output_bytes).map_err(failed)
}

fn places(config: &Config) -> Places {
    let (data, runtime) = (config.data_dir.clone(), config.runtime_dir.clone());
    Places { data, runtime, tag: config.tag.clone(), program: config.exe.clone() }
}

fn probe_machines(drivers: &Drivers, volumes: &dyn VolumeDriver) -> Vec<Missing> {
    drivers.all().flat_map(|driver| driver.probe()).chain(volumes.probe()).collect()
}

/// What runs machines here.
fn machine_drivers(config: &Config) -> Drivers {
    let containers = SystemContainers::new(places(config), config.env.clone()).map(|all| Arc::new(all) as Arc<dyn MachineDriver>);
    let guests = Guests::new(places(config), config.env.clone()).map(|all| Arc::new(all) as Arc<dyn MachineDriver>);
    let usable =
        |(what, driver): (&str, io::Result<_>)| driver.inspect_err(|error| tracing::error!(%error, "{what} can't be run")).ok();
    Drivers::new([("system containers", containers), ("virtual machines", guests)].into_iter().filter_map(usable).collect())
}

/// What keeps volumes here.
fn volume_driver(config: &Config) -> BlockVolumes {
    let places = BlockPlaces {
        data: config.data_dir.join("volumes"),
        runtime: config.runtime_dir.join("volumes"),
        store: config.block_store.clone(),
    };
    BlockVolumes::new(places, config.exe.clone(), config.env.clone())
}

/// What workloads can be plugged into in a VPC.
fn plugs(vpc: &Vpc) -> impl Iterator<Item = String> {
    let interfaces = vpc.interfaces.iter().map(|interface| interface.id.clone());
    interfaces.chain(vpc.instances.iter().map(|instance| instance.id.clone()))
}

/// `[a-zA-Z0-9-]{1,64}`: ids become file names.
fn is_safe(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn capabilities(missing: Vec<Missing>) -> Capabilities {
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Capabilities {
        architecture: Platform::host().architecture,
        cpus: std::thread::available_parallelism().map_or(1, |count| count.get() as u32),
        memory_mib: kib.unwrap_or(0) >> 10,
        missing,
    }
}

fn failed(error: impl std::fmt::Display) -> HostError {
    HostError::Failed(error.to_string())
}
