//! The life of an ECS task: what the API shows of it, and which step its reconciler takes next.
//!
//! Both are functions of the task's record, the wish that it stop, and how its containers are; neither knows where a step is
//! carried out. The states are those of the Amazon ECS Developer Guide, "Amazon ECS task lifecycle".

mod next;
mod view;

pub use next::{Outside, Step, next};
pub use view::{ContainerView, Health, View, view};

use model::{
    Timestamp,
    ecs::{ContainerProgress, Definition, Progress, Stop, StopCode, TaskPlan, TaskSpec},
};

/// Everything that a task's state is a function of.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What its task definition says.
    pub definition: &'a Definition,
    /// What was asked for.
    pub spec: &'a TaskSpec,
    /// The steps taken.
    pub plan: &'a TaskPlan,
    /// The wish that it stop.
    pub stop: Option<&'a Stop>,
    /// How its containers are, as its host says.
    pub progress: &'a Progress,
}

/// `lastStatus`, in the order of a task's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LastStatus {
    /// Its interface is being made.
    Provisioning,
    /// Images are pulled, containers start.
    Pending,
    /// Its containers run; it is being registered with load balancers.
    Activating,
    /// It runs.
    Running,
    /// Load balancers let go of it.
    Deactivating,
    /// Its containers end.
    Stopping,
    /// Its interface is taken away.
    Deprovisioning,
    /// It is over.
    Stopped,
}

impl LastStatus {
    /// The text on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            LastStatus::Provisioning => "PROVISIONING",
            LastStatus::Pending => "PENDING",
            LastStatus::Activating => "ACTIVATING",
            LastStatus::Running => "RUNNING",
            LastStatus::Deactivating => "DEACTIVATING",
            LastStatus::Stopping => "STOPPING",
            LastStatus::Deprovisioning => "DEPROVISIONING",
            LastStatus::Stopped => "STOPPED",
        }
    }
}

impl<'a> Facts<'a> {
    /// How its containers are or, after its end, were.
    pub fn progress(&self) -> &'a Progress {
        self.plan.last.as_ref().unwrap_or(self.progress)
    }

    /// Why and since when it is to stop: whatever came first of a wish, a failure, and an essential container's end.
    pub fn ending(&self) -> Option<Stop> {
        let seen = [self.stop, self.plan.failure.as_ref(), self.progress().failure.as_ref()];
        seen.into_iter().flatten().cloned().chain(self.essential_exit()).min_by_key(|stop| stop.at)
    }

    /// The end of its first essential container.
    fn essential_exit(&self) -> Option<Stop> {
        let at = self.execution_stopped_at()?;
        Some(Stop { at, code: StopCode::EssentialContainerExited, reason: "Essential container in task exited".into() })
    }

    /// When its first essential container ended.
    pub(crate) fn execution_stopped_at(&self) -> Option<Timestamp> {
        let essential = self.definition.containers.iter().filter(|container| container.essential);
        essential.filter_map(|container| self.container(&container.name)?.exited_at).min()
    }

    pub(crate) fn container(&self, name: &str) -> Option<&'a ContainerProgress> {
        self.progress().containers.get(name)
    }

    /// Every container has been started, or given up: one that is not essential may fail to start, and the task goes on.
    pub(crate) fn all_started(&self) -> bool {
        let come = |container: &ContainerProgress| container.started_at.is_some() || container.exited_at.is_some();
        let started = |name: &str| self.container(name).is_some_and(come);
        self.definition.containers.iter().all(|container| started(&container.name))
    }

    /// No container runs, nor will one start.
    pub(crate) fn all_ended(&self) -> bool {
        let over = |container: &ContainerProgress| container.exited_at.is_some() || container.started_at.is_none();
        self.progress().containers.values().all(over)
    }

    /// How far it is.
    pub fn last_status(&self) -> LastStatus {
        let serves = self.spec.load_balancers.is_empty() || self.plan.registered.is_some();
        match self.ending() {
            _ if self.plan.stopped_at.is_some() => LastStatus::Stopped,
            Some(_) => self.way_down(),
            None if self.plan.placed_at.is_none() => LastStatus::Provisioning,
            None if !self.all_started() => LastStatus::Pending,
            None if !serves => LastStatus::Activating,
            None => LastStatus::Running,
        }
    }

    fn way_down(&self) -> LastStatus {
        let interface = self.plan.interface.is_some();
        match self.plan.halted_at {
            None if self.plan.registered.is_some() => LastStatus::Deactivating,
            None => LastStatus::Stopping,
            Some(_) if self.all_ended() && interface => LastStatus::Deprovisioning,
            Some(_) => LastStatus::Stopping,
        }
    }
}

#[cfg(test)]
mod tests;
