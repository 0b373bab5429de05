//! The records of EventBridge Scheduler: groups, and the schedules in them.

use crate::{Key, Record, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The group that every account has in every region. It has a record only once something was said of it.
pub const DEFAULT_GROUP: &str = "default";

/// A group of schedules, under its name. `Spec` has the API handlers as its writers.
pub enum ScheduleGroup {}

impl Record for ScheduleGroup {
    const KIND: &'static str = "scheduler/group";
    type Spec = ScheduleGroupSpec;
    type Plan = ();
    type Observed = ();
}

/// What a [`ScheduleGroup`] is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleGroupSpec {
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was changed last.
    pub modified: Timestamp,
    /// The client token that it was created with.
    pub token: Option<String>,
}

/// A schedule, under `group/name`. `Spec` has the API handlers as its writers, `Plan` the reconciler of schedules, which
/// deletes schedules that ask for it when they are over.
pub enum Schedule {}

impl Record for Schedule {
    const KIND: &'static str = "scheduler/schedule";
    type Spec = ScheduleSpec;
    type Plan = SchedulePlan;
    type Observed = ();
}

/// What a [`Schedule`] is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleSpec {
    /// `rate(…)`, `cron(…)` or `at(…)`.
    pub expression: String,
    /// The time zone in which the expression is read; UTC, if none is said.
    pub zone: Option<String>,
    /// The first time at which it may run.
    pub start: Option<Timestamp>,
    /// The last time at which it may run.
    pub end: Option<Timestamp>,
    /// What people wrote.
    pub description: Option<String>,
    /// Whether it does anything.
    pub enabled: bool,
    /// How many minutes after its time it may run; none if it runs at its time.
    pub window: Option<u32>,
    /// Whether it is deleted when it is over.
    pub delete_when_over: bool,
    /// What it calls: the API's `Target`, as `wire::stored` keeps it.
    pub target: String,
    /// When it was created.
    pub created: Timestamp,
    /// When it was changed last.
    pub modified: Timestamp,
    /// The client token that it was created with.
    pub token: Option<String>,
}

/// What was decided of a [`Schedule`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchedulePlan {
    /// Its [`ScheduleSpec::modified`] when this was decided; with another one, this is void.
    pub of: Option<Timestamp>,
    /// The occurrence that comes next; none if it is over.
    pub next: Option<Occurrence>,
}

/// An occurrence of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// When its expression says.
    pub at: Timestamp,
    /// When it runs: later by what was drawn of the window.
    pub run_at: Timestamp,
}

impl Key<ScheduleGroup> {
    /// The key of one of the group's schedules.
    pub fn schedule(&self, name: &str) -> Key<Schedule> {
        Key::new(&self.account, &self.region, format!("{}/{name}", self.id))
    }
}

impl Key<Schedule> {
    /// The names of the group and of the schedule.
    pub fn names(&self) -> (&str, &str) {
        self.id.split_once('/').unwrap_or((DEFAULT_GROUP, &self.id))
    }
}
