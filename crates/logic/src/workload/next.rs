//! What is to be done now, and when to look again.

use super::{
    ImageStage, Progress, Stage, Step,
    depend::{Standing, standing, timeout_end},
};
use agent_proto::workload::{Container, Workload};
use model::Timestamp;

impl Progress {
    /// The steps to be carried out now, noted as begun. There is nothing more to do until something is observed or [`Self::wake`] has come.
    pub fn next(&mut self, spec: &Workload, now: Timestamp) -> Vec<Step> {
        self.give_up(spec, now);
        let steps = match self.goes_on(spec) {
            true => [self.preparations(spec), self.starts(spec, now), self.checks(spec, now)].concat(),
            false => [self.stops(spec, now), self.clean()].concat(),
        };
        steps.iter().for_each(|step| self.begin(step, now));
        steps
    }

    /// The next moment at which time alone calls for a step. `now` is the moment for which [`Self::next`] had nothing more to do: what
    /// has become due since then is not passed over.
    pub fn wake(&self, spec: &Workload, now: Timestamp) -> Option<Timestamp> {
        let moments = spec.containers.iter().filter_map(|container| match self.goes_on(spec) {
            true => self.next_start_or_check(spec, container, now),
            false => self.kill_at(container),
        });
        moments.filter(|moment| *moment > now).min()
    }

    fn goes_on(&self, spec: &Workload) -> bool {
        let all_ended = self.containers.values().all(|track| track.has_ended());
        spec.run && self.failure.is_none() && !all_ended
    }

    /// Ends the containers that wait for what will never come, and all that wait when the workload does not go on.
    fn give_up(&mut self, spec: &Workload, now: Timestamp) {
        // Each round may let others wait for what will never come.
        while let Some((container, why)) = self.hopeless(spec, now) {
            let reason = format!("CannotStartContainerError: {why}");
            if let Some(track) = self.containers.get_mut(&container.name) {
                track.end(now, None, Some(reason.clone()));
            }
            if container.essential {
                self.fail("TaskFailedToStart", reason, now);
            }
        }
        if !self.goes_on(spec) {
            self.containers.values_mut().filter(|track| track.is_waiting()).for_each(|track| track.end(now, None, None));
        }
    }

    fn hopeless<'a>(&self, spec: &'a Workload, now: Timestamp) -> Option<(&'a Container, String)> {
        let waiting = spec.containers.iter().filter(|container| self.track(container).is_some_and(|track| track.is_waiting()));
        if !self.goes_on(spec) {
            return None;
        }
        waiting.into_iter().find_map(|container| {
            self.standings(spec, container, now).find_map(|standing| match standing {
                Standing::Never(why) => Some((container, why)),
                _ => None,
            })
        })
    }

    fn standings<'a>(
        &'a self,
        spec: &'a Workload,
        container: &'a Container,
        now: Timestamp,
    ) -> impl Iterator<Item = Standing> + 'a {
        container.depends_on.iter().map(move |dependency| {
            let on = spec.containers.iter().find(|other| other.name == dependency.container);
            match on.and_then(|on| Some((on, self.track(on)?))) {
                Some((on, track)) => standing(dependency.condition, on, track, now),
                None => Standing::Never(format!("there is no container {}", dependency.container)),
            }
        })
    }

    fn preparations(&self, spec: &Workload) -> Vec<Step> {
        let join = (self.network == Stage::Wanted).then_some(Step::Join);
        let wanted = |container: &&Container| {
            self.track(container).is_some_and(|track| track.image == ImageStage::Wanted && track.is_waiting())
        };
        // The network comes first: a task that can't have one pulls nothing.
        let pulls = spec.containers.iter().filter(wanted).map(|container| Step::Pull(container.name.clone()));
        join.into_iter().chain(pulls.filter(|_| self.network == Stage::Done)).collect()
    }

    fn starts(&self, spec: &Workload, now: Timestamp) -> Vec<Step> {
        let ready = |container: &&Container| {
            let track = self.track(container);
            track.is_some_and(|track| track.is_waiting() && track.image == ImageStage::Ready)
                && self.network == Stage::Done
                && self.standings(spec, container, now).all(|standing| standing == Standing::Met)
        };
        spec.containers.iter().filter(ready).map(|container| Step::Start(container.name.clone())).collect()
    }

    fn checks(&self, spec: &Workload, now: Timestamp) -> Vec<Step> {
        let due = |container: &&Container| self.check_at(container).is_some_and(|at| at <= now);
        spec.containers.iter().filter(due).map(|container| Step::Check(container.name.clone())).collect()
    }

    fn check_at(&self, container: &Container) -> Option<Timestamp> {
        let check = container.health_check.as_ref()?;
        let track = self.track(container).filter(|track| track.is_running())?;
        track.health.due(check, track.started()?)
    }

    fn next_start_or_check(&self, spec: &Workload, container: &Container, now: Timestamp) -> Option<Timestamp> {
        let is_waited_for = |track: &super::Track| {
            let waits = |other: &&Container| other.depends_on.iter().any(|dependency| dependency.container == container.name);
            let waiting = spec.containers.iter().filter(waits).any(|other| self.track(other).is_some_and(|t| t.is_waiting()));
            waiting && !track.has_ended()
        };
        let timeout = self.track(container).filter(|track| is_waited_for(track)).and_then(|track| timeout_end(container, track));
        [timeout, self.check_at(container)].into_iter().flatten().filter(|moment| *moment > now).min()
    }

    fn stops(&self, spec: &Workload, now: Timestamp) -> Vec<Step> {
        let running = |container: &&Container| self.track(container).is_some_and(|track| track.is_running());
        let needed = |container: &Container| {
            let dependents =
                spec.containers.iter().filter(|other| other.depends_on.iter().any(|d| d.container == container.name));
            dependents.into_iter().any(|other| self.track(other).is_some_and(|track| track.is_running() || track.starting))
        };
        let all: Vec<&Container> = spec.containers.iter().filter(running).collect();
        let free: Vec<&Container> = all.iter().copied().filter(|container| !needed(container)).collect();
        let starting = self.containers.values().any(|track| track.starting);
        // A circle of dependencies can't have been started, but must not keep anything alive either.
        let stoppable = if free.is_empty() && !starting { all } else { free };
        stoppable.into_iter().filter_map(|container| self.stop(container, now)).collect()
    }

    fn stop(&self, container: &Container, now: Timestamp) -> Option<Step> {
        let track = self.track(container)?;
        match (track.asked_at, self.kill_at(container)) {
            (None, _) => Some(Step::Ask(container.name.clone())),
            (Some(_), Some(at)) if at <= now => Some(Step::Kill(container.name.clone())),
            _ => None,
        }
    }

    fn kill_at(&self, container: &Container) -> Option<Timestamp> {
        let track = self.track(container).filter(|track| track.is_running() && !track.killed)?;
        Some(track.asked_at? + container.stop_timeout)
    }

    fn clean(&self) -> Vec<Step> {
        let ended = self.containers.values().all(|track| track.has_ended());
        // What a join that still goes on makes would be left behind.
        let wanted = ended && self.cleaning == Stage::Wanted && self.network != Stage::Begun;
        wanted.then_some(Step::Clean).into_iter().collect()
    }

    fn begin(&mut self, step: &Step, now: Timestamp) {
        let track = match step {
            Step::Join => return self.network = Stage::Begun,
            Step::Clean => return self.cleaning = Stage::Begun,
            Step::Pull(name) | Step::Start(name) | Step::Check(name) | Step::Ask(name) | Step::Kill(name) => {
                self.containers.get_mut(name)
            }
        };
        let Some(track) = track else { return };
        match step {
            Step::Pull(_) => {
                track.image = ImageStage::Pulling;
                self.pull_started_at.get_or_insert(now);
            }
            Step::Start(_) => track.starting = true,
            Step::Check(_) => track.health.begin(now),
            Step::Ask(_) => track.asked_at = Some(now),
            Step::Kill(_) => track.killed = true,
            Step::Join | Step::Clean => {}
        }
    }
}
