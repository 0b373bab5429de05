//! A driver that runs nothing: containers are entries in memory, and what they do is written down in their images.
//!
//! Time passes by the environment's clock, so that a day of a container's life takes no time in a test.

use super::{ContainerId, Driver, Seen, Started, StopSignal};
use crate::{
    image::{Digest, ImageConfig, Pulled},
    network::ContainerNetwork,
    shim::{ExecResult, Exit},
};
use agent_proto::{
    Missing,
    workload::{Container, Image, ImageSource, LogChunk, LogLine, LogPosition, Workload},
};
use model::{Env, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// What a fake image does when it is run.
#[derive(Clone, Debug, Default)]
pub struct FakeImage {
    /// The pull takes so long.
    pub pull_time: Duration,
    /// The pull fails so.
    pub pull_error: Option<String>,
    /// The start fails so.
    pub start_error: Option<String>,
    /// It ends by itself after so long, with this exit code; otherwise it runs until it is told to end.
    pub exit: Option<(Duration, i32)>,
    /// It takes no notice of being asked to end.
    pub stubborn: bool,
    /// Lines that it writes as it starts.
    pub output: Vec<String>,
    /// Commands in it end with this exit code, `true` and `false` excepted.
    pub exec_code: i32,
}

/// Runs nothing. Clones share one machine: a clone is what a restarted server has.
#[derive(Clone)]
pub struct FakeDriver {
    env: Env,
    machine: Arc<Mutex<Machine>>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Machine {
    images: BTreeMap<String, FakeImage>,
    containers: BTreeMap<ContainerId, FakeContainer>,
}

struct FakeContainer {
    image: FakeImage,
    started: Started,
    exit: Option<Exit>,
    lines: Vec<LogLine>,
}

impl FakeDriver {
    /// An empty machine. An image that it was not told of exists, runs until it is asked to end, and is healthy.
    pub fn new(env: Env) -> Self {
        Self { env, machine: Arc::default(), changed: watch::Sender::new(()) }
    }

    /// Says what an image does, by the reference that users write.
    pub fn image(&self, reference: &str, image: FakeImage) {
        self.machine().images.insert(reference.into(), image);
    }

    /// Changes what a running container does from now on.
    pub fn change(&self, id: &ContainerId, change: impl FnOnce(&mut FakeImage)) {
        if let Some(container) = self.machine().containers.get_mut(id) {
            change(&mut container.image);
        }
        self.changed.send_replace(());
    }

    /// Ends a running container, as if it had ended by itself.
    pub fn end(&self, id: &ContainerId, code: i32, reason: Option<&str>) {
        let at = self.env.now();
        if let Some(container) = self.machine().containers.get_mut(id).filter(|container| container.exit.is_none()) {
            container.exit = Some(Exit { at, code: Some(code), reason: reason.map(str::to_owned) });
        }
        self.changed.send_replace(());
    }

    /// The containers that run.
    pub fn running(&self) -> Vec<ContainerId> {
        let machine = self.settled();
        let running = machine.containers.iter().filter(|(_, container)| container.exit.is_none());
        running.map(|(id, _)| id.clone()).collect()
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The machine, after what has happened by itself in the meantime.
    fn settled(&self) -> MutexGuard<'_, Machine> {
        let now = self.env.now();
        let mut machine = self.machine();
        for container in machine.containers.values_mut().filter(|container| container.exit.is_none()) {
            if let Some((at, code)) = container.own_end().filter(|(at, _)| *at <= now) {
                container.exit = Some(Exit { at, code: Some(code), reason: None });
            }
        }
        machine
    }

    fn script(&self, image: &Image) -> FakeImage {
        self.machine().images.get(&image.reference).cloned().unwrap_or_default()
    }
}

impl FakeContainer {
    fn own_end(&self) -> Option<(Timestamp, i32)> {
        self.image.exit.map(|(after, code)| (self.started.at + after, code))
    }

    fn seen(&self) -> Seen {
        match &self.exit {
            None => Seen::Running(self.started.clone()),
            Some(exit) => Seen::Exited { started: Some(self.started.clone()), exit: exit.clone() },
        }
    }
}

#[async_trait::async_trait]
impl Driver for FakeDriver {
    fn probe(&self) -> Vec<Missing> {
        Vec::new()
    }

    async fn recover(&self) -> Result<BTreeSet<String>, String> {
        Ok(self.running().into_iter().map(|id| id.workload).collect())
    }

    async fn pull(&self, image: &Image) -> Result<Pulled, String> {
        let script = self.script(image);
        if !script.pull_time.is_zero() {
            self.env.sleep(script.pull_time).await;
        }
        let digest = match &image.source {
            ImageSource::Unresolved { reason } => return Err(reason.clone()),
            ImageSource::Registry { digest, .. } => digest.parse().map_err(|error| format!("{error}"))?,
            ImageSource::Remote { .. } => Digest::sha256(image.reference.as_bytes()),
        };
        match script.pull_error {
            Some(error) => Err(error),
            None => Ok(Pulled { digest, config: ImageConfig::default(), layers: Vec::new() }),
        }
    }

    async fn prepare(&self, _: &Workload) -> Result<(), String> {
        Ok(())
    }

    async fn start(
        &self,
        workload: &Workload,
        container: &Container,
        _: &Pulled,
        _: &ContainerNetwork,
    ) -> Result<Started, String> {
        let image = self.script(&container.image);
        if let Some(error) = image.start_error {
            return Err(error);
        }
        let started = Started { runtime_id: self.env.hex(64), pid: None, at: self.env.now() };
        let line = |text: &String| LogLine { at: started.at, stderr: false, text: text.clone() };
        let lines = image.output.iter().map(line).collect();
        let entry = FakeContainer { lines, image, started: started.clone(), exit: None };
        self.machine().containers.insert(ContainerId::new(&workload.id, &container.name), entry);
        Ok(started)
    }

    async fn stop(&self, id: &ContainerId, signal: StopSignal) -> Result<(), String> {
        let (stubborn, code) = match signal {
            StopSignal::Ask => (self.settled().containers.get(id).is_some_and(|container| container.image.stubborn), 143),
            StopSignal::Kill => (false, 137),
        };
        if !stubborn {
            self.end(id, code, None);
        }
        Ok(())
    }

    async fn inspect(&self, id: &ContainerId) -> Option<Seen> {
        self.settled().containers.get(id).map(FakeContainer::seen)
    }

    async fn exited(&self, id: &ContainerId) -> Result<Exit, String> {
        let mut changed = self.changed.subscribe();
        loop {
            let end = match self.settled().containers.get(id) {
                None => return Err(format!("{id} was never started")),
                Some(FakeContainer { exit: Some(exit), .. }) => return Ok(exit.clone()),
                Some(container) => container.own_end(),
            };
            let own_end = async {
                match end {
                    Some((at, _)) => self.env.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = own_end => {}
                _ = changed.changed() => {}
            }
        }
    }

    async fn exec(&self, id: &ContainerId, command: &[String], _: Duration) -> Result<ExecResult, String> {
        let machine = self.settled();
        let container = machine.containers.get(id).filter(|container| container.exit.is_none());
        let container = container.ok_or_else(|| format!("{id} does not run"))?;
        let code = match command.last().map(String::as_str) {
            Some("true") => 0,
            Some("false") => 1,
            _ => container.image.exec_code,
        };
        Ok(ExecResult { code: Some(code), output: String::new() })
    }

    async fn read_log(&self, id: &ContainerId, from: LogPosition) -> Result<Option<LogChunk>, String> {
        let machine = self.settled();
        let Some(container) = machine.containers.get(id) else { return Ok(None) };
        let lines: Vec<_> = container.lines.iter().skip(from.0 as usize).cloned().collect();
        let next = LogPosition(from.0 + lines.len() as u64);
        Ok(Some(LogChunk { end: container.exit.is_some() && lines.is_empty(), lines, next }))
    }

    async fn release_log(&self, _: &ContainerId, _: LogPosition) -> Result<(), String> {
        Ok(())
    }

    async fn remove(&self, workload: &str) -> Result<(), String> {
        let ids: Vec<_> = self.machine().containers.keys().filter(|id| id.workload == workload).cloned().collect();
        for id in ids {
            self.end(&id, 137, None);
        }
        Ok(())
    }

    async fn forget(&self, workload: &str) -> Result<(), String> {
        self.remove(workload).await?;
        self.machine().containers.retain(|id, _| id.workload != workload);
        Ok(())
    }

    async fn workloads(&self) -> BTreeSet<String> {
        self.machine().containers.keys().map(|id| id.workload.clone()).collect()
    }

    async fn collect_images(&self, _: &BTreeSet<String>) -> Result<(), String> {
        Ok(())
    }

    async fn teardown(&self) -> Result<(), String> {
        self.machine().containers.clear();
        self.changed.send_replace(());
        Ok(())
    }
}
