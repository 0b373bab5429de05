//! What pools decide, as tables and properties.

use super::*;
use proptest::prelude::*;

const RULES: Rules = Rules {
    environments: 4,
    memory_mib: 1024,
    starts: 3,
    start_counts_for: Duration::from_secs(1),
    idle: Duration::from_secs(300),
    life: Duration::from_secs(3600),
    patience: Duration::from_secs(60),
};
const T0: Timestamp = Timestamp(0);

fn seconds(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1000)
}

fn terms(function: u64) -> Terms {
    Terms { function: FunctionId(function), place: PlaceId(1), memory_mib: 128 }
}

fn ask(release: ReleaseId) -> Ask {
    Ask { release, reserved: None, unreserved: 1000, paced: false }
}

fn fleet() -> (Fleet, ReleaseId) {
    let mut fleet = Fleet::new(RULES);
    let release = fleet.release(terms(1));
    (fleet, release)
}

/// One invocation that arrives and has to wait.
fn waits(fleet: &mut Fleet, release: ReleaseId, now: Timestamp) -> Ticket {
    match fleet.arrive(ask(release), now) {
        Ok(Arrival::Waits(ticket)) => ticket,
        other => panic!("{other:?}"),
    }
}

/// The environment that is started for the next invocation.
fn started(fleet: &mut Fleet, now: Timestamp) -> EnvironmentId {
    let orders = fleet.orders(now);
    assert_eq!(orders.start.len(), 1, "{orders:?}");
    orders.start[0].environment
}

/// A fleet with one environment, which waits.
fn warm() -> (Fleet, ReleaseId, EnvironmentId) {
    let (mut fleet, release) = fleet();
    let ticket = waits(&mut fleet, release, T0);
    let environment = started(&mut fleet, T0);
    assert_eq!(fleet.ready(environment, T0), Some(ticket));
    assert_eq!(fleet.freed(environment, false, T0), None);
    (fleet, release, environment)
}

#[test]
fn who_comes_too_fast_is_throttled_and_what_was_queued_is_not() {
    let (mut fleet, release, environment) = warm();
    let mut come = |ask: Ask, now| match fleet.arrive(Ask { paced: true, ..ask }, now) {
        Ok(_) => {
            fleet.freed(environment, false, now);
            Ok(())
        }
        Err(throttle) => Err(throttle),
    };
    let reserved = Ask { reserved: Some(1), ..ask(release) };
    assert_eq!((0..20).filter(|_| come(reserved, T0).is_ok()).count(), 10);
    assert_eq!(come(reserved, T0), Err(Throttle::ReservedRate));
    let shared = Ask { unreserved: 2, ..ask(release) };
    assert_eq!((0..30).filter(|_| come(shared, T0).is_ok()).count(), 20);
    assert_eq!(come(shared, T0), Err(Throttle::Rate));
    assert_eq!((come(reserved, seconds(1)), come(shared, seconds(1))), (Ok(()), Ok(())));
    for _ in 0..100 {
        assert!(fleet.arrive(reserved, seconds(1)).is_ok());
        fleet.freed(environment, false, seconds(1));
    }
}

#[test]
fn what_comes_too_fast_for_what_is_provisioned_spills_over() {
    let (mut fleet, release, environment) = warm();
    fleet.keep(release, 1);
    let mut taken = 0;
    while fleet.arrive(Ask { paced: true, unreserved: 1, ..ask(release) }, T0).is_ok() {
        fleet.freed(environment, false, T0);
        taken += 1;
    }
    assert_eq!(taken, 20, "ten on what is provisioned, ten on what isn't");
}

#[test]
fn an_environment_is_started_for_each_that_waits_and_used_again() {
    let (mut fleet, release, environment) = warm();
    let Ok(Arrival::Taken(_, again)) = fleet.arrive(ask(release), T0) else { panic!("nobody was free") };
    assert_eq!(again, environment);
    assert_eq!(fleet.orders(T0), Orders::default());
    waits(&mut fleet, release, T0);
    waits(&mut fleet, release, T0);
    assert_eq!(fleet.orders(T0).start.len(), 2);
    assert_eq!(fleet.orders(T0).start, [], "they are started once");
}

#[test]
fn whoever_waits_takes_what_becomes_free_first() {
    let (mut fleet, release, warm) = warm();
    fleet.arrive(ask(release), T0).unwrap();
    let waiting = waits(&mut fleet, release, T0);
    let cold = started(&mut fleet, T0);
    assert_eq!(fleet.freed(warm, false, T0), Some(waiting));
    assert_eq!(fleet.ready(cold, T0), None, "nobody needs it any more");
    assert_eq!(fleet.census(release), Census { ready: 2, idle: 1, starting: 0 });
}

#[test]
fn as_many_start_at_a_time_as_may_and_a_slow_start_holds_up_nobody() {
    let (mut fleet, release) = fleet();
    for _ in 0..4 {
        waits(&mut fleet, release, T0);
    }
    assert_eq!(fleet.orders(T0).start.len(), 3);
    assert_eq!(fleet.orders(T0).start.len(), 0);
    assert_eq!(fleet.next_tidy(T0), Some(seconds(1)));
    assert_eq!(fleet.tidy(seconds(1)).start.len(), 1);
}

#[test]
fn reserved_concurrency_throttles() {
    let (mut fleet, release, environment) = warm();
    let ask = Ask { reserved: Some(1), ..ask(release) };
    fleet.arrive(ask, T0).unwrap();
    assert_eq!(fleet.arrive(ask, T0), Err(Throttle::Reserved));
    fleet.freed(environment, false, T0);
    fleet.arrive(ask, T0).unwrap();
}

#[test]
fn the_account_throttles_whoever_has_nothing_reserved() {
    let (mut fleet, release, _) = warm();
    let other = fleet.release(terms(2));
    fleet.arrive(Ask { unreserved: 1, ..ask(release) }, T0).unwrap();
    assert_eq!(fleet.arrive(Ask { unreserved: 1, ..ask(other) }, T0), Err(Throttle::Concurrent));
    let reserved = Ask { reserved: Some(5), unreserved: 1, ..ask(other) };
    assert!(matches!(fleet.arrive(reserved, T0), Ok(Arrival::Waits(_))));
}

#[test]
fn idle_environments_are_ended_and_those_that_are_kept_are_not() {
    let (mut fleet, release, environment) = warm();
    assert_eq!(fleet.next_tidy(T0), Some(seconds(300)));
    assert_eq!(fleet.tidy(seconds(299)), Orders::default());
    assert_eq!(fleet.tidy(seconds(300)).end, [environment]);
    fleet.gone(environment);
    fleet.keep(release, 2);
    let kept = fleet.tidy(seconds(301)).start;
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|start| start.provisioned));
    for start in kept {
        fleet.ready(start.environment, seconds(301));
    }
    assert_eq!(fleet.tidy(seconds(3000)), Orders::default());
    let worn = fleet.tidy(seconds(3901));
    assert_eq!((worn.end.len(), worn.start.len()), (2, 2), "their credentials end, and others take their place");
}

#[test]
fn room_is_made_by_whoever_was_not_needed_for_longest() {
    let mut fleet = Fleet::new(RULES);
    let releases: Vec<ReleaseId> = (0..5).map(|function| fleet.release(terms(function))).collect();
    let mut environments = Vec::new();
    for (at, release) in releases[..4].iter().enumerate() {
        let now = seconds(at as i64 * 2);
        waits(&mut fleet, *release, now);
        let environment = started(&mut fleet, now);
        fleet.ready(environment, now);
        fleet.freed(environment, false, now);
        environments.push(environment);
    }
    fleet.arrive(ask(releases[0]), seconds(9)).unwrap();
    waits(&mut fleet, releases[4], seconds(9));
    let orders = fleet.orders(seconds(9));
    assert_eq!((orders.start.len(), orders.end), (0, vec![environments[1]]));
    assert_eq!(fleet.orders(seconds(9)), Orders::default(), "one is enough");
    fleet.gone(environments[1]);
    let started = started(&mut fleet, seconds(9));
    assert!(fleet.ready(started, seconds(9)).is_some());
}

#[test]
fn memory_is_room_as_well() {
    let mut fleet = Fleet::new(Rules { memory_mib: 300, ..RULES });
    let release = fleet.release(terms(1));
    for _ in 0..3 {
        waits(&mut fleet, release, T0);
    }
    assert_eq!(fleet.orders(T0).start.len(), 2);
}

#[test]
fn nobody_starves_beside_a_busy_function() {
    let mut fleet = Fleet::new(Rules { environments: 1, ..RULES });
    let (busy, other) = (fleet.release(terms(1)), fleet.release(terms(2)));
    waits(&mut fleet, busy, T0);
    let environment = started(&mut fleet, T0);
    fleet.ready(environment, T0);
    let starving = waits(&mut fleet, other, T0);
    let later = waits(&mut fleet, busy, T0);
    assert_eq!(fleet.freed(environment, false, T0), None);
    assert_eq!(fleet.orders(T0).end, [environment]);
    fleet.gone(environment);
    let second = started(&mut fleet, T0);
    assert_eq!(fleet.ready(second, T0), Some(starving));
    assert_eq!(fleet.freed(second, false, T0), None);
    assert_eq!(fleet.orders(T0).end, [second]);
    fleet.gone(second);
    let third = started(&mut fleet, T0);
    assert_eq!(fleet.ready(third, T0), Some(later));
}

#[test]
fn the_end_of_the_old_release_is_that_of_its_last_invocation() {
    let (mut fleet, release, environment) = warm();
    fleet.arrive(ask(release), T0).unwrap();
    fleet.retire(release);
    assert_eq!(fleet.orders(T0), Orders::default());
    assert_eq!(fleet.freed(environment, false, T0), None);
    assert_eq!(fleet.orders(T0).end, [environment]);
    fleet.gone(environment);
    assert_eq!((fleet.size(), fleet.releases.len()), (0, 0));
}

#[test]
fn a_start_that_fails_is_one_invocations_misfortune() {
    let (mut fleet, release) = fleet();
    let first = waits(&mut fleet, release, T0);
    let environment = started(&mut fleet, T0);
    assert_eq!(fleet.failed(environment), Some(first));
    assert_eq!(fleet.orders(T0), Orders::default());
    assert!(fleet.under_way.is_empty());
}

#[test]
fn a_full_host_is_asked_again_when_something_is_gone() {
    let (mut fleet, release, environment) = warm();
    fleet.arrive(ask(release), T0).unwrap();
    let waiting = waits(&mut fleet, release, T0);
    let refused = started(&mut fleet, T0);
    assert_eq!(fleet.refused(refused), None);
    assert_eq!(fleet.orders(T0), Orders::default());
    assert_eq!(fleet.freed(environment, true, T0), None);
    assert_eq!(fleet.orders(T0).end, [environment]);
    fleet.gone(environment);
    let second = started(&mut fleet, T0);
    assert_eq!(fleet.refused(second), Some(waiting), "there is nothing left that could make room");
}

#[test]
fn patience_ends_and_whoever_leaves_is_not_waited_for() {
    let (mut fleet, release) = fleet();
    let first = waits(&mut fleet, release, T0);
    let second = waits(&mut fleet, release, seconds(1));
    fleet.leave(first);
    assert_eq!(fleet.tidy(seconds(60)).lapsed, []);
    assert_eq!(fleet.tidy(seconds(61)).lapsed, [second]);
    assert_eq!(fleet.waiting, 0);
}

#[test]
fn what_was_there_before_goes_on() {
    let (mut fleet, release) = fleet();
    let idle = fleet.found(release, T0, false, T0);
    let busy = fleet.found(release, T0, true, T0);
    assert!(matches!(fleet.arrive(ask(release), T0), Ok(Arrival::Taken(_, id)) if id == idle));
    waits(&mut fleet, release, T0);
    fleet.end(busy);
    fleet.end(idle);
    assert_eq!(fleet.orders(T0).end, [busy], "what is ours to wait for is not ended");
}

#[derive(Clone, Debug)]
enum Event {
    Arrive(usize),
    Ready,
    Fail,
    Refuse,
    Free(bool),
    Gone,
    Leave,
    Tidy(i64),
    Retire(usize),
    Keep(usize, u32),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..3_usize).prop_map(Event::Arrive),
        4 => Just(Event::Ready),
        1 => Just(Event::Fail),
        1 => Just(Event::Refuse),
        5 => any::<bool>().prop_map(Event::Free),
        4 => Just(Event::Gone),
        1 => Just(Event::Leave),
        1 => (1..400_i64).prop_map(Event::Tidy),
        1 => (0..3_usize).prop_map(Event::Retire),
        1 => (0..3_usize, 0..3_u32).prop_map(|(release, kept)| Event::Keep(release, kept)),
    ]
}

/// A host that does what it is told, when the events say so.
struct World {
    fleet: Fleet,
    releases: Vec<ReleaseId>,
    now: Timestamp,
    starting: Vec<EnvironmentId>,
    busy: Vec<EnvironmentId>,
    ending: Vec<EnvironmentId>,
    open: Vec<Ticket>,
}

impl World {
    fn new() -> Self {
        let mut fleet = Fleet::new(RULES);
        let releases = (0..3).map(|function| fleet.release(terms(function))).collect();
        let (starting, busy, ending, open) = Default::default();
        Self { fleet, releases, now: T0, starting, busy, ending, open }
    }

    fn obey(&mut self, orders: Orders) {
        self.starting.extend(orders.start.iter().map(|start| start.environment));
        self.ending.extend(orders.end);
        self.open.retain(|open| !orders.lapsed.contains(open));
    }

    fn takes(&mut self, environment: EnvironmentId, ticket: Option<Ticket>) {
        if let Some(ticket) = ticket {
            self.open.retain(|open| *open != ticket);
            self.busy.push(environment);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive(release) => match self.fleet.arrive(ask(self.releases[release]), self.now) {
                Ok(Arrival::Taken(_, environment)) => self.busy.push(environment),
                Ok(Arrival::Waits(ticket)) => self.open.push(ticket),
                Err(_) => {}
            },
            Event::Ready => {
                if let Some(environment) = self.starting.pop() {
                    let ticket = self.fleet.ready(environment, self.now);
                    self.takes(environment, ticket);
                }
            }
            Event::Fail | Event::Refuse => {
                if let Some(environment) = self.starting.pop() {
                    let fails = matches!(event, Event::Fail);
                    let ticket = if fails { self.fleet.failed(environment) } else { self.fleet.refused(environment) };
                    self.open.retain(|open| Some(*open) != ticket);
                }
            }
            Event::Free(over) => {
                if let Some(environment) = self.busy.pop() {
                    let ticket = self.fleet.freed(environment, over, self.now);
                    self.takes(environment, ticket);
                }
            }
            Event::Gone => {
                if let Some(environment) = self.ending.pop() {
                    self.fleet.gone(environment);
                }
            }
            Event::Leave => {
                if let Some(ticket) = self.open.pop() {
                    self.fleet.leave(ticket);
                }
            }
            Event::Tidy(seconds) => {
                self.now = self.now + Duration::from_secs(seconds.unsigned_abs());
                let orders = self.fleet.tidy(self.now);
                self.obey(orders);
            }
            Event::Retire(release) => {
                self.fleet.retire(self.releases[release]);
                self.releases[release] = self.fleet.release(terms(release as u64));
            }
            Event::Keep(release, kept) => self.fleet.keep(self.releases[release], kept),
        }
        let orders = self.fleet.orders(self.now);
        self.obey(orders);
        self.check();
    }

    fn check(&self) {
        let fleet = &self.fleet;
        assert!(fleet.size() <= RULES.environments);
        assert_eq!(fleet.waiting, self.open.len());
        assert_eq!(fleet.under_way.len(), self.open.len() + self.busy.len());
        let under_way: u32 = fleet.functions.values().map(|function| function.under_way).sum();
        assert_eq!(under_way as usize, fleet.under_way.len());
        for release in fleet.releases.values() {
            assert!(release.waiting.is_empty() || release.idle.is_empty(), "nobody waits while an environment does");
            assert!(release.idle.len() + release.starting as usize <= release.environments as usize);
        }
    }

    /// Everything that was begun ends well.
    fn finish(&mut self) {
        for _ in 0..10_000 {
            if self.open.is_empty() && self.busy.is_empty() {
                return;
            }
            if !self.ending.is_empty() {
                self.happen(Event::Gone);
            } else if !self.starting.is_empty() {
                self.happen(Event::Ready);
            } else if !self.busy.is_empty() {
                self.happen(Event::Free(false));
            } else {
                self.happen(Event::Tidy(1));
            }
        }
        panic!("{} invocations wait for ever: {:?}", self.open.len(), self.fleet);
    }
}

proptest! {
    #[test]
    fn every_invocation_ends_and_nothing_is_counted_wrongly(events in proptest::collection::vec(event(), 0..200)) {
        let mut world = World::new();
        events.into_iter().for_each(|event| world.happen(event));
        world.finish();
        prop_assert_eq!(world.fleet.under_way.len(), 0);
        prop_assert!(world.fleet.places.values().all(|place| place.under_way == 0));
    }
}
