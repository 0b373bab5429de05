//! The driver for real containers: a folder and a shim for each.
//!
//! ```text
//! <data>/containers/<workload>/volumes/<name>       scratch volumes
//! <data>/containers/<workload>/c/<name>/            job.json, state.json, output/, the writable layer
//! <runtime>/shims/<16 digits>/                      the runtime library's state
//! hillfog-<tag>/shims, hillfog-<tag>/<workload>/c/<name>   control groups
//! ```

use super::{ContainerId, Driver, Seen, Started, StopSignal, default_hostname, probe};
use crate::{
    cgroup::Cgroups,
    disk::{private_folder, remove_all},
    image::{BlobSource, Digest, ImageStore, Pulled, Registries, remote::Patience},
    network::ContainerNetwork,
    output,
    process::ProcessId,
    shim::{Clock, ExecRequest, ExecResult, Exit, Job, Launcher, OUTPUT, STATE, State},
};
use agent_proto::{
    Missing,
    workload::{Container, Image, ImageSource, Limits, LogChunk, LogPosition, VolumeKind, Workload},
};
use model::Env;
use nix::sys::signal::Signal;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};
use tokio::io::AsyncWriteExt;

/// Where the driver keeps what it has.
#[derive(Clone, Debug)]
pub struct Places {
    /// The data folder.
    pub data: PathBuf,
    /// The runtime folder, `/run/hillfog/<tag>`.
    pub runtime: PathBuf,
    /// The data folder's tag, part of the control groups' names.
    pub tag: String,
    /// The program that has the `shim` subcommand.
    pub program: PathBuf,
}

/// Runs containers through shims.
pub struct ContainerDriver {
    pub(super) places: Places,
    pub(super) cgroups: Cgroups,
    pub(super) env: Env,
    /// The controllers that this host lacks: their bounds are left out, as `probe` says.
    unbounded: Vec<&'static str>,
    images: ImageStore,
    blobs: Arc<dyn BlobSource>,
    registries: Registries,
    output_bytes: u64,
}

/// Between two looks at something that can't be waited for.
const LOOK: Duration = Duration::from_millis(5);

impl ContainerDriver {
    /// A driver with its image store; `output_bytes` bounds the output that a container may have waiting.
    pub fn new(places: Places, images: ImageStore, blobs: Arc<dyn BlobSource>, env: Env, output_bytes: u64) -> io::Result<Self> {
        private_folder(&places.data.join("containers"))?;
        private_folder(&places.runtime.join("shims"))?;
        let registries = Registries::new(env.clone(), images.limits().clone(), Patience::default());
        let cgroups = Cgroups::detect()?;
        let unbounded = cgroups.missing(&format!("hillfog-{}", places.tag));
        Ok(Self { places, cgroups, unbounded, env, images, blobs, registries, output_bytes })
    }

    pub(super) fn workload_folder(&self, workload: &str) -> PathBuf {
        self.places.data.join("containers").join(workload)
    }

    pub(super) fn folder(&self, id: &ContainerId) -> PathBuf {
        self.workload_folder(&id.workload).join("c").join(&id.name)
    }

    pub(super) fn root_group(&self) -> String {
        format!("hillfog-{}", self.places.tag)
    }

    fn workload_group(&self, workload: &str) -> String {
        format!("{}/{workload}", self.root_group())
    }

    fn launcher(&self) -> Launcher {
        Launcher { program: self.places.program.clone(), env: self.env.clone() }
    }

    fn volumes(&self, workload: &Workload) -> BTreeMap<String, PathBuf> {
        let folder = self.workload_folder(&workload.id).join("volumes");
        let path = |kind: &VolumeKind, name: &str| match kind {
            VolumeKind::Scratch => folder.join(name),
            VolumeKind::HostPath(path) => PathBuf::from(path),
        };
        workload.volumes.iter().map(|volume| (volume.name.clone(), path(&volume.kind, &volume.name))).collect()
    }

    fn feasible(&self, limits: &Limits) -> Limits {
        let mut limits = limits.clone();
        for controller in &self.unbounded {
            match *controller {
                "cpu" => (limits.cpu_quota, limits.cpu_shares) = (None, None),
                "memory" => (limits.memory_mib, limits.memory_reservation_mib) = (None, None),
                _ => limits.pids = None,
            }
        }
        limits
    }

    fn job(&self, workload: &Workload, container: &Container, image: &Pulled, network: &ContainerNetwork) -> Job {
        let id = ContainerId::new(&workload.id, &container.name);
        let runtime_id = self.env.hex(64);
        let hostname = container.hostname.clone().or(network.hostname.clone()).unwrap_or_else(|| default_hostname(&runtime_id));
        Job {
            folder: self.folder(&id),
            runtime: self.places.runtime.join("shims").join(&runtime_id[..16]),
            container: Container { limits: self.feasible(&container.limits), ..container.clone() },
            image: image.config.clone(),
            layers: self.images.layer_paths(image),
            network: network.clone(),
            hostname,
            volumes: self.volumes(workload),
            cgroup: format!("{}/c/{}", self.workload_group(&workload.id), container.name),
            shim_cgroup: format!("{}/shims", self.root_group()),
            clock_offset_ms: Clock::offset_of(&self.env),
            output_bytes: self.output_bytes,
            runtime_id,
        }
    }

    /// Waits until a shim has written its container's end down; if it died without, does so for it.
    async fn written_exit(&self, folder: &Path) -> Result<Exit, String> {
        loop {
            let state = State::load(folder).map_err(text)?.ok_or("the container was never started")?;
            if let Some(exit) = state.exit {
                return Ok(exit);
            }
            if !state.shim.is_alive() {
                return self.lost(folder).map_err(text);
            }
            self.env.sleep(LOOK).await;
        }
    }

    /// The shim is dead. What it has not written will not be written any more.
    pub(super) fn lost(&self, folder: &Path) -> io::Result<Exit> {
        let mut state = State::load(folder)?.ok_or_else(|| io::Error::other("the container was never started"))?;
        if let Some(exit) = state.exit {
            return Ok(exit);
        }
        let reason = Some("The container's supervising process was lost".to_owned());
        let exit = Exit { at: self.env.now(), code: None, reason };
        state.exit = Some(exit.clone());
        state.output_complete = true;
        state.save(folder)?;
        Ok(exit)
    }

    /// Ends a container and whatever is left of it on the host; its folder stays.
    pub(super) async fn end(&self, folder: &Path) -> Result<(), String> {
        if let Some(state) = State::load(folder).map_err(text)? {
            if let Some(process) = state.init.as_ref().filter(|_| state.exit.is_none()).and_then(ProcessId::open) {
                process.kill().await.map_err(text)?;
            }
            self.written_exit(folder).await?;
        }
        self.launcher().end_shims(folder).await;
        let Ok(job) = Job::load(folder) else { return Ok(()) };
        remove_all(&job.runtime).map_err(text)?;
        self.remove_group(&job.cgroup).await
    }

    /// Kills what is in a control group, and removes it.
    pub(super) async fn remove_group(&self, group: &str) -> Result<(), String> {
        self.cgroups.kill(group);
        for _ in 0..1000 {
            if self.cgroups.remove(group).is_ok() {
                return Ok(());
            }
            self.env.sleep(LOOK).await;
        }
        self.cgroups.remove(group).map_err(|error| format!("the control group {group}: {error}"))
    }

    pub(super) fn containers(&self, workload: &str) -> Vec<ContainerId> {
        let names = names(&self.workload_folder(workload).join("c"));
        names.into_iter().map(|name| ContainerId::new(workload, &name)).collect()
    }
}

#[async_trait::async_trait]
impl Driver for ContainerDriver {
    fn probe(&self) -> Vec<Missing> {
        probe::missing(&self.places.data, &self.unbounded)
    }

    async fn recover(&self) -> Result<BTreeSet<String>, String> {
        self.adopt().await
    }

    async fn pull(&self, image: &Image) -> Result<Pulled, String> {
        match &image.source {
            ImageSource::Registry { namespace, digest } => {
                let digest: Digest = digest.parse().map_err(text)?;
                self.images.pull(&*self.blobs, namespace, &digest).await.map_err(text)
            }
            ImageSource::Remote { credentials } => {
                self.registries.pull(&self.images, &image.reference, credentials.clone()).await.map_err(text)
            }
            ImageSource::Unresolved { reason } => Err(reason.clone()),
        }
    }

    async fn prepare(&self, workload: &Workload) -> Result<(), String> {
        for volume in workload.volumes.iter().filter(|volume| matches!(volume.kind, VolumeKind::Scratch)) {
            fs::create_dir_all(self.workload_folder(&workload.id).join("volumes").join(&volume.name)).map_err(text)?;
        }
        self.cgroups.create(&self.workload_group(&workload.id), &self.feasible(&workload.limits)).map_err(text)
    }

    async fn start(
        &self,
        workload: &Workload,
        container: &Container,
        image: &Pulled,
        network: &ContainerNetwork,
    ) -> Result<Started, String> {
        let job = self.job(workload, container, image, network);
        fs::create_dir_all(&job.folder).map_err(text)?;
        fs::create_dir_all(&job.runtime).map_err(text)?;
        // What is left of an earlier start must not pass for this one's.
        remove_all(&job.folder.join(STATE)).map_err(text)?;
        job.save().map_err(text)?;
        self.launcher().launch("run", &job.folder).await?;
        match self.inspect(&ContainerId::new(&workload.id, &container.name)).await {
            Some(Seen::Running(started) | Seen::Exited { started: Some(started), .. }) => Ok(started),
            _ => Err("the shim left no state".into()),
        }
    }

    async fn stop(&self, id: &ContainerId, signal: StopSignal) -> Result<(), String> {
        let folder = self.folder(id);
        let Some(state) = State::load(&folder).map_err(text)?.filter(|state| state.exit.is_none()) else { return Ok(()) };
        let Some(process) = state.init.and_then(|init| init.open()) else { return Ok(()) };
        let signal = match signal {
            StopSignal::Kill => Signal::SIGKILL,
            StopSignal::Ask => Job::load(&folder).ok().and_then(|job| stop_signal(&job)).unwrap_or(Signal::SIGTERM),
        };
        process.signal(signal).map_err(text)
    }

    async fn inspect(&self, id: &ContainerId) -> Option<Seen> {
        let state = State::load(&self.folder(id)).ok()??;
        let started = state.started_at.map(|at| Started {
            runtime_id: state.runtime_id.clone(),
            pid: state.init.as_ref().map(|init| init.pid),
            at,
        });
        match (state.exit, started) {
            (Some(exit), started) => Some(Seen::Exited { started, exit }),
            (None, Some(started)) => Some(Seen::Running(started)),
            (None, None) => None,
        }
    }

    async fn exited(&self, id: &ContainerId) -> Result<Exit, String> {
        let folder = self.folder(id);
        let state = State::load(&folder).map_err(text)?.ok_or_else(|| format!("{id} was never started"))?;
        if let Some(process) = state.init.as_ref().filter(|_| state.exit.is_none()).and_then(ProcessId::open) {
            process.ended().await.map_err(text)?;
        }
        self.written_exit(&folder).await
    }

    async fn exec(&self, id: &ContainerId, command: &[String], timeout: Duration) -> Result<ExecResult, String> {
        let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let request = serde_json::to_vec(&ExecRequest { command: command.to_vec(), timeout_ms }).map_err(text)?;
        let mut helper = self.launcher().command("exec", &self.folder(id));
        let mut child = helper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(text)?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(&request).await.map_err(text)?;
        }
        let answer = child.wait_with_output().await.map_err(text)?;
        let said = String::from_utf8_lossy(&answer.stdout);
        match answer.status.success() {
            true => serde_json::from_str(said.trim()).map_err(text),
            false => Err(said.trim().to_owned()),
        }
    }

    async fn read_log(&self, id: &ContainerId, from: LogPosition) -> Result<Option<LogChunk>, String> {
        let folder = self.folder(id);
        let Some(state) = State::load(&folder).map_err(text)? else { return Ok(None) };
        // Asked before the output is read: what is written after that is not missed.
        let complete = state.exit.is_some() && (state.output_complete || !state.shim.is_alive());
        let (lines, next) = output::read(&folder.join(OUTPUT), from).map_err(text)?;
        Ok(Some(LogChunk { end: complete && lines.is_empty(), lines, next }))
    }

    async fn release_log(&self, id: &ContainerId, to: LogPosition) -> Result<(), String> {
        output::release(&self.folder(id).join(OUTPUT), to).map_err(text)
    }

    async fn remove(&self, workload: &str) -> Result<(), String> {
        for id in self.containers(workload) {
            let folder = self.folder(&id);
            self.end(&folder).await?;
            let kept = [STATE, OUTPUT];
            blocking(move || {
                names(&folder).iter().filter(|n| !kept.contains(&n.as_str())).try_for_each(|n| remove_all(&folder.join(n)))
            })
            .await?;
        }
        let volumes = self.workload_folder(workload).join("volumes");
        blocking(move || remove_all(&volumes)).await?;
        self.remove_group(&self.workload_group(workload)).await
    }

    async fn forget(&self, workload: &str) -> Result<(), String> {
        self.remove(workload).await?;
        let folder = self.workload_folder(workload);
        blocking(move || remove_all(&folder)).await
    }

    async fn workloads(&self) -> BTreeSet<String> {
        names(&self.places.data.join("containers")).into_iter().collect()
    }

    async fn collect_images(&self, in_use: &BTreeSet<String>) -> Result<(), String> {
        let digests = in_use.iter().filter_map(|digest| digest.parse().ok()).collect();
        self.images.gc(&digests).await.map_err(text)
    }

    async fn teardown(&self) -> Result<(), String> {
        for workload in self.workloads().await {
            self.remove(&workload).await?;
        }
        self.remove_group(&self.root_group()).await?;
        remove_all(&self.places.runtime.join("shims")).map_err(text)
    }
}

fn stop_signal(job: &Job) -> Option<Signal> {
    let name = job.image.stop_signal.as_deref()?;
    let number = name.parse::<i32>().ok().and_then(|number| Signal::try_from(number).ok());
    number.or_else(|| name.parse().ok()).or_else(|| format!("SIG{name}").parse().ok())
}

/// The names in a folder; none, if there is no such folder.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), String> {
    tokio::task::spawn_blocking(work).await.map_err(text)?.map_err(text)
}

pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
