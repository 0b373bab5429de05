//! What a pool knows: the fleet, and what its numbers stand for.

use super::{NotRun, Target};
use agent_proto::function::FunctionError;
use logic::function::{
    concurrency::{OF_AN_ACCOUNT, unreserved},
    fleet::{EnvironmentId, Fleet, FunctionId, PlaceId, ReleaseId, Rules, Terms, Ticket},
};
use model::{
    AccountId, Key, Region, Timestamp,
    lambda::{Function, Provisioned, Release, Version, VersionPlan},
};
use spine::{Read, Scope, StoreError};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use tokio::sync::oneshot;
use wire::Fault;

/// An environment that an invocation has.
#[derive(Clone, Debug)]
pub struct Seat {
    pub environment: EnvironmentId,
    /// As the host knows it.
    pub id: Arc<str>,
}

/// Why an invocation got no environment.
#[derive(Debug)]
pub enum Missed {
    NotRun(NotRun),
    /// The one that was started for it couldn't initialize.
    Failed(FunctionError),
}

impl From<NotRun> for Missed {
    fn from(why: NotRun) -> Self {
        Self::NotRun(why)
    }
}

impl From<Fault> for Missed {
    fn from(fault: Fault) -> Self {
        Self::NotRun(fault.into())
    }
}

impl From<StoreError> for Missed {
    fn from(error: StoreError) -> Self {
        Fault::from(error).into()
    }
}

/// What the environments of a release run.
#[derive(Debug)]
pub struct Deployed {
    pub version: Key<Version>,
    /// The release is what this serves.
    pub plan: Arc<VersionPlan>,
}

impl Deployed {
    pub fn release(&self) -> Option<&Release> {
        self.plan.serving.as_ref()
    }
}

/// What environments of a version are started for now.
#[derive(Debug)]
pub struct Current {
    pub revision: String,
    pub release: ReleaseId,
    place: PlaceId,
}

type Place = (AccountId, Region);

pub struct State {
    pub fleet: Fleet,
    pub current: HashMap<Key<Version>, Current>,
    pub deployed: HashMap<ReleaseId, Arc<Deployed>>,
    pub environments: HashMap<EnvironmentId, Arc<str>>,
    pub waiting: HashMap<Ticket, oneshot::Sender<Result<Seat, Missed>>>,
    /// What the last start of a release failed with, of those that are kept ready.
    pub failures: HashMap<ReleaseId, String>,
    functions: HashMap<Key<Function>, FunctionId>,
    places: HashMap<Place, PlaceId>,
    unreserved: HashMap<PlaceId, u32>,
}

impl State {
    pub fn new(rules: Rules) -> Self {
        Self {
            fleet: Fleet::new(rules),
            current: HashMap::new(),
            deployed: HashMap::new(),
            environments: HashMap::new(),
            waiting: HashMap::new(),
            failures: HashMap::new(),
            functions: HashMap::new(),
            places: HashMap::new(),
            unreserved: HashMap::new(),
        }
    }

    /// The release that a target runs. Environments of the one before are kept no more.
    pub fn release(&mut self, target: &Target, read: &impl Read) -> Result<(ReleaseId, PlaceId), Missed> {
        let release = target.release()?;
        if let Some(current) = self.current.get(&target.version).filter(|current| current.revision == release.revision) {
            return Ok((current.release, current.place));
        }
        let deployed = Deployed { version: target.version.clone(), plan: target.plan.clone() };
        Ok(self.deploy(deployed, release, read)?)
    }

    /// From now on invocations of a version run that release.
    pub fn deploy(
        &mut self,
        deployed: Deployed,
        release: &Release,
        read: &impl Read,
    ) -> Result<(ReleaseId, PlaceId), StoreError> {
        let version = deployed.version.clone();
        let place = self.place(&version.account, &version.region, read)?;
        let functions = self.functions.len() as u64;
        let function = *self.functions.entry(version.function()).or_insert(FunctionId(functions));
        // A function that is larger than the host has it for itself.
        let memory_mib = u64::from(release.configuration.memory).min(self.fleet.rules().memory_mib);
        let id = self.fleet.release(Terms { function, place, memory_mib });
        self.deployed.insert(id, Arc::new(deployed));
        let current = Current { revision: release.revision.clone(), release: id, place };
        if let Some(before) = self.current.insert(version, current) {
            self.fleet.retire(before.release);
        }
        Ok((id, place))
    }

    /// No invocation runs that version any more.
    pub fn withdraw(&mut self, version: &Key<Version>) {
        if let Some(current) = self.current.remove(version) {
            self.fleet.retire(current.release);
        }
    }

    fn place(&mut self, account: &AccountId, region: &Region, read: &impl Read) -> Result<PlaceId, StoreError> {
        let place = (account.clone(), region.clone());
        if let Some(known) = self.places.get(&place) {
            return Ok(*known);
        }
        let id = PlaceId(self.places.len() as u64);
        self.unreserved.insert(id, count_unreserved(&place, read)?);
        self.places.insert(place, id);
        Ok(id)
    }

    /// Counts again what functions with nothing reserved may use.
    pub fn recount(&mut self, read: &impl Read) -> Result<(), StoreError> {
        for (place, id) in &self.places {
            self.unreserved.insert(*id, count_unreserved(place, read)?);
        }
        Ok(())
    }

    /// What functions with nothing reserved may use.
    pub fn unreserved(&self, place: PlaceId) -> u32 {
        self.unreserved.get(&place).copied().unwrap_or(OF_AN_ACCOUNT)
    }

    /// An environment as an invocation gets it.
    pub fn seat(&self, environment: EnvironmentId) -> Result<Seat, Missed> {
        let id = self.environments.get(&environment).cloned();
        let id = id.ok_or_else(|| Fault::internal(format_args!("{environment:?} has no name")))?;
        Ok(Seat { environment, id })
    }

    /// Gives a free environment to an invocation, or to the next if that one has gone.
    pub fn give(&mut self, environment: EnvironmentId, ticket: Option<Ticket>, now: Timestamp) {
        let mut next = ticket;
        while let Some(ticket) = next {
            let seat = self.seat(environment);
            let taken = self.waiting.remove(&ticket).is_some_and(|waiter| waiter.send(seat).is_ok());
            next = if taken { None } else { self.fleet.freed(environment, false, now) };
        }
    }

    /// Tells an invocation why it gets no environment.
    pub fn disappoint(&mut self, ticket: Option<Ticket>, why: impl FnOnce() -> Missed) {
        if let Some(waiter) = ticket.and_then(|ticket| self.waiting.remove(&ticket)) {
            let _ = waiter.send(Err(why()));
        }
    }

    /// An environment isn't there any more.
    pub fn gone(&mut self, environment: EnvironmentId) {
        self.fleet.gone(environment);
        self.environments.remove(&environment);
    }

    /// The environments that there are, as the host knows them.
    pub fn alive(&self) -> HashSet<Arc<str>> {
        self.environments.values().cloned().collect()
    }

    /// Forgets the releases that nothing runs any more.
    pub fn forget(&mut self) {
        let fleet = &self.fleet;
        self.deployed.retain(|release, _| fleet.knows(*release));
        self.failures.retain(|release, _| fleet.knows(*release));
    }
}

/// What an account has in a region for functions with nothing reserved.
fn count_unreserved((account, region): &Place, read: &impl Read) -> Result<u32, StoreError> {
    let functions = read.specs::<Function>(Scope::Region(account, region))?;
    let reserved: HashMap<&str, u32> =
        functions.iter().filter_map(|(key, spec)| Some((key.id.as_str(), spec.reserved_concurrency?))).collect();
    let provisioned = read.specs::<Provisioned>(Scope::Region(account, region))?;
    // What is provisioned for a function that has some reserved is part of that.
    let beside = provisioned.iter().filter(|(key, _)| !reserved.contains_key(key.function().id.as_str()));
    Ok(unreserved(reserved.values().copied(), beside.map(|(_, spec)| spec.requested)))
}
