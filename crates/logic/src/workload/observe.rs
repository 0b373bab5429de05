//! What can happen to a workload, and what that means for it.

use super::{ImageStage, Progress, Stage, progress::Track};
use agent_proto::workload::{Container, ContainerState, PortMapping, Workload};
use model::Timestamp;
use std::collections::BTreeMap;

/// Something that happened on the host. Container names that the workload doesn't have are passed over.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The network is up; the mapped ports by container.
    Joined(BTreeMap<String, Vec<PortMapping>>),
    /// The network, or what the containers have in common, can't be had.
    JoinFailed(String),
    /// A container's image is ready: its manifest's digest.
    Pulled(String, String),
    /// A container's image can't be had.
    PullFailed(String, String),
    /// A container runs.
    Started {
        /// Which one.
        container: String,
        /// As in [`agent_proto::workload::ContainerStatus::runtime_id`].
        runtime_id: String,
        /// Process 1.
        pid: Option<u32>,
        /// Since when.
        at: Timestamp,
    },
    /// A container can't be started.
    StartFailed(String, String),
    /// A container has ended.
    Exited {
        /// Which one.
        container: String,
        /// When.
        at: Timestamp,
        /// Its exit code.
        code: Option<i32>,
        /// More than that.
        reason: Option<String>,
    },
    /// A container's health check has passed or not.
    Checked(String, bool),
    /// Everything but status and output has been removed.
    Cleaned,
    /// Something could not be removed; it is to be tried again.
    CleanFailed,
}

impl Progress {
    /// Takes in what happened.
    pub fn observe(&mut self, spec: &Workload, event: Event, now: Timestamp) {
        match event {
            Event::Joined(ports) => self.joined(ports),
            Event::JoinFailed(reason) => self.join_failed(spec, &reason, now),
            Event::Pulled(name, digest) => self.pulled(&name, digest, now),
            Event::PullFailed(name, reason) => {
                self.pull_ended(&name, now);
                self.could_not(spec, &name, prefixed("CannotPullContainerError", &reason), now);
            }
            Event::Started { container, runtime_id, pid, at } => self.started(&container, runtime_id, pid, at),
            Event::StartFailed(name, reason) => {
                self.could_not(spec, &name, prefixed("CannotStartContainerError", &reason), now);
            }
            Event::Exited { container, at, code, reason } => self.exited(spec, &container, at, code, reason),
            Event::Checked(name, passed) => self.checked(spec, &name, passed, now),
            Event::Cleaned => self.cleaning = Stage::Done,
            Event::CleanFailed => self.cleaning = Stage::Wanted,
        }
    }

    fn joined(&mut self, mut ports: BTreeMap<String, Vec<PortMapping>>) {
        self.network = Stage::Done;
        for (name, track) in &mut self.containers {
            track.ports = ports.remove(name).unwrap_or_default();
        }
    }

    fn join_failed(&mut self, spec: &Workload, reason: &str, now: Timestamp) {
        self.network = Stage::Wanted;
        if spec.run {
            self.fail("TaskFailedToStart", prefixed("ResourceInitializationError", reason), now);
        }
    }

    fn pulled(&mut self, name: &str, digest: String, now: Timestamp) {
        if let Some(track) = self.containers.get_mut(name) {
            track.image_digest = Some(digest);
        }
        self.pull_ended(name, now);
    }

    fn pull_ended(&mut self, name: &str, now: Timestamp) {
        if let Some(track) = self.containers.get_mut(name) {
            track.image = ImageStage::Ready;
        }
        if self.pull_stopped_at.is_none() && self.containers.values().all(|track| track.image == ImageStage::Ready) {
            self.pull_stopped_at = Some(now);
        }
    }

    fn started(&mut self, name: &str, runtime_id: String, pid: Option<u32>, at: Timestamp) {
        if let Some(track) = self.containers.get_mut(name).filter(|track| !track.has_ended()) {
            track.starting = false;
            track.state = ContainerState::Running { since: at };
            (track.runtime_id, track.pid) = (runtime_id, pid);
        }
    }

    /// A container that can't be pulled or started has ended; one that is essential takes the workload with it.
    fn could_not(&mut self, spec: &Workload, name: &str, reason: String, now: Timestamp) {
        let Some(track) = self.containers.get_mut(name).filter(|track| !track.has_ended()) else { return };
        track.end(now, None, Some(reason.clone()));
        if spec.run && definition(spec, name).is_some_and(|container| container.essential) {
            self.fail("TaskFailedToStart", reason, now);
        }
    }

    fn exited(&mut self, spec: &Workload, name: &str, at: Timestamp, code: Option<i32>, reason: Option<String>) {
        let Some(track) = self.containers.get_mut(name).filter(|track| !track.has_ended()) else { return };
        track.end(at, code, reason);
        if spec.run && definition(spec, name).is_some_and(|container| container.essential) {
            self.fail("EssentialContainerExited", "Essential container in task exited".into(), at);
        }
    }

    fn checked(&mut self, spec: &Workload, name: &str, passed: bool, now: Timestamp) {
        let check = definition(spec, name).and_then(|container| container.health_check.as_ref());
        let Some((check, track)) = check.zip(self.containers.get_mut(name).filter(|track| Track::is_running(track))) else {
            return;
        };
        let started = track.started().unwrap_or(now);
        track.health.end(check, started, passed, now);
    }
}

fn definition<'a>(spec: &'a Workload, name: &str) -> Option<&'a Container> {
    spec.containers.iter().find(|container| container.name == name)
}

/// Reasons may come with the prefix already, from the control plane's own checks.
fn prefixed(prefix: &str, reason: &str) -> String {
    if reason.starts_with(prefix) { reason.to_owned() } else { format!("{prefix}: {reason}") }
}
