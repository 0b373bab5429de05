//! What is to be started and ended, with the room that there is.

use super::{Environment, EnvironmentId, Fleet, Orders, Release, ReleaseId, Start, State, Ticket};
use model::Timestamp;

/// What a release lacks, by whoever waits longest for it.
struct Want {
    release: ReleaseId,
    /// Environments of it that are missing.
    missing: u32,
    /// Who waits longest; nobody, if it is only that some are to be kept ready.
    first: Option<Ticket>,
    memory_mib: u64,
}

/// What is there, and what will be left when those that are ending are gone.
#[derive(Clone, Copy)]
struct Room {
    environments: usize,
    memory_mib: u64,
}

impl Room {
    fn holds(self, memory_mib: u64) -> bool {
        self.environments > 0 && self.memory_mib >= memory_mib
    }
}

impl Fleet {
    /// What is to be done now. Costs next to nothing while nobody waits.
    pub fn orders(&mut self, now: Timestamp) -> Orders {
        let mut orders = Orders::default();
        if self.waiting > 0 {
            self.start_wanted(now, &mut orders);
        }
        orders.end = std::mem::take(&mut self.ending);
        orders
    }

    /// What is to be done because of the time that has passed, besides what [`Fleet::orders`] says: environments that nobody needs are
    /// ended, those that are to be kept ready are started, and invocations that wait for too long are sent away.
    pub fn tidy(&mut self, now: Timestamp) -> Orders {
        let lapsed = self.lapse(now);
        self.full_at = None;
        for id in self.due(now) {
            self.dismiss(id);
        }
        let mut orders = Orders { lapsed, ..Orders::default() };
        self.start_wanted(now, &mut orders);
        orders.end = std::mem::take(&mut self.ending);
        orders
    }

    /// When [`Fleet::tidy`] will have something to do if nothing happens before.
    pub fn next_tidy(&self, now: Timestamp) -> Option<Timestamp> {
        let rules = &self.rules;
        let ends = self.environments.values().filter_map(|environment| match environment.state {
            State::Idle { since } if self.is_surplus(environment.release) => {
                Some((since + rules.idle).min(environment.started + rules.life))
            }
            State::Idle { .. } => Some(environment.started + rules.life),
            State::Starting => Some(environment.started + rules.start_counts_for).filter(|at| *at > now),
            State::Busy(_) | State::Ending => None,
        });
        let waits =
            self.releases.values().filter_map(|release| release.waiting.front()).map(|(_, since)| *since + rules.patience);
        ends.chain(waits).min()
    }

    /// Environments that nobody has needed for so long, and those that have lived so long.
    fn due(&self, now: Timestamp) -> Vec<EnvironmentId> {
        let mut due = Vec::new();
        for release in self.releases.values() {
            let mut surplus = release.environments.saturating_sub(release.kept);
            for id in &release.idle {
                let Some(environment) = self.environments.get(id) else { continue };
                let State::Idle { since } = environment.state else { continue };
                let worn = environment.started + self.rules.life <= now;
                let unneeded = surplus > 0 && since + self.rules.idle <= now;
                if worn || unneeded {
                    due.push(*id);
                    surplus = surplus.saturating_sub(1);
                }
            }
        }
        due.sort_unstable();
        due
    }

    fn lapse(&mut self, now: Timestamp) -> Vec<Ticket> {
        let patience = self.rules.patience;
        let waiting = self.releases.values().flat_map(|release| &release.waiting);
        let mut lapsed: Vec<Ticket> = waiting.filter(|(_, since)| *since + patience <= now).map(|(ticket, _)| *ticket).collect();
        lapsed.sort_unstable();
        lapsed.iter().for_each(|ticket| self.leave(*ticket));
        lapsed
    }

    /// Starts what is wanted, whoever waits longest first, and makes room for it.
    fn start_wanted(&mut self, now: Timestamp, orders: &mut Orders) {
        let mut wants: Vec<Want> = self.releases.iter().filter_map(|(id, release)| want(*id, release)).collect();
        wants.sort_unstable_by_key(|want| (want.first.is_none(), want.first, want.release));
        let young = |environment: &&Environment| {
            environment.state == State::Starting && now < environment.started + self.rules.start_counts_for
        };
        let mut starts = self.rules.starts.saturating_sub(self.environments.values().filter(young).count());
        for want in wants {
            for _ in 0..want.missing {
                if starts == 0 {
                    return;
                }
                if !self.room(false).holds(want.memory_mib) {
                    self.make_room(&want);
                    break;
                }
                orders.start.push(self.begin(want.release, now));
                starts -= 1;
            }
        }
    }

    fn begin(&mut self, release: ReleaseId, now: Timestamp) -> Start {
        let environment = EnvironmentId(self.number());
        self.environments.insert(environment, Environment { release, state: State::Starting, started: now });
        let mut provisioned = false;
        if let Some(release) = self.releases.get_mut(&release) {
            provisioned = release.environments < release.kept;
            release.environments += 1;
            release.starting += 1;
        }
        Start { environment, release, provisioned }
    }

    /// Ends environments that nobody needs until there will be room for one, those first that weren't needed for the longest time. What is
    /// kept ready only for its own sake makes nobody leave.
    fn make_room(&mut self, want: &Want) {
        while want.first.is_some() && !self.room(true).holds(want.memory_mib) {
            let idle = self.environments.iter().filter_map(|(id, environment)| match environment.state {
                State::Idle { since } if self.is_surplus(environment.release) => Some((since, *id)),
                _ => None,
            });
            let Some((_, id)) = idle.min() else { break };
            self.dismiss(id);
        }
    }

    fn is_surplus(&self, release: ReleaseId) -> bool {
        self.releases.get(&release).is_none_or(|release| release.environments > release.kept)
    }

    /// What is left; `soon` counts as left what is about to end.
    fn room(&self, soon: bool) -> Room {
        let environments = self.full_at.map_or(self.rules.environments, |full| full.min(self.rules.environments));
        let mut room = Room { environments, memory_mib: self.rules.memory_mib };
        for environment in self.environments.values().filter(|environment| !soon || environment.state != State::Ending) {
            let memory = self.releases.get(&environment.release).map_or(0, |release| release.terms.memory_mib);
            room.environments = room.environments.saturating_sub(1);
            room.memory_mib = room.memory_mib.saturating_sub(memory);
        }
        room
    }

    /// Whether somebody else waits longer than anybody for this release, has no environment at all, and there is no room for one: he would
    /// wait for ever if each environment that becomes free went on with its own.
    pub(super) fn starves_others(&self, own: ReleaseId) -> bool {
        let first = |release: &Release| release.waiting.front().map(|(ticket, _)| *ticket);
        let Some(own_first) = self.releases.get(&own).filter(|_| self.waiting > 1).and_then(first) else { return false };
        let starves = |release: &&Release| release.environments == 0 && first(release).is_some_and(|ticket| ticket < own_first);
        let starving = self.releases.values().find(starves);
        starving.is_some_and(|release| !self.room(true).holds(release.terms.memory_mib))
    }
}

fn want(id: ReleaseId, release: &Release) -> Option<Want> {
    let waiting = u32::try_from(release.waiting.len()).unwrap_or(u32::MAX);
    let for_waiting = waiting.saturating_sub(release.starting);
    let for_keeping = release.kept.saturating_sub(release.environments);
    let missing = for_waiting.max(for_keeping);
    let first = release.waiting.front().map(|(ticket, _)| *ticket).filter(|_| for_waiting > 0);
    (missing > 0).then_some(Want { release: id, missing, first, memory_mib: release.terms.memory_mib })
}
