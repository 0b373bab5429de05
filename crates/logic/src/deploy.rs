//! The service scheduler of ECS: which tasks to start and to stop so that a service has its desired count of tasks of its newest
//! deployment, and what it says about it.
//!
//! [`decide`] looks at a service and all its tasks and answers with the service's next plan and the tasks to start and to stop.
//! It may be run as often as one likes: on the same facts it decides the same, and once its decisions have been carried out it
//! decides nothing more. Sources: the Amazon ECS Developer Guide ("Rolling update", "Deployment circuit breaker", "Service throttle
//! logic", "Service event messages") and the API reference's words on `DeploymentConfiguration`.

mod bounds;
pub mod events;
mod notes;
mod rollout;
mod schedule;

pub use bounds::{backoff, failure_threshold, maximum, minimum_healthy};
pub use rollout::{primary_target, take_up};

use model::{
    Timestamp,
    ecs::{Event, Noted, ServicePlan, ServiceSpec, Stop, Target},
};

/// A service and everything that its scheduler looks at.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The present moment.
    pub now: Timestamp,
    /// The service's name.
    pub name: &'a str,
    /// What was asked for.
    pub spec: &'a ServiceSpec,
    /// The last decision.
    pub plan: &'a ServicePlan,
    /// All its tasks that are still known, stopped ones too.
    pub tasks: &'a [TaskFact],
    /// How many tasks of the primary deployment can be placed, and why no more.
    pub room: Room,
}

/// How many tasks can be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// So many.
    pub tasks: u32,
    /// Why no more.
    pub shortage: Shortage,
}

/// Why a task can't be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// There is none.
    None,
    /// No machine has room for it; others that end make room. What follows "was unable to place a task because" in an event.
    Place(String),
    /// It would be refused wherever it is placed. The error.
    Launch(String),
}

/// A task, as the scheduler sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFact {
    /// Its 32 digits.
    pub id: String,
    /// The deployment that it belongs to.
    pub deployment: String,
    /// The subnet that it has an interface in.
    pub subnet: Option<String>,
    /// The capacity provider that it runs on.
    pub provider: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// How far it is.
    pub state: TaskState,
    /// When it began to run, if it ever did.
    pub started_at: Option<Timestamp>,
    /// What its health checks say.
    pub health: TaskHealth,
    /// It was registered with its target groups.
    pub registered: bool,
    /// Its targets were deregistered.
    pub deregistered: bool,
    /// It ended by itself and not by anybody's wish, at that moment.
    pub died_at: Option<Timestamp>,
}

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// On its way to run.
    Pending,
    /// Runs.
    Running,
    /// Its end was decided.
    Stopping,
    /// It is over.
    Stopped,
}

/// What health checks say of a task: those of its containers and of its target groups together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskHealth {
    /// There are none.
    Unchecked,
    /// Some have not come to an end.
    Unknown,
    /// All pass.
    Healthy,
    /// One fails.
    Unhealthy {
        /// The `stoppedReason` of a task that is stopped for it.
        stop_reason: String,
        /// What the service says about it, behind `(service …)`.
        event: String,
    },
}

/// What the scheduler has decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The service's next plan. When tasks are started, [`started`] has to be told of it.
    pub plan: ServicePlan,
    /// Tasks to start.
    pub start: Vec<Start>,
    /// Tasks to stop, and why.
    pub stop: Vec<(String, Stop)>,
    /// The scheduler has to look again then, whatever happens.
    pub wake: Option<Timestamp>,
}

/// A task to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// What it is to be.
    pub target: Target,
    /// The subnet for its interface.
    pub subnet: Option<String>,
    /// The capacity provider to run on.
    pub provider: Option<String>,
}

/// Decides.
pub fn decide(situation: &Situation) -> Decision {
    let mut draft = Draft::new(situation);
    draft.note_tasks();
    if situation.spec.deleted_at.is_some() {
        draft.drain();
    } else {
        draft.break_circuit();
        draft.stop_unhealthy();
        draft.retire();
        draft.scale_in();
        draft.scale_out();
        draft.settle();
    }
    draft.into_decision()
}

/// Enters tasks that were started into a plan: their ids, as minted by the caller.
pub fn started(plan: &mut ServicePlan, now: Timestamp, service: &str, ids: &[String]) {
    if ids.is_empty() {
        return;
    }
    plan.tasks.extend(ids.iter().map(|id| (id.clone(), Noted::default())));
    events::push(plan, now, events::started(service, ids));
}

/// A decision in the making.
struct Draft<'a> {
    on: &'a Situation<'a>,
    plan: ServicePlan,
    start: Vec<Start>,
    stop: Vec<(String, Stop)>,
    wake: Option<Timestamp>,
    said: Vec<String>,
}

impl<'a> Draft<'a> {
    fn new(on: &'a Situation<'a>) -> Self {
        let mut plan = on.plan.clone();
        plan.deployments = take_up(on.spec, on.plan);
        plan.taken_up = Some(on.spec.target.deployment.clone());
        Self { on, plan, start: Vec::new(), stop: Vec::new(), wake: None, said: Vec::new() }
    }

    fn say(&mut self, text: String) {
        self.said.push(text);
    }

    fn wake_at(&mut self, at: Timestamp) {
        self.wake = Some(self.wake.map_or(at, |other| other.min(at)));
    }

    /// The tasks that run or start, and were not told to stop.
    fn active(&self) -> impl Iterator<Item = &'a TaskFact> {
        let stopping = |task: &TaskFact| self.stop.iter().any(|(id, _)| *id == task.id);
        self.on.tasks.iter().filter(move |task| task.is_active() && !stopping(task))
    }

    fn into_decision(mut self) -> Decision {
        for text in std::mem::take(&mut self.said) {
            events::push(&mut self.plan, self.on.now, text);
        }
        Decision { plan: self.plan, start: self.start, stop: self.stop, wake: self.wake }
    }
}

impl TaskFact {
    fn is_active(&self) -> bool {
        matches!(self.state, TaskState::Pending | TaskState::Running)
    }

    fn runs(&self) -> bool {
        self.state == TaskState::Running
    }

    /// Whether it counts as healthy. Without checks it does after 40 seconds of running (`minimumHealthyPercent`).
    fn counts_as_healthy(&self, now: Timestamp) -> bool {
        match self.health {
            TaskHealth::Healthy => self.runs(),
            TaskHealth::Unchecked => self.runs() && self.started_at.is_some_and(|at| now >= at + bounds::TRUSTED_AFTER),
            _ => false,
        }
    }

    /// Whether it is as it should be: runs, and no check of it is open or fails.
    fn is_settled(&self) -> bool {
        self.runs() && matches!(self.health, TaskHealth::Healthy | TaskHealth::Unchecked)
    }
}

/// The events that a plan keeps.
const EVENTS_KEPT: usize = 100;

impl Room {
    /// Room for everything.
    pub fn unbounded() -> Self {
        Self { tasks: u32::MAX, shortage: Shortage::None }
    }

    /// No room for anything, because of an error that has nothing to do with machines.
    pub fn refused(error: impl Into<String>) -> Self {
        Self { tasks: 0, shortage: Shortage::Launch(error.into()) }
    }

    /// Whether others have to end before a task can be placed.
    fn is_full(&self) -> bool {
        self.tasks == 0 && matches!(self.shortage, Shortage::Place(_))
    }
}

#[cfg(test)]
mod tests;

fn newest_first(events: &mut Vec<Event>, event: Event) {
    events.insert(0, event);
    events.truncate(EVENTS_KEPT);
}
