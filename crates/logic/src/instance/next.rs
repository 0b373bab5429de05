//! What comes next for an instance, and what its plan is after that.

use super::{
    credits::{Credits, TICK, advance},
    interlude, reason, state_name,
};
use agent_proto::machine::{Halt, MachineState, MachineStatus, OffCause, Power};
use model::{
    Timestamp,
    ec2::{
        CreditBalance, Ending, EventKind, InstancePlan, InstanceSpec, InstanceState, InterludePlan, ScheduledEvent, StateReason,
        Wish,
    },
};
use std::time::Duration;

/// For how long a terminated instance is shown.
pub const SHOWN: Duration = Duration::from_secs(3600);

/// How often an instance that has died is recovered between two starts (EC2 user guide, "Simplified automatic recovery": three times a
/// day).
const MOST_RECOVERIES: u32 = 3;

/// What is seen of an instance.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen<'a> {
    /// Its machine, if a host has one.
    pub machine: Option<&'a MachineStatus>,
    /// Why one of its volumes can't be made.
    pub volume_failure: Option<&'a StateReason>,
    /// What its type has of CPU credits, if it is burstable.
    pub credits: Option<Credits>,
    /// The work of the interlude that is under way is done.
    pub interlude_done: bool,
}

/// What is due.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A host is told to boot it: a new start.
    Boot,
    /// It runs.
    Run,
    /// It died, and is booted once more.
    Recover,
    /// Its host has switched it off unasked, at that time, and is there again: it is booted once more.
    Resume(Timestamp),
    /// It is told to stop, or to end for good. Whoever decides so is not always its user: then the ending is its own.
    Halt {
        /// How and why.
        ending: Ending,
        /// For good.
        terminate: bool,
        /// The wish of its user doesn't say so.
        own: bool,
    },
    /// It is off.
    Stopped {
        /// Its memory is kept.
        hibernated: bool,
    },
    /// It has ended for good, for that reason: its volumes and interfaces go.
    Terminated(Option<StateReason>),
    /// Its system has begun to answer, or has ceased to.
    Reach(bool),
    /// It is told to be off for a while: for that interlude.
    Pause(String),
    /// It is off for it: the work is due.
    Down(String),
    /// The work is done: the interlude is over, and it boots again.
    Finish(String),
    /// A scheduled reboot is due.
    Reboot(String),
    /// Its CPU credits have changed.
    Credits(CreditBalance),
    /// It was shown for long enough.
    Forget,
    /// Nothing, until then.
    Wait(Timestamp),
    /// Nothing, until something changes.
    Rest,
}

/// What is due for an instance.
pub fn next(spec: &InstanceSpec, plan: &InstancePlan, seen: Seen<'_>, now: Timestamp) -> Step {
    match (&spec.wish, plan.state) {
        (_, InstanceState::Terminated) if now >= plan.since + SHOWN => Step::Forget,
        (_, InstanceState::Terminated) => Step::Wait(plan.since + SHOWN),
        (_, InstanceState::ShuttingDown) => end(seen, Step::Terminated(None)),
        (Wish::Terminate(ending), _) => Step::Halt { ending: ending.clone(), terminate: true, own: false },
        (_, _) if plan.start < spec.starts => Step::Boot,
        (_, InstanceState::Pending) => pending(spec, plan, seen, now),
        (Wish::Stop(ending), InstanceState::Running) => Step::Halt { ending: ending.clone(), terminate: false, own: false },
        (_, InstanceState::Running) => running(spec, plan, seen, now),
        (_, InstanceState::Stopping) => end(seen, Step::Stopped { hibernated: sleeps(seen) }),
        (_, InstanceState::Stopped) => Step::Rest,
    }
}

/// The step that is due once the machine is off. One that waits has not been started; it ends by not being wished for any more.
fn end(seen: Seen<'_>, step: Step) -> Step {
    match seen.machine.map(|machine| &machine.state) {
        Some(MachineState::Running { .. } | MachineState::Stopping) => Step::Rest,
        None | Some(MachineState::Off { .. } | MachineState::Waiting) => step,
    }
}

fn sleeps(seen: Seen<'_>) -> bool {
    let state = seen.machine.map(|machine| &machine.state);
    matches!(state, Some(MachineState::Off { cause: OffCause::Hibernated, .. }))
}

fn pending(spec: &InstanceSpec, plan: &InstancePlan, seen: Seen<'_>, now: Timestamp) -> Step {
    if let Some(failure) = seen.volume_failure {
        return failed(plan, failure.clone(), now);
    }
    match of_this_boot(plan, seen) {
        None | Some(MachineState::Waiting | MachineState::Stopping) => Step::Rest,
        Some(MachineState::Running { .. }) => Step::Run,
        Some(MachineState::Off { cause: OffCause::Itself, .. }) => by_itself(spec, now),
        Some(MachineState::Off { cause: OffCause::NotStarted(why) | OffCause::Died(why), .. }) => {
            failed(plan, reason::internal_error(why), now)
        }
        Some(MachineState::Off { cause: OffCause::Told | OffCause::Hibernated, at }) => Step::Resume(*at),
    }
}

/// What the machine does on its present boot; what it did on an earlier one is past.
fn of_this_boot<'a>(plan: &InstancePlan, seen: Seen<'a>) -> Option<&'a MachineState> {
    seen.machine.filter(|machine| machine.boot == plan.boot).map(|machine| &machine.state)
}

/// It can't be brought up: a first start ends for good, a later one leaves it stopped.
fn failed(plan: &InstancePlan, reason: StateReason, now: Timestamp) -> Step {
    Step::Halt { ending: own_ending(reason, now, true), terminate: plan.start == 1, own: true }
}

fn by_itself(spec: &InstanceSpec, now: Timestamp) -> Step {
    let ending = own_ending(reason::shut_down_by_itself(), now, false);
    Step::Halt { ending, terminate: spec.attributes.shutdown_terminates, own: true }
}

fn own_ending(reason: StateReason, at: Timestamp, force: bool) -> Ending {
    Ending { at, hibernate: false, force, reason }
}

fn running(spec: &InstanceSpec, plan: &InstancePlan, seen: Seen<'_>, now: Timestamp) -> Step {
    if let Some(step) = interlude::step(spec, plan, of_this_boot(plan, seen), seen.interlude_done) {
        return step;
    }
    if let Some(MachineState::Off { cause, at }) = of_this_boot(plan, seen) {
        return match cause {
            OffCause::Itself => by_itself(spec, now),
            OffCause::Died(_) if recovers(spec, plan) => Step::Recover,
            OffCause::Died(why) | OffCause::NotStarted(why) => lost(why, now),
            OffCause::Told | OffCause::Hibernated => Step::Resume(*at),
        };
    }
    let event = due(spec, plan);
    match event.filter(|event| event.not_before <= now) {
        Some(event) if event.kind == EventKind::InstanceReboot => Step::Reboot(event.id.clone()),
        Some(_) => Step::Halt { ending: own_ending(reason::scheduled_stop(), now, false), terminate: false, own: true },
        None => watched(spec, plan, seen, now, event),
    }
}

fn recovers(spec: &InstanceSpec, plan: &InstancePlan) -> bool {
    spec.attributes.auto_recovery != "disabled" && plan.recoveries < MOST_RECOVERIES
}

fn lost(why: &str, now: Timestamp) -> Step {
    Step::Halt { ending: own_ending(reason::internal_error(why), now, true), terminate: false, own: true }
}

/// The event that is due first.
fn due<'a>(spec: &'a InstanceSpec, plan: &InstancePlan) -> Option<&'a ScheduledEvent> {
    spec.events.iter().filter(|event| !plan.events_done.contains(&event.id)).min_by_key(|event| event.not_before)
}

/// What is noted of an instance that goes on running.
fn watched(spec: &InstanceSpec, plan: &InstancePlan, seen: Seen<'_>, now: Timestamp, event: Option<&ScheduledEvent>) -> Step {
    let machine = seen.machine.filter(|machine| machine.boot == plan.boot);
    let reachable = machine.is_some_and(|machine| machine.reachable);
    if reachable != plan.reachable_since.is_some() {
        return Step::Reach(reachable);
    }
    let mut wake = event.map(|event| event.not_before);
    if let (Some(credits), Some(balance)) = (seen.credits, &plan.credits) {
        if now >= balance.at + TICK {
            let used = machine.map_or(balance.used, |machine| machine.cpu_ms);
            return Step::Credits(advance(balance, credits, spec.attributes.unlimited_credits, used, now));
        }
        wake = Some(wake.map_or(balance.at + TICK, |wake| wake.min(balance.at + TICK)));
    }
    wake.map_or(Step::Rest, Step::Wait)
}

/// The plan after a step. `credits` is what its type has of CPU credits.
pub fn take(spec: &InstanceSpec, plan: &InstancePlan, step: &Step, credits: Option<Credits>, now: Timestamp) -> InstancePlan {
    let mut plan = plan.clone();
    match step {
        Step::Boot => boot(spec, &mut plan, credits, now),
        Step::Run => {
            enter(&mut plan, InstanceState::Running, now);
            (plan.hibernated, plan.unreachable_since) = (false, Some(now));
        }
        Step::Pause(id) => {
            interlude::begin(&mut plan, id);
            (plan.reachable_since, plan.unreachable_since) = (None, Some(now));
        }
        Step::Down(id) => plan.interlude = Some(InterludePlan { id: id.clone(), down: true }),
        Step::Finish(id) => {
            interlude::end(spec, &mut plan, id);
            boot_again(&mut plan, now);
        }
        Step::Recover => {
            plan.recoveries += 1;
            boot_again(&mut plan, now);
        }
        Step::Resume(_) => boot_again(&mut plan, now),
        Step::Halt { ending, terminate, own } => halt(spec, &mut plan, ending, *terminate, *own, now),
        Step::Stopped { hibernated } => {
            enter(&mut plan, InstanceState::Stopped, now);
            plan.hibernated = *hibernated;
            // It is down, as they wanted it.
            plan.interludes_done = spec.interludes.iter().map(|it| it.id.clone()).collect();
        }
        Step::Terminated(reason) => {
            enter(&mut plan, InstanceState::Terminated, now);
            plan.reason = reason.clone().or(plan.reason);
        }
        Step::Reach(true) => (plan.reachable_since, plan.unreachable_since) = (Some(now), None),
        Step::Reach(false) => (plan.reachable_since, plan.unreachable_since) = (None, Some(now)),
        Step::Reboot(event) => {
            plan.reboots += 1;
            plan.events_done.push(event.clone());
        }
        Step::Credits(balance) => plan.credits = Some(balance.clone()),
        Step::Forget | Step::Wait(_) | Step::Rest => {}
    }
    plan
}

fn enter(plan: &mut InstancePlan, state: InstanceState, now: Timestamp) {
    (plan.state, plan.since) = (state, now);
    plan.entered.insert(state_name(state).into(), now);
}

fn boot(spec: &InstanceSpec, plan: &mut InstancePlan, credits: Option<Credits>, now: Timestamp) {
    let off_since = (plan.state == InstanceState::Stopped).then_some(plan.since);
    enter(plan, InstanceState::Pending, now);
    (plan.start, plan.boot, plan.recoveries) = (spec.starts, plan.boot + 1, 0);
    (plan.reason, plan.transition, plan.own_ending) = (None, String::new(), None);
    (plan.reachable_since, plan.unreachable_since) = (None, None);
    // A start may be on another host, so that what was to be done with the last one is no longer due.
    let moved = spec.events.iter().filter(|event| event.kind != EventKind::InstanceReboot).map(|event| event.id.clone());
    for event in moved {
        if !plan.events_done.contains(&event) {
            plan.events_done.push(event);
        }
    }
    plan.credits = credits.map(|credits| credits.at_boot(plan.credits.as_ref(), off_since, now));
}

/// It is booted once more, in the same start. A new boot counts its processor time from nothing.
fn boot_again(plan: &mut InstancePlan, now: Timestamp) {
    plan.boot += 1;
    (plan.reachable_since, plan.unreachable_since) = (None, Some(now));
    if let Some(balance) = &mut plan.credits {
        balance.used = 0;
    }
}

fn halt(spec: &InstanceSpec, plan: &mut InstancePlan, ending: &Ending, terminate: bool, own: bool, now: Timestamp) {
    let state = if terminate { InstanceState::ShuttingDown } else { InstanceState::Stopping };
    enter(plan, state, now);
    plan.reason = Some(ending.reason.clone());
    plan.transition = reason::transition(ending);
    plan.own_ending = own.then(|| ending.clone());
    plan.interlude = None;
    (plan.reachable_since, plan.unreachable_since) = (None, None);
    let stops = ending.reason == reason::scheduled_stop();
    let carried_out = spec.events.iter().filter(|event| stops && event.kind != EventKind::InstanceReboot);
    let carried_out: Vec<String> = carried_out.map(|event| event.id.clone()).collect();
    plan.events_done.extend(carried_out);
}

/// What a host is told of an instance's power; nothing before its first boot.
pub fn power(spec: &InstanceSpec, plan: &InstancePlan) -> Option<Power> {
    let boot = plan.boot;
    match plan.state {
        _ if boot == 0 => None,
        InstanceState::Running if plan.interlude.is_some() => Some(Power::Pause { boot }),
        InstanceState::Pending | InstanceState::Running => Some(Power::On { boot }),
        _ => Some(Power::Off { boot, how: how(spec, plan) }),
    }
}

/// The harshest way that was asked for: a stop by force overtakes one that asks.
fn how(spec: &InstanceSpec, plan: &InstancePlan) -> Halt {
    let wished = match &spec.wish {
        Wish::Run => None,
        Wish::Stop(ending) | Wish::Terminate(ending) => Some(ending),
    };
    match plan
        .own_ending
        .as_ref()
        .into_iter()
        .chain(wished)
        .fold((false, false), |(force, hibernate), ending| (force || ending.force, hibernate || ending.hibernate))
    {
        (true, _) => Halt::Force,
        (false, true) => Halt::Hibernate,
        (false, false) => Halt::Ask,
    }
}
