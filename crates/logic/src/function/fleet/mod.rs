//! The environments of a host: which of them takes an invocation, when one is started, and when one is ended.
//!
//! A [`Fleet`] is told what happens (an invocation arrives, an environment is ready, free, gone) and says what is to be done. It has neither a
//! clock nor a host; whoever has them does what it says, in [`Fleet::orders`] and [`Fleet::tidy`], and tells what came of it. An invocation
//! that finds an environment that waits costs a few look-ups.
//!
//! An invocation that finds none waits for the first that is started for its release or becomes free; for each that waits one is started,
//! as far as the host has room. Room is made by ending the environment that nobody has needed for the longest time.

mod room;
#[cfg(test)]
mod tests;

use super::concurrency::{Charge, GROWTH, Limits, Throttle, UnderWay, charge, requests};
use crate::token_bucket::Bucket;
use model::Timestamp;
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionId(pub u64);
/// An account in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlaceId(pub u64);
/// A version of a function as it was at one time: all environments of a release are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReleaseId(pub u64);
/// An environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnvironmentId(pub u64);
/// An invocation that is under way. They are given in the order in which invocations arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What holds for all environments.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The most environments at a time.
    pub environments: usize,
    /// How much memory they may have together, in MiB.
    pub memory_mib: u64,
    /// How many are started at a time. Starting is work for the processor: too many at once would all be late.
    pub starts: usize,
    /// After so long a start doesn't count among those any more: it waits for something, or has much to do.
    pub start_counts_for: Duration,
    /// For how long one is kept that nobody needs.
    pub idle: Duration,
    /// How long one lives; it is ended before its credentials do.
    pub life: Duration,
    /// How long an invocation waits for one.
    pub patience: Duration,
}

/// What the fleet has to know of a release.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Whose it is.
    pub function: FunctionId,
    /// Where that is.
    pub place: PlaceId,
    /// The memory of its environments, in MiB.
    pub memory_mib: u64,
}

/// An invocation arrives.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// What it wants to run.
    pub release: ReleaseId,
    /// What is reserved for the function.
    pub reserved: Option<u32>,
    /// What the account has for functions with nothing reserved ([`super::concurrency::unreserved`]).
    pub unreserved: u32,
    /// It counts among the requests in a second: what was queued doesn't (Lambda quotas, "Invocation requests per second").
    pub paced: bool,
}

/// What becomes of an invocation that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// An environment takes it.
    Taken(Ticket, EnvironmentId),
    /// It waits for one.
    Waits(Ticket),
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// Environments to start.
    pub start: Vec<Start>,
    /// Environments to end; then [`Fleet::gone`] wants to be told.
    pub end: Vec<EnvironmentId>,
    /// Invocations that have waited for too long.
    pub lapsed: Vec<Ticket>,
}

/// An environment to start; then [`Fleet::ready`], [`Fleet::failed`] or [`Fleet::refused`] wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// What it is called from now on.
    pub environment: EnvironmentId,
    /// What it is to run.
    pub release: ReleaseId,
    /// It is one of those that are kept ready.
    pub provisioned: bool,
}

/// How many environments a release has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// All that run, whether they are busy or not.
    pub ready: u32,
    /// Those that wait for an invocation.
    pub idle: u32,
    /// Those that are being started.
    pub starting: u32,
}

/// See the module.
#[derive(Debug)]
pub struct Fleet {
    rules: Rules,
    releases: HashMap<ReleaseId, Release>,
    environments: HashMap<EnvironmentId, Environment>,
    under_way: HashMap<Ticket, (ReleaseId, Charge)>,
    functions: HashMap<FunctionId, Function>,
    places: HashMap<PlaceId, Place>,
    /// Invocations that wait.
    waiting: usize,
    /// Environments that are told to end, but haven't been ordered to yet.
    ending: Vec<EnvironmentId>,
    /// The host has said that it has no room for more than so many; until one is gone, or some time has passed.
    full_at: Option<usize>,
    last: u64,
}

#[derive(Debug)]
struct Release {
    terms: Terms,
    /// How many are kept ready.
    kept: u32,
    /// Another release has taken its place: no environment outlives its invocation.
    retired: bool,
    /// The one that was needed last is last.
    idle: Vec<EnvironmentId>,
    waiting: VecDeque<(Ticket, Timestamp)>,
    starting: u32,
    /// All but those that are ending.
    environments: u32,
    on_provisioned: u32,
    /// Of requests on what is provisioned; none before the first.
    requests: Option<Bucket>,
}

#[derive(Debug)]
struct Environment {
    release: ReleaseId,
    state: State,
    started: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Starting,
    Idle { since: Timestamp },
    Busy(Option<Ticket>),
    Ending,
}

#[derive(Debug)]
struct Function {
    under_way: u32,
    growth: Bucket,
    /// Of requests on what is reserved; none before the first.
    requests: Option<Bucket>,
}

/// What functions with nothing reserved share.
#[derive(Debug, Default)]
struct Place {
    under_way: u32,
    /// None before the first.
    requests: Option<Bucket>,
}

impl Fleet {
    /// A fleet without environments.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            releases: HashMap::new(),
            environments: HashMap::new(),
            under_way: HashMap::new(),
            functions: HashMap::new(),
            places: HashMap::new(),
            waiting: 0,
            ending: Vec::new(),
            full_at: None,
            last: 0,
        }
    }

    /// What holds for all environments.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// From now on there is that release.
    pub fn release(&mut self, terms: Terms) -> ReleaseId {
        let id = ReleaseId(self.number());
        let release = Release {
            terms,
            kept: 0,
            retired: false,
            idle: Vec::new(),
            waiting: VecDeque::new(),
            starting: 0,
            environments: 0,
            on_provisioned: 0,
            requests: None,
        };
        self.releases.insert(id, release);
        id
    }

    /// Another release takes the place of that one: those that wait for it still get it, but none of its environments is kept.
    pub fn retire(&mut self, release: ReleaseId) {
        if let Some(release) = self.releases.get_mut(&release) {
            release.retired = true;
            release.kept = 0;
            for id in std::mem::take(&mut release.idle) {
                self.dismiss(id);
            }
        }
        self.forget_release(release);
    }

    /// So many environments of the release are kept ready from now on.
    pub fn keep(&mut self, release: ReleaseId, kept: u32) {
        if let Some(release) = self.releases.get_mut(&release).filter(|release| !release.retired) {
            release.kept = kept;
        }
    }

    /// An invocation arrives.
    pub fn arrive(&mut self, ask: Ask, now: Timestamp) -> Result<Arrival, Throttle> {
        let ticket = Ticket(self.number());
        let release = self.releases.get_mut(&ask.release).ok_or(Throttle::Concurrent)?;
        let Terms { function, place, .. } = release.terms;
        let begun = || Function { under_way: 0, growth: Bucket::full(GROWTH, now), requests: None };
        let function = self.functions.entry(function).or_insert_with(begun);
        let place = self.places.entry(place).or_default();
        let charge = charged(release, (function, place), ask, now)?;
        let arrival = match release.idle.pop() {
            Some(environment) => {
                if let Some(taken) = self.environments.get_mut(&environment) {
                    taken.state = State::Busy(Some(ticket));
                }
                Arrival::Taken(ticket, environment)
            }
            None if !function.growth.take(GROWTH, now) => return Err(Throttle::Concurrent),
            None => {
                release.waiting.push_back((ticket, now));
                self.waiting += 1;
                Arrival::Waits(ticket)
            }
        };
        function.under_way += 1;
        match charge {
            Charge::Provisioned => release.on_provisioned += 1,
            Charge::Unreserved => place.under_way += 1,
            Charge::Reserved => {}
        }
        self.under_way.insert(ticket, (ask.release, charge));
        Ok(arrival)
    }

    /// An invocation doesn't wait any more: whoever made it has gone.
    pub fn leave(&mut self, ticket: Ticket) {
        let Some((release, _)) = self.under_way.get(&ticket) else { return };
        let Some(release) = self.releases.get_mut(release) else { return };
        let before = release.waiting.len();
        release.waiting.retain(|(waiting, _)| *waiting != ticket);
        if release.waiting.len() < before {
            self.waiting -= 1;
            self.settle(ticket);
        }
    }

    /// An environment that was to be started is ready: the invocation that it takes, if one waits for it.
    pub fn ready(&mut self, id: EnvironmentId, now: Timestamp) -> Option<Ticket> {
        let environment = self.environments.get_mut(&id).filter(|environment| environment.state == State::Starting)?;
        environment.state = State::Busy(None);
        if let Some(release) = self.releases.get_mut(&environment.release) {
            release.starting -= 1;
        }
        self.next(id, now)
    }

    /// An environment couldn't be started: the invocation that learns of it.
    pub fn failed(&mut self, id: EnvironmentId) -> Option<Ticket> {
        let release = self.remove(id)?;
        let (ticket, _) = self.releases.get_mut(&release)?.waiting.pop_front()?;
        self.waiting -= 1;
        self.settle(ticket);
        self.forget_release(release);
        Some(ticket)
    }

    /// The host had no room for an environment after all. It is tried again when another is gone; where there is no other, an invocation
    /// learns of it.
    pub fn refused(&mut self, id: EnvironmentId) -> Option<Ticket> {
        if self.environments.len() <= 1 {
            return self.failed(id);
        }
        let release = self.remove(id)?;
        self.full_at = Some(self.environments.len());
        self.forget_release(release);
        None
    }

    /// The invocation of an environment has ended: the next one that it takes. It takes none if it is over.
    pub fn freed(&mut self, id: EnvironmentId, over: bool, now: Timestamp) -> Option<Ticket> {
        let State::Busy(ticket) = self.environments.get(&id)?.state else { return None };
        if let Some(ticket) = ticket {
            self.settle(ticket);
        }
        if over {
            self.dismiss(id);
            return None;
        }
        self.next(id, now)
    }

    /// An environment isn't there any more.
    pub fn gone(&mut self, id: EnvironmentId) {
        if let Some(Environment { state: State::Busy(Some(ticket)), .. }) = self.environments.get(&id) {
            self.settle(*ticket);
        }
        self.full_at = None;
        if let Some(release) = self.remove(id) {
            self.forget_release(release);
        }
    }

    /// An environment was there before: it waits, or is in the middle of an invocation that nobody knows of.
    pub fn found(&mut self, release: ReleaseId, started: Timestamp, busy: bool, now: Timestamp) -> EnvironmentId {
        let id = EnvironmentId(self.number());
        let state = if busy { State::Busy(None) } else { State::Idle { since: now } };
        self.environments.insert(id, Environment { release, state, started });
        if let Some(release) = self.releases.get_mut(&release) {
            release.environments += 1;
            if !busy {
                release.idle.insert(0, id);
            }
        }
        id
    }

    /// An environment is to be ended that takes no invocation of ours now.
    pub fn end(&mut self, id: EnvironmentId) {
        let ours = |environment: &Environment| matches!(environment.state, State::Busy(Some(_)));
        if !self.environments.get(&id).is_some_and(ours) {
            self.dismiss(id);
        }
    }

    /// How many environments a release has.
    pub fn census(&self, release: ReleaseId) -> Census {
        self.releases.get(&release).map_or_else(Census::default, |release| Census {
            ready: release.environments - release.starting,
            idle: u32::try_from(release.idle.len()).unwrap_or(u32::MAX),
            starting: release.starting,
        })
    }

    /// Whether the release is still there: one that is retired goes with the last of its environments.
    pub fn knows(&self, release: ReleaseId) -> bool {
        self.releases.contains_key(&release)
    }

    /// How many environments there are, whatever they do.
    pub fn size(&self) -> usize {
        self.environments.len()
    }

    /// Gives a free environment to the next that waits for it, lets it wait, or ends it.
    fn next(&mut self, id: EnvironmentId, now: Timestamp) -> Option<Ticket> {
        let starves_others = self.starves_others(self.environments.get(&id)?.release);
        let environment = self.environments.get_mut(&id)?;
        let release = self.releases.get_mut(&environment.release)?;
        let worn = environment.started + self.rules.life <= now;
        if worn || starves_others || (release.retired && release.waiting.is_empty()) {
            self.dismiss(id);
            return None;
        }
        let Some((ticket, _)) = release.waiting.pop_front() else {
            environment.state = State::Idle { since: now };
            release.idle.push(id);
            return None;
        };
        environment.state = State::Busy(Some(ticket));
        self.waiting -= 1;
        Some(ticket)
    }

    /// An invocation isn't under way any more.
    fn settle(&mut self, ticket: Ticket) {
        let Some((release, charge)) = self.under_way.remove(&ticket) else { return };
        let Some(release) = self.releases.get_mut(&release) else { return };
        if let Some(function) = self.functions.get_mut(&release.terms.function) {
            function.under_way -= 1;
        }
        match charge {
            Charge::Provisioned => release.on_provisioned -= 1,
            Charge::Unreserved => {
                self.places.entry(release.terms.place).and_modify(|place| place.under_way -= 1);
            }
            Charge::Reserved => {}
        }
    }

    /// An environment is over; it is in nobody's way any more but takes its room until it is gone.
    fn dismiss(&mut self, id: EnvironmentId) {
        let Some(environment) = self.environments.get_mut(&id) else { return };
        let before = std::mem::replace(&mut environment.state, State::Ending);
        if before == State::Ending {
            return;
        }
        self.ending.push(id);
        let Some(release) = self.releases.get_mut(&environment.release) else { return };
        release.environments -= 1;
        match before {
            State::Starting => release.starting -= 1,
            State::Idle { .. } => release.idle.retain(|idle| *idle != id),
            State::Busy(_) | State::Ending => {}
        }
    }

    /// Takes an environment out of everything: the release that it was of.
    fn remove(&mut self, id: EnvironmentId) -> Option<ReleaseId> {
        let release = self.environments.get(&id)?.release;
        self.dismiss(id);
        self.ending.retain(|ending| *ending != id);
        self.environments.remove(&id);
        Some(release)
    }

    /// Forgets a release that is retired and of which nothing is left.
    fn forget_release(&mut self, id: ReleaseId) {
        let over = |release: &Release| release.retired && release.environments == 0 && release.waiting.is_empty();
        if self.releases.get(&id).is_some_and(over) && !self.environments.values().any(|environment| environment.release == id) {
            self.releases.remove(&id);
        }
    }

    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

/// Against what an invocation counts, if it may be made now.
fn charged(
    release: &mut Release,
    (function, place): (&mut Function, &mut Place),
    ask: Ask,
    now: Timestamp,
) -> Result<Charge, Throttle> {
    let under_way = UnderWay { function: function.under_way, provisioned: release.on_provisioned, unreserved: place.under_way };
    let provisioned = release.kept.min(release.environments - release.starting);
    let limits = Limits { reserved: ask.reserved, provisioned, unreserved: ask.unreserved };
    let charged = match charge(under_way, limits)? {
        first if !ask.paced => return Ok(first),
        Charge::Provisioned if keeps_pace(&mut release.requests, provisioned, now) => return Ok(Charge::Provisioned),
        // What comes too fast for what is provisioned goes the way of what is too much for it.
        Charge::Provisioned => charge(under_way, Limits { provisioned: 0, ..limits })?,
        other => other,
    };
    let (kept, throttle) = match charged {
        Charge::Reserved => (keeps_pace(&mut function.requests, ask.reserved.unwrap_or_default(), now), Throttle::ReservedRate),
        _ => (keeps_pace(&mut place.requests, ask.unreserved, now), Throttle::Rate),
    };
    if kept { Ok(charged) } else { Err(throttle) }
}

/// Whether one more request may come now, where so many may be under way.
fn keeps_pace(bucket: &mut Option<Bucket>, concurrency: u32, now: Timestamp) -> bool {
    let limit = requests(concurrency);
    bucket.get_or_insert_with(|| Bucket::full(limit, now)).take(limit, now)
}
