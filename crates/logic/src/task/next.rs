//! The next step of a task's reconciler.

use super::Facts;
use model::Timestamp;
use std::time::Duration;

/// For how long a stopped task is still shown ("You can describe stopped tasks for about an hour").
pub const SHOWN_AFTER_STOP: Duration = Duration::from_secs(3600);

/// What a step depends on besides the task itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// Its workload is on a host.
    pub hosted: bool,
    /// One of its targets still drains.
    pub draining: bool,
    /// All that its containers wrote has been taken from the host.
    pub logs_drained: bool,
}

/// What a task's reconciler does next; each step is one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make its interface and put its workload on a host.
    Place,
    /// Register it with its target groups.
    Register,
    /// Have its targets drained.
    Deregister,
    /// Have its containers ended.
    Halt,
    /// Take away its interface: it is stopped.
    Finish,
    /// Take its workload off the host.
    Unhost,
    /// Delete it.
    Forget,
    /// Nothing, until something changes.
    Rest,
    /// Nothing, until that moment.
    Wait(Timestamp),
}

/// The next step.
pub fn next(facts: &Facts, outside: &Outside, now: Timestamp) -> Step {
    match (facts.plan.stopped_at, facts.ending()) {
        (Some(stopped_at), _) => afterwards(outside, stopped_at, now),
        (None, Some(_)) => down(facts, outside),
        (None, None) => up(facts),
    }
}

fn up(facts: &Facts) -> Step {
    let unregistered = facts.plan.registered.is_none() && !facts.spec.load_balancers.is_empty();
    match () {
        () if facts.plan.placed_at.is_none() => Step::Place,
        () if facts.all_started() && unregistered => Step::Register,
        () => Step::Rest,
    }
}

/// Load balancers let go of a task before its containers are told to end. A task whose essential container has ended already
/// serves nobody, and doesn't wait.
fn down(facts: &Facts, outside: &Outside) -> Step {
    let serves = facts.plan.registered.is_some() && facts.execution_stopped_at().is_none();
    match () {
        () if facts.plan.placed_at.is_none() => Step::Finish,
        () if facts.plan.registered.is_some() && facts.plan.deregistered_at.is_none() => Step::Deregister,
        () if facts.plan.halted_at.is_none() && serves && outside.draining => Step::Rest,
        () if facts.plan.halted_at.is_none() => Step::Halt,
        () if outside.hosted && !facts.progress().cleaned => Step::Rest,
        () => Step::Finish,
    }
}

fn afterwards(outside: &Outside, stopped_at: Timestamp, now: Timestamp) -> Step {
    let forgotten = stopped_at + SHOWN_AFTER_STOP;
    match () {
        () if outside.hosted && outside.logs_drained => Step::Unhost,
        () if outside.hosted => Step::Rest,
        () if now < forgotten => Step::Wait(forgotten),
        () => Step::Forget,
    }
}
