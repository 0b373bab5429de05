//! A workload on this host: the loop that carries out what `logic::workload` decides.
//!
//! Nothing is decided here. Each step runs in a task of its own and comes back as an event; the state is kept after each change, so
//! that a server that comes back goes on from it.

use crate::{
    alarm::due,
    driver::{ContainerId, Driver, Seen, StopSignal},
    image::Pulled,
    keep::Keeper,
    network::{ContainerNetwork, NetworkJoin},
};
use agent_proto::workload::{Container, ContainerState, Network, Status, Workload};
use logic::workload::{Event, Found, Progress, Step};
use model::{Env, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{mpsc, watch};

/// What a pod works with.
#[derive(Clone)]
pub struct Outside {
    /// Runs its containers.
    pub driver: Arc<dyn Driver>,
    /// Connects them.
    pub network: Arc<dyn crate::network::Network>,
    /// Time.
    pub env: Env,
    /// Keeps its state.
    pub keeper: Keeper<Workload>,
    /// The interfaces and instances that the network has been told of, by id.
    pub plugs: watch::Receiver<BTreeSet<String>>,
}

/// What is wished of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It runs.
    Run,
    /// Its containers end, each within its stop timeout.
    Stop,
    /// It ends at once, and leaves no trace.
    Vanish,
}

/// Between two attempts to clean up.
const RETRY: Duration = Duration::from_secs(1);

/// Lives a workload, from where it is to where it has vanished, or until nobody wishes anything of it any more: then it is left as it
/// is. `report` is called with each change of its status.
pub async fn live(
    outside: Outside,
    spec: Workload,
    progress: Progress,
    wish: watch::Receiver<Wish>,
    report: impl Fn(Status) + Send,
) {
    let (done, events) = mpsc::unbounded_channel();
    let mut pod = Pod { outside, progress, wish, done, events, images: BTreeMap::new(), join: NetworkJoin::default(), spec };
    pod.watch_running();
    if pod.run(report).await {
        pod.vanish().await;
    }
}

/// How a step has ended, and what later steps need of it.
struct Done {
    event: Event,
    yields: Option<Yield>,
}

enum Yield {
    Image(String, Pulled),
    Network(NetworkJoin),
}

impl From<Event> for Done {
    fn from(event: Event) -> Self {
        Self { event, yields: None }
    }
}

struct Pod {
    outside: Outside,
    spec: Workload,
    progress: Progress,
    wish: watch::Receiver<Wish>,
    done: mpsc::UnboundedSender<Done>,
    events: mpsc::UnboundedReceiver<Done>,
    images: BTreeMap<String, Pulled>,
    join: NetworkJoin,
}

impl Pod {
    /// `true` when it is to vanish and nothing of it runs any more.
    async fn run(&mut self, report: impl Fn(Status) + Send) -> bool {
        let mut reported = None;
        loop {
            let wish = *self.wish.borrow_and_update();
            self.grant(wish);
            let looked_at = self.step();
            let status = self.progress.status();
            let gone = wish == Wish::Vanish && status.cleaned;
            if reported.as_ref() != Some(&status) {
                self.outside.keeper.keep(&self.spec, &self.progress);
                report(status.clone());
                reported = Some(status);
            }
            if gone || !self.wait(looked_at).await {
                return gone;
            }
        }
    }

    fn grant(&mut self, wish: Wish) {
        self.spec.run &= wish == Wish::Run;
        if wish == Wish::Vanish {
            self.spec.containers.iter_mut().for_each(|container| container.stop_timeout = Duration::ZERO);
        }
    }

    /// Carries out all that is to be done; gives the moment at which there was nothing more.
    fn step(&mut self) -> Timestamp {
        loop {
            let now = self.outside.env.now();
            let steps = self.progress.next(&self.spec, now);
            if steps.is_empty() {
                return now;
            }
            steps.into_iter().for_each(|step| self.carry_out(step));
        }
    }

    /// Waits for something to happen, or for what has become due since `looked_at`; `false` if nobody looks after the pod any more.
    async fn wait(&mut self, looked_at: Timestamp) -> bool {
        let wake = self.progress.wake(&self.spec, looked_at);
        let clock = self.outside.env.clock.clone();
        let alarm = due(&clock, wake);
        tokio::select! {
            Some(done) = self.events.recv() => self.take(done),
            changed = self.wish.changed() => return changed.is_ok(),
            () = alarm => {}
        }
        true
    }

    fn take(&mut self, done: Done) {
        match done.yields {
            Some(Yield::Image(name, pulled)) => drop(self.images.insert(name, pulled)),
            Some(Yield::Network(join)) => self.join = join,
            None => {}
        }
        let started = match &done.event {
            Event::Started { container, .. } => Some(container.clone()),
            _ => None,
        };
        self.progress.observe(&self.spec, done.event, self.outside.env.now());
        if let Some(name) = started {
            self.watch_exit(name);
        }
    }

    fn carry_out(&self, step: Step) {
        tracing::debug!(workload = self.spec.id, ?step, "begun");
        let outside = self.outside.clone();
        let workload = self.spec.id.clone();
        match step {
            Step::Join => self.spawn(join(outside, self.spec.clone(), self.wish.clone())),
            Step::Clean => self.spawn(clean(outside, workload)),
            Step::Pull(name) => self.with(&name, |container| self.spawn(pull(outside, container))),
            Step::Start(name) => self.with(&name, |container| self.start(outside, container)),
            Step::Check(name) => self.with(&name, |container| self.spawn(check(outside, workload, container))),
            Step::Ask(name) => signal(outside, ContainerId::new(&workload, &name), StopSignal::Ask),
            Step::Kill(name) => signal(outside, ContainerId::new(&workload, &name), StopSignal::Kill),
        }
    }

    fn with(&self, name: &str, act: impl FnOnce(Container)) {
        if let Some(container) = self.spec.containers.iter().find(|container| container.name == name) {
            act(container.clone());
        }
    }

    fn start(&self, outside: Outside, container: Container) {
        let network = self.join.containers.get(&container.name).cloned().unwrap_or_default();
        let image = self.images.get(&container.name).cloned();
        let workload = self.spec.clone();
        self.spawn(async move {
            match image {
                Some(image) => start(outside, workload, container, image, network).await,
                None => Event::StartFailed(container.name, "its image is gone".into()).into(),
            }
        });
    }

    fn spawn(&self, step: impl Future<Output = Done> + Send + 'static) {
        let done = self.done.clone();
        tokio::spawn(async move {
            // A pod that has vanished doesn't need to know.
            let _ = done.send(step.await);
        });
    }

    /// Waits for the ends of containers that were running when this pod was taken over.
    fn watch_running(&self) {
        let running = self.progress.containers.iter().filter(|(_, track)| track.is_running());
        running.for_each(|(name, _)| self.watch_exit(name.clone()));
    }

    fn watch_exit(&self, container: String) {
        let driver = self.outside.driver.clone();
        let id = ContainerId::new(&self.spec.id, &container);
        let env = self.outside.env.clone();
        self.spawn(async move {
            let (at, code, reason) = match driver.exited(&id).await {
                Ok(exit) => (exit.at, exit.code, exit.reason),
                Err(error) => (env.now(), None, Some(error)),
            };
            Event::Exited { container, at, code, reason }.into()
        });
    }

    async fn vanish(&self) {
        while let Err(error) = self.outside.driver.forget(&self.spec.id).await {
            tracing::warn!(workload = self.spec.id, error, "its last traces can't be removed yet");
            self.outside.env.sleep(RETRY).await;
        }
        self.outside.keeper.forget(&self.spec.id);
    }
}

/// The state of a container as a driver that comes back finds it.
pub fn found(seen: Seen) -> Found {
    let (state, started) = match seen {
        Seen::Running(started) => (ContainerState::Running { since: started.at }, Some(started)),
        Seen::Exited { started, exit } => {
            let since: Option<Timestamp> = started.as_ref().map(|started| started.at);
            (ContainerState::Exited { started: since, at: exit.at, exit_code: exit.code, reason: exit.reason }, started)
        }
    };
    let runtime_id = started.as_ref().map(|started| started.runtime_id.clone()).unwrap_or_default();
    Found { state, runtime_id, pid: started.and_then(|started| started.pid) }
}

/// What a workload is plugged into: an interface or an instance.
fn plug(network: &Network) -> Option<&String> {
    match network {
        Network::Interface { interface, .. } => Some(interface),
        Network::Host { instance, .. } | Network::Bridge { instance, .. } => Some(instance),
        Network::None => None,
    }
}

async fn join(mut outside: Outside, spec: Workload, mut wish: watch::Receiver<Wish>) -> Done {
    if let Some(plug) = plug(&spec.network) {
        let known = tokio::select! {
            known = outside.plugs.wait_for(|plugs| plugs.contains(plug)) => known.is_ok(),
            _ = wish.wait_for(|wish| *wish != Wish::Run) => false,
        };
        if !known {
            return Event::JoinFailed(format!("{plug} is not on this host")).into();
        }
    }
    if let Err(error) = outside.driver.prepare(&spec).await {
        return Event::JoinFailed(error).into();
    }
    match outside.network.join(&spec).await {
        Ok(join) => {
            let ports = join.containers.iter().map(|(name, network)| (name.clone(), network.ports.clone())).collect();
            Done { event: Event::Joined(ports), yields: Some(Yield::Network(join)) }
        }
        Err(error) => Event::JoinFailed(error).into(),
    }
}

async fn pull(outside: Outside, container: Container) -> Done {
    match outside.driver.pull(&container.image).await {
        Ok(pulled) => {
            let event = Event::Pulled(container.name.clone(), pulled.digest.to_string());
            Done { event, yields: Some(Yield::Image(container.name, pulled)) }
        }
        Err(error) => Event::PullFailed(container.name, error).into(),
    }
}

async fn start(outside: Outside, workload: Workload, container: Container, image: Pulled, network: ContainerNetwork) -> Done {
    match outside.driver.start(&workload, &container, &image, &network).await {
        Ok(started) => {
            Event::Started { container: container.name, runtime_id: started.runtime_id, pid: started.pid, at: started.at }.into()
        }
        Err(error) => Event::StartFailed(container.name, error).into(),
    }
}

async fn check(outside: Outside, workload: String, container: Container) -> Done {
    let passed = match &container.health_check {
        None => true,
        Some(check) => {
            let id = ContainerId::new(&workload, &container.name);
            let result = outside.driver.exec(&id, &check_command(&check.command), check.timeout).await;
            result.is_ok_and(|result| result.code == Some(0))
        }
    };
    Event::Checked(container.name, passed).into()
}

/// `["CMD", program, …]`, or `["CMD-SHELL", command]` for the container's shell.
fn check_command(command: &[String]) -> Vec<String> {
    match command {
        [kind, rest @ ..] if kind == "CMD" => rest.to_vec(),
        [kind, shell @ ..] if kind == "CMD-SHELL" => vec!["/bin/sh".into(), "-c".into(), shell.join(" ")],
        other => other.to_vec(),
    }
}

fn signal(outside: Outside, id: ContainerId, signal: StopSignal) {
    tokio::spawn(async move {
        if let Err(error) = outside.driver.stop(&id, signal).await {
            tracing::warn!(container = %id, error, "could not be signalled");
        }
    });
}

async fn clean(outside: Outside, workload: String) -> Done {
    let removed = match outside.driver.remove(&workload).await {
        Ok(()) => outside.network.leave(&workload).await,
        Err(error) => Err(error),
    };
    match removed {
        Ok(()) => Event::Cleaned.into(),
        Err(error) => {
            tracing::warn!(workload, error, "can't be cleaned up yet");
            outside.env.sleep(RETRY).await;
            Event::CleanFailed.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_commands_are_read_as_docker_does() {
        let command = |words: &[&str]| check_command(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(command(&["CMD", "curl", "-f", "x"]), ["curl", "-f", "x"]);
        assert_eq!(command(&["CMD-SHELL", "curl -f x || exit 1"]), ["/bin/sh", "-c", "curl -f x || exit 1"]);
    }
}
