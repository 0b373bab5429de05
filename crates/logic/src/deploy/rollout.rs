//! Deployments: how they come, fail, give way and are completed.

use super::{Draft, TaskFact, bounds, events};
use model::ecs::{Deployment, RolloutState, ServicePlan, ServiceSpec, Target};

/// The deployments of a service, the primary one first: those of its plan and, before them, the one that was asked for since.
pub fn take_up(spec: &ServiceSpec, plan: &ServicePlan) -> Vec<Deployment> {
    let known = plan.taken_up.as_deref() == Some(&*spec.target.deployment) && !plan.deployments.is_empty();
    let new = (!known).then(|| Deployment {
        target: spec.target.clone(),
        state: RolloutState::InProgress,
        reason: in_progress(&spec.target.deployment),
        failed_tasks: 0,
        ran: false,
        updated_at: spec.target.asked_at,
    });
    new.into_iter().chain(plan.deployments.iter().cloned()).collect()
}

/// What new tasks of a service are: what was asked for last or, after a roll-back, what it went back to.
pub fn primary_target(spec: &ServiceSpec, plan: &ServicePlan) -> Target {
    take_up(spec, plan).into_iter().next().map_or_else(|| spec.target.clone(), |deployment| deployment.target)
}

fn in_progress(deployment: &str) -> String {
    format!("ECS deployment {deployment} in progress.")
}

impl Draft<'_> {
    /// There is always one: [`take_up`] never answers an empty list, and nothing drops the first.
    pub(super) fn primary(&self) -> &Deployment {
        &self.plan.deployments[0]
    }

    pub(super) fn deployment_of(&mut self, task: &TaskFact) -> Option<&mut Deployment> {
        self.plan.deployments.iter_mut().find(|deployment| deployment.target.deployment == task.deployment)
    }

    /// Forgets deployments that gave way and whose tasks have all stopped.
    pub(super) fn drop_drained(&mut self) {
        let tasks = self.on.tasks;
        let has_tasks = |deployment: &Deployment| {
            let mut own = tasks.iter().filter(|task| task.deployment == deployment.target.deployment);
            own.any(|task| task.state != super::TaskState::Stopped)
        };
        let primary = self.primary().target.deployment.clone();
        self.plan.deployments.retain(|deployment| deployment.target.deployment == primary || has_tasks(deployment));
    }

    /// Gives the primary deployment up if too many of its tasks have failed.
    pub(super) fn break_circuit(&mut self) {
        let Some(breaker) = self.on.spec.rollout.circuit_breaker.filter(|breaker| breaker.enable) else { return };
        let threshold = bounds::failure_threshold(breaker.threshold, self.on.spec.desired_count);
        let primary = self.primary();
        if primary.state != RolloutState::InProgress || primary.failed_tasks < threshold {
            return;
        }
        self.fail_primary();
        if breaker.rollback {
            self.roll_back();
        }
    }

    fn fail_primary(&mut self) {
        let primary = &mut self.plan.deployments[0];
        primary.state = RolloutState::Failed;
        primary.reason = "ECS deployment circuit breaker: tasks failed to start.".into();
        primary.updated_at = self.on.now;
        let id = primary.target.deployment.clone();
        self.say(events::failed(self.on.name, &id));
    }

    /// The last completed deployment becomes the primary one again, under its own id.
    fn roll_back(&mut self) {
        let failed = self.primary().target.deployment.clone();
        let Some(target) = self.plan.completed.clone().filter(|target| target.deployment != failed) else { return };
        let id = target.deployment.clone();
        self.plan.deployments.retain(|deployment| deployment.target.deployment != id);
        let reason = format!("ECS deployment circuit breaker: rolling back to deploymentId {id}.");
        let updated_at = self.on.now;
        let deployment = Deployment { target, state: RolloutState::InProgress, reason, failed_tasks: 0, ran: false, updated_at };
        self.plan.deployments.insert(0, deployment);
        (self.plan.failures_in_a_row, self.plan.start_after) = (0, None);
        self.say(events::rolling_back(self.on.name, &id));
    }

    /// Sees whether nothing is left to do: the primary deployment is alone, and all its tasks are as they should be.
    pub(super) fn settle(&mut self) {
        let primary = self.primary().target.deployment.clone();
        let settled = self.active().filter(|task| task.deployment == primary && task.is_settled()).count();
        let all = settled == self.on.spec.desired_count as usize && self.active().count() == settled;
        let steady = all && self.start.is_empty() && self.plan.deployments.len() == 1 && self.stop.is_empty();
        if steady && self.primary().state == RolloutState::InProgress {
            self.complete();
        }
        if steady && !self.plan.steady {
            self.say(events::steady(self.on.name));
        }
        self.plan.steady = steady;
    }

    fn complete(&mut self) {
        let primary = &mut self.plan.deployments[0];
        primary.state = RolloutState::Completed;
        primary.reason = format!("ECS deployment {} completed.", primary.target.deployment);
        primary.updated_at = self.on.now;
        self.plan.completed = Some(primary.target.clone());
        let id = primary.target.deployment.clone();
        self.say(events::completed(self.on.name, &id));
    }

    /// Stops everything of a deleted service.
    pub(super) fn drain(&mut self) {
        let active: Vec<_> = self.active().collect();
        active.into_iter().for_each(|task| self.scale(task));
        self.say_stopped();
        let over = self.on.tasks.iter().all(|task| task.state == super::TaskState::Stopped);
        if over && self.plan.inactive_at.is_none() {
            self.plan.inactive_at = Some(self.on.now);
        }
    }
}
