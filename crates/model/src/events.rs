//! The records of EventBridge: buses, and rules with their targets.

use crate::{Key, Record, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The bus that every account has in every region. It has a record only once something was said of it.
pub const DEFAULT_BUS: &str = "default";

/// An event bus, under its name. `Spec` has the API handlers as its writers.
pub enum EventBus {}

impl Record for EventBus {
    const KIND: &'static str = "events/bus";
    type Spec = EventBusSpec;
    type Plan = ();
    type Observed = ();
}

/// What an [`EventBus`] is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBusSpec {
    /// What people wrote.
    pub description: Option<String>,
    /// Its resource policy.
    pub policy: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was created; none of the default one.
    pub created: Option<Timestamp>,
    /// When it was changed last.
    pub modified: Option<Timestamp>,
}

/// A rule, under `bus/name`. `Spec` has the API handlers as its writers, `Plan` the reconciler of scheduled rules.
pub enum Rule {}

impl Record for Rule {
    const KIND: &'static str = "events/rule";
    type Spec = RuleSpec;
    type Plan = RulePlan;
    type Observed = ();
}

/// What a [`Rule`] is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSpec {
    /// Which events it is about.
    pub pattern: Option<String>,
    /// When it makes an event of its own.
    pub schedule: Option<String>,
    /// Whether it does anything.
    pub enabled: bool,
    /// What people wrote.
    pub description: Option<String>,
    /// The role for targets that name none.
    pub role: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its targets by their ids: the API's `Target`, as `wire::stored` keeps it.
    pub targets: BTreeMap<String, String>,
    /// When its schedule was said or it was enabled: rates count from here.
    pub since: Timestamp,
}

/// What was decided of a [`Rule`] that has a schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulePlan {
    /// Its [`RuleSpec::since`] when this was decided; with another one, this is void.
    pub of: Option<Timestamp>,
    /// When it is next time; none if never.
    pub next: Option<Timestamp>,
}

/// What the default bus was last told of the state of something, under its kind and id. `Plan` has the reconciler that tells it as its writer.
pub enum ToldState {}

impl Record for ToldState {
    const KIND: &'static str = "events/told-state";
    type Spec = ();
    type Plan = String;
    type Observed = ();
}

impl<R: Record> Key<R> {
    /// Where it stands what was last told of this.
    pub fn told_state(&self) -> Key<ToldState> {
        Key::new(&self.account, &self.region, format!("{}:{}", R::KIND, self.id))
    }
}

impl Key<ToldState> {
    /// Of what it was told, if that is a thing of that kind.
    pub fn of_what<R: Record>(&self) -> Option<Key<R>> {
        let id = self.id.strip_prefix(R::KIND)?.strip_prefix(':')?;
        Some(Key::new(&self.account, &self.region, id))
    }
}

impl Key<EventBus> {
    /// The key of one of the bus's rules.
    pub fn rule(&self, name: &str) -> Key<Rule> {
        Key::new(&self.account, &self.region, format!("{}/{name}", self.id))
    }
}

impl Key<Rule> {
    /// The names of the bus and of the rule.
    pub fn names(&self) -> (&str, &str) {
        self.id.rsplit_once('/').unwrap_or((DEFAULT_BUS, &self.id))
    }
}
