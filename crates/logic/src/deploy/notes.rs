//! What has happened to a service's tasks since the last decision: said once, and counted once.

use super::{Draft, TaskFact, TaskHealth, TaskState, bounds, events};
use model::ecs::{Noted, RolloutState};
use std::collections::BTreeMap;

impl Draft<'_> {
    /// Compares each task with what was noted of it.
    pub(super) fn note_tasks(&mut self) {
        let before = std::mem::take(&mut self.plan.tasks);
        let mut changes = Changes::default();
        for task in self.on.tasks {
            let old = before.get(&task.id).copied().unwrap_or_default();
            let new = self.note(task, old);
            changes.add(task, old, new);
            self.plan.tasks.insert(task.id.clone(), new);
        }
        self.say_changes(&changes);
        self.drop_drained();
    }

    fn note(&mut self, task: &TaskFact, old: Noted) -> Noted {
        let new = Noted {
            ran: old.ran || task.started_at.is_some(),
            healthy: old.healthy || task.is_settled(),
            registered: old.registered || task.registered,
            stopping: old.stopping || !task.is_active(),
            deregistered: old.deregistered || task.deregistered,
            failed: old.failed || (task.died_at.is_some() && task.started_at.is_none()),
            stopped: old.stopped || task.state == TaskState::Stopped,
        };
        if new.ran && !old.ran {
            self.ran(task);
        }
        if new.healthy && !old.healthy {
            self.became_healthy(task);
        }
        if new.failed && !old.failed {
            self.failed_to_start(task);
        }
        if new.stopping && !old.stopping {
            self.died(task);
        }
        new
    }

    /// A task that runs ends the throttling; the first one of its deployment sets the deployment's failures to zero.
    fn ran(&mut self, task: &TaskFact) {
        self.plan.failures_in_a_row = 0;
        self.plan.start_after = None;
        let now = self.on.now;
        if let Some(deployment) = self.deployment_of(task).filter(|deployment| !deployment.ran) {
            (deployment.ran, deployment.failed_tasks, deployment.updated_at) = (true, 0, now);
        }
    }

    fn became_healthy(&mut self, task: &TaskFact) {
        let resets = self.on.spec.rollout.circuit_breaker.is_none_or(|breaker| breaker.reset_on_healthy_task);
        if let Some(deployment) = self.deployment_of(task).filter(|_| resets) {
            deployment.failed_tasks = 0;
        }
    }

    fn failed_to_start(&mut self, task: &TaskFact) {
        let waits = self.plan.start_after.is_some_and(|until| self.on.now < until);
        if !waits {
            self.attempt_failed();
        }
        self.count_failure(task);
    }

    /// One more attempt has failed. Tasks that fail while the scheduler waits already were started together: they are one attempt.
    fn attempt_failed(&mut self) {
        self.plan.failures_in_a_row += 1;
        let failures = self.plan.failures_in_a_row;
        self.plan.start_after = Some(self.on.now + bounds::backoff(failures));
        if failures == THROTTLING_IS_SAID_AT {
            self.say(events::throttled(self.on.name));
        }
    }

    /// One more failure of the task's deployment, as long as it is under way.
    pub(super) fn count_failure(&mut self, task: &TaskFact) {
        let now = self.on.now;
        if let Some(deployment) = self.deployment_of(task).filter(|deployment| deployment.state == RolloutState::InProgress) {
            deployment.failed_tasks += 1;
            deployment.updated_at = now;
        }
    }

    /// A task that dies soon after its start isn't replaced at once, lest the machine do nothing but start it.
    fn died(&mut self, task: &TaskFact) {
        let short = |at| task.started_at.is_some_and(|started| at < started + bounds::SHORT_LIFE);
        if let Some(at) = task.died_at.filter(|at| short(*at)) {
            let earliest = at + bounds::CRASH_PACE;
            self.plan.start_after = Some(self.plan.start_after.map_or(earliest, |other| other.max(earliest)));
        }
    }

    fn say_changes(&mut self, changes: &Changes) {
        let service = self.on.name;
        for (group, count) in self.by_group(&changes.registered) {
            self.say(events::registered(service, count, &group));
        }
        let drained = self.by_group(&changes.deregistered);
        if !drained.is_empty() {
            self.say(events::draining(service, changes.deregistered.values().sum()));
        }
        for (group, count) in drained {
            self.say(events::deregistered(service, count, &group));
        }
    }

    /// Counts of tasks by deployment as counts of targets by target group.
    fn by_group(&self, by_deployment: &BTreeMap<String, usize>) -> BTreeMap<String, usize> {
        let mut groups = BTreeMap::new();
        for deployment in &self.plan.deployments {
            let count = by_deployment.get(&deployment.target.deployment).copied().unwrap_or_default();
            let balancers = deployment.target.load_balancers.iter().filter(|_| count > 0);
            balancers.for_each(|balancer| *groups.entry(balancer.target_group.clone()).or_default() += count);
        }
        groups
    }
}

/// So many failures in a row are not chance.
const THROTTLING_IS_SAID_AT: u32 = 3;

/// How many tasks of each deployment were newly registered and deregistered.
#[derive(Default)]
struct Changes {
    registered: BTreeMap<String, usize>,
    deregistered: BTreeMap<String, usize>,
}

impl Changes {
    fn add(&mut self, task: &TaskFact, old: Noted, new: Noted) {
        if new.registered && !old.registered {
            *self.registered.entry(task.deployment.clone()).or_default() += 1;
        }
        if new.deregistered && !old.deregistered {
            *self.deregistered.entry(task.deployment.clone()).or_default() += 1;
        }
    }
}

impl Draft<'_> {
    /// Stops tasks whose health checks fail outside of the grace period.
    pub(super) fn stop_unhealthy(&mut self) {
        let unhealthy: Vec<_> = self.active().filter(|task| matches!(task.health, TaskHealth::Unhealthy { .. })).collect();
        for task in unhealthy {
            let TaskHealth::Unhealthy { stop_reason, event } = &task.health else { continue };
            let Some(over) = self.grace_is_over(task).then_some(event) else { continue };
            self.say(format!("(service {}) {over}", self.on.name));
            self.stop(task, stop_reason.clone());
            self.count_failure(task);
        }
    }

    fn grace_is_over(&mut self, task: &TaskFact) -> bool {
        let grace = std::time::Duration::from_secs(self.on.spec.grace_period.unwrap_or_default().into());
        let Some(ends) = task.started_at.map(|at| at + grace) else { return false };
        if self.on.now < ends {
            self.wake_at(ends);
        }
        self.on.now >= ends
    }
}
