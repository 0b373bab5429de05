//! Which tasks to stop and to start, within the bounds of the deployment configuration.

use super::{Draft, Start, TaskFact, bounds, events};
use crate::placement;
use model::ecs::{Launch, Noted, RolloutState, Stop, StopCode, Target};
use std::cmp::Reverse;

impl<'a> Draft<'a> {
    fn split(&self) -> (Vec<&'a TaskFact>, Vec<&'a TaskFact>) {
        let primary = self.primary().target.deployment.clone();
        self.active().partition(|task| task.deployment == primary)
    }

    fn healthy(&self) -> u32 {
        self.active().filter(|task| task.counts_as_healthy(self.on.now)).count() as u32
    }

    pub(super) fn stop(&mut self, task: &TaskFact, reason: String) {
        let stop = Stop { at: self.on.now, code: StopCode::ServiceSchedulerInitiated, reason };
        self.stop.push((task.id.clone(), stop));
        if let Some(noted) = self.plan.tasks.get_mut(&task.id) {
            *noted = Noted { stopping: true, ..*noted };
        }
    }

    pub(super) fn scale(&mut self, task: &TaskFact) {
        let deployment = self.plan.deployments.first().map_or(&*task.deployment, |primary| &primary.target.deployment);
        self.stop(task, format!("Scaling activity initiated by (deployment {deployment})"));
    }

    pub(super) fn say_stopped(&mut self) {
        if !self.stop.is_empty() {
            self.said.push(events::stopped(self.on.name, self.stop.iter().map(|(id, _)| id).collect::<Vec<_>>().into_iter()));
        }
    }

    /// Stops tasks of deployments that give way: those that don't serve at once, the others as new ones take their place or, where
    /// new ones have no room, as far as `minimumHealthyPercent` allows.
    pub(super) fn retire(&mut self) {
        if self.primary().state == RolloutState::Failed {
            return;
        }
        let (_, mut old) = self.split();
        old.sort_by_key(|task| (task.counts_as_healthy(self.on.now), task.runs(), Reverse(task.created_at)));
        let floor = self.floor();
        for task in old {
            if self.may_stop(task, floor) {
                self.scale(task);
            } else {
                self.wake_when_trusted();
            }
        }
    }

    /// So many healthy tasks have to be left. More than the minimum, as long as new ones can be started beside the old ones.
    fn floor(&self) -> u32 {
        let (desired, rollout) = (self.on.spec.desired_count, &self.on.spec.rollout);
        let (new, old) = self.split();
        let full = (new.len() + old.len()) as u32 >= bounds::maximum(rollout, desired) || self.on.room.is_full();
        let wanting = (new.len() as u32) < desired;
        let minimum = bounds::minimum_healthy(rollout, desired);
        if full && wanting { minimum } else { minimum.max(desired) }
    }

    /// Whether enough is left without the task. One that runs without having been judged yet may serve: it goes only when enough
    /// healthy or, failing that, enough running tasks are left.
    fn may_stop(&self, task: &TaskFact, floor: u32) -> bool {
        let running = self.active().filter(|task| task.runs()).count() as u32;
        let healthy = self.healthy();
        match () {
            () if task.counts_as_healthy(self.on.now) => healthy > floor,
            () if task.runs() => healthy >= floor || running > floor,
            () => true,
        }
    }

    /// Tasks without health checks become healthy with time alone.
    fn wake_when_trusted(&mut self) {
        let young = self.active().filter(|task| task.is_settled() && !task.counts_as_healthy(self.on.now));
        let moments: Vec<_> = young.filter_map(|task| Some(task.started_at? + bounds::TRUSTED_AFTER)).collect();
        moments.into_iter().for_each(|at| self.wake_at(at));
    }

    /// Stops tasks of the primary deployment that are too many: those that don't serve first, then from the fullest subnet, the
    /// newest first.
    pub(super) fn scale_in(&mut self) {
        loop {
            let (new, _) = self.split();
            if new.len() as u32 <= self.on.spec.desired_count {
                break;
            }
            let crowd = |task: &TaskFact| new.iter().filter(|other| other.subnet == task.subnet).count();
            let rank = |task: &&&TaskFact| {
                (task.is_settled(), task.runs(), Reverse(crowd(task)), Reverse(task.created_at), task.id.clone())
            };
            let Some(task) = new.iter().min_by_key(rank).copied() else { break };
            self.scale(task);
        }
        self.say_stopped();
    }

    /// Starts as many tasks of the primary deployment as are wanting, as far as `maximumPercent`, the throttle and the room allow.
    pub(super) fn scale_out(&mut self) {
        let (new, old) = self.split();
        let desired = self.on.spec.desired_count;
        let wanting = desired.saturating_sub(new.len() as u32);
        if wanting == 0 || self.primary().state == RolloutState::Failed || self.throttled() {
            return;
        }
        let active = (new.len() + old.len()) as u32;
        let allowed = wanting.min(bounds::maximum(&self.on.spec.rollout, desired).saturating_sub(active));
        if allowed == 0 {
            self.say_if_stuck(&old);
        }
        self.say_if_no_room(allowed);
        for _ in 0..allowed.min(self.on.room.tasks) {
            let start = self.new_task(&new);
            self.start.push(start);
        }
    }

    fn throttled(&mut self) -> bool {
        let Some(until) = self.plan.start_after.filter(|until| self.on.now < *until) else { return false };
        self.wake_at(until);
        true
    }

    /// Where the bounds leave no step at all, and no old task is on its way out, nothing would ever happen.
    fn say_if_stuck(&mut self, old: &[&TaskFact]) {
        let stays = |task: &&TaskFact| task.counts_as_healthy(self.on.now);
        let none_goes = self.stop.is_empty() && self.on.tasks.iter().all(|task| task.state != super::TaskState::Stopping);
        if none_goes && !old.is_empty() && old.iter().all(stays) {
            self.say_once(events::stuck(self.on.name));
        }
    }

    fn say_if_no_room(&mut self, allowed: u32) {
        if self.on.room.tasks < allowed {
            self.say_once(events::shortage(self.on.name, &self.on.room.shortage));
        } else if allowed > 0 {
            self.plan.unplaced = None;
        }
    }

    /// Says something that hinders the service, once for as long as nothing else does.
    fn say_once(&mut self, text: String) {
        if self.plan.unplaced.as_ref() != Some(&text) {
            self.plan.unplaced = Some(text.clone());
            self.say(text);
        }
    }

    fn new_task(&self, running: &[&TaskFact]) -> Start {
        let target: Target = self.primary().target.clone();
        let subnets = running.iter().filter_map(|task| task.subnet.as_deref());
        let subnets = subnets.chain(self.start.iter().filter_map(|start| start.subnet.as_deref()));
        let subnet = target.network.as_ref().and_then(|network| placement::subnet(&network.subnets, subnets));
        let providers = running.iter().filter_map(|task| task.provider.as_deref());
        let providers = providers.chain(self.start.iter().filter_map(|start| start.provider.as_deref()));
        let provider = match &target.launch {
            Launch::Providers(shares) => placement::provider(shares, providers),
            Launch::Type(_) => None,
        };
        Start { target, subnet, provider }
    }
}
