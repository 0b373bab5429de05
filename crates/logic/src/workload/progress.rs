//! What is known of a workload on its host, and how it is told to the control plane.

use super::HealthTrack;
use agent_proto::workload::{Container, ContainerState, ContainerStatus, Failure, PortMapping, Status, Workload};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far a workload has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Its containers, by name.
    pub containers: BTreeMap<String, Track>,
    /// Its network and what its containers have in common.
    pub network: Stage,
    /// The removal of what it had.
    pub cleaning: Stage,
    /// The first pull began.
    pub pull_started_at: Option<Timestamp>,
    /// The last pull ended.
    pub pull_stopped_at: Option<Timestamp>,
    /// Why it can't go on; set once.
    pub failure: Option<Failure>,
}

/// Something that is done once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Not begun.
    #[default]
    Wanted,
    /// Begun.
    Begun,
    /// Done.
    Done,
}

/// The image of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImageStage {
    /// Not pulled yet.
    #[default]
    Wanted,
    /// Being pulled.
    Pulling,
    /// Ready to run.
    Ready,
}

/// How far a container has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// Where it is on its way.
    pub state: ContainerState,
    /// Its start was begun and has not come to an end.
    pub starting: bool,
    /// Its image.
    pub image: ImageStage,
    /// Of the manifest that runs.
    pub image_digest: Option<String>,
    /// As in [`ContainerStatus::runtime_id`].
    pub runtime_id: String,
    /// As in [`ContainerStatus::pid`].
    pub pid: Option<u32>,
    /// As in [`ContainerStatus::ports`].
    pub ports: Vec<PortMapping>,
    /// It was asked to end then.
    pub asked_at: Option<Timestamp>,
    /// It was killed.
    pub killed: bool,
    /// Its health.
    pub health: HealthTrack,
}

/// What an agent that comes back finds of a container.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Where it is on its way.
    pub state: ContainerState,
    /// As in [`ContainerStatus::runtime_id`].
    pub runtime_id: String,
    /// As in [`ContainerStatus::pid`].
    pub pid: Option<u32>,
}

impl Default for Track {
    fn default() -> Self {
        Self {
            state: ContainerState::Pending,
            starting: false,
            image: ImageStage::default(),
            image_digest: None,
            runtime_id: String::new(),
            pid: None,
            ports: Vec::new(),
            asked_at: None,
            killed: false,
            health: HealthTrack::default(),
        }
    }
}

impl Track {
    /// It runs.
    pub fn is_running(&self) -> bool {
        matches!(self.state, ContainerState::Running { .. })
    }

    /// It has ended, or never will start.
    pub fn has_ended(&self) -> bool {
        matches!(self.state, ContainerState::Exited { .. })
    }

    /// It waits for its image, its network or its dependencies.
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, ContainerState::Pending) && !self.starting
    }

    /// When it was started, if it was.
    pub fn started(&self) -> Option<Timestamp> {
        match &self.state {
            ContainerState::Pending => None,
            ContainerState::Running { since } => Some(*since),
            ContainerState::Exited { started, .. } => *started,
        }
    }

    pub(super) fn end(&mut self, at: Timestamp, exit_code: Option<i32>, reason: Option<String>) {
        self.state = ContainerState::Exited { started: self.started(), at, exit_code, reason };
        self.starting = false;
        self.pid = None;
    }
}

impl Progress {
    /// A workload that nothing has been done for.
    pub fn new(spec: &Workload) -> Self {
        let containers = spec.containers.iter().map(|container| (container.name.clone(), Track::default())).collect();
        Self { containers, ..Self::default() }
    }

    /// What an agent that comes back goes on with: steps that were begun are begun again, containers are as they are found.
    pub fn resume(mut self, mut find: impl FnMut(&str) -> Option<Found>) -> Self {
        for (name, track) in &mut self.containers {
            track.image = ImageStage::Wanted;
            track.health.checking = false;
            if !track.has_ended() {
                track.take(find(name));
            }
        }
        // Joining is only done again for containers that still need the answer.
        let waiting = self.containers.values().any(Track::is_waiting);
        if self.network == Stage::Begun || (waiting && self.network == Stage::Done) {
            self.network = Stage::Wanted;
        }
        if self.cleaning == Stage::Begun {
            self.cleaning = Stage::Wanted;
        }
        self
    }

    /// What the control plane is told.
    pub fn status(&self) -> Status {
        Status {
            containers: self.containers.iter().map(|(name, track)| (name.clone(), track.status())).collect(),
            pull_started_at: self.pull_started_at,
            pull_stopped_at: self.pull_stopped_at,
            network_ready: self.network == Stage::Done,
            failure: self.failure.clone(),
            cleaned: self.cleaning == Stage::Done,
        }
    }

    pub(super) fn fail(&mut self, code: &str, reason: String, at: Timestamp) {
        self.failure.get_or_insert(Failure { code: code.into(), reason, at });
    }

    pub(super) fn track(&self, container: &Container) -> Option<&Track> {
        self.containers.get(&container.name)
    }
}

impl Track {
    fn take(&mut self, found: Option<Found>) {
        self.starting = false;
        // A signal that the server was killed before it sent isn't known from one that was sent: it goes out again.
        self.killed = false;
        match found {
            Some(found) => (self.state, self.runtime_id, self.pid) = (found.state, found.runtime_id, found.pid),
            None => self.state = ContainerState::Pending,
        }
    }

    fn status(&self) -> ContainerStatus {
        ContainerStatus {
            state: self.state.clone(),
            runtime_id: self.runtime_id.clone(),
            image_digest: self.image_digest.clone(),
            health: self.health.health,
            ports: self.ports.clone(),
            pid: self.pid,
        }
    }
}
