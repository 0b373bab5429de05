//! Tables of single decisions, and whole lives of random workloads on a host of random luck.

use super::*;
use agent_proto::workload::*;
use model::Timestamp;
use proptest::prelude::*;
use std::{collections::BTreeSet, time::Duration};

fn container(name: &str, depends_on: &[(&str, Condition)]) -> Container {
    let json = serde_json::json!({
        "name": name, "image": {"reference": "r", "source": {"unresolved": {"reason": ""}}}, "entry_point": null,
        "command": null, "environment": {}, "working_directory": null, "user": null, "hostname": null, "essential": true,
        "depends_on": [], "health_check": null, "start_timeout": null, "stop_timeout": {"secs": 30, "nanos": 0},
        "limits": {"cpu_quota": null, "cpu_shares": null, "memory_mib": null, "memory_reservation_mib": null, "pids": null},
        "ulimits": [], "read_only_root": false, "privileged": false, "add_capabilities": [], "drop_capabilities": [],
        "init": false, "interactive": false, "pseudo_terminal": false, "mounts": [], "tmpfs": [], "shared_memory_mib": null,
        "sysctls": {}, "extra_hosts": [], "dns_servers": [], "dns_search": [], "ports": [], "keep_output": true,
    });
    let mut container: Container = serde_json::from_value(json).unwrap();
    container.depends_on =
        depends_on.iter().map(|(on, condition)| Dependency { container: (*on).into(), condition: *condition }).collect();
    container
}

fn workload(containers: Vec<Container>) -> Workload {
    let (id, label) = ("w".to_owned(), "w".to_owned());
    Workload { id, label, run: true, network: Network::None, containers, volumes: vec![], limits: Limits::default() }
}

/// A workload, how far it has come, and the second it is.
struct Life {
    spec: Workload,
    progress: Progress,
    now: Timestamp,
}

impl Life {
    fn new(containers: Vec<Container>) -> Self {
        let spec = workload(containers);
        Self { progress: Progress::new(&spec), spec, now: Timestamp(0) }
    }

    /// One that has its network and its images.
    fn ready(containers: Vec<Container>) -> Self {
        let mut life = Self::new(containers);
        assert_eq!(life.next(), [Step::Join]);
        life.see(Event::Joined(Default::default()));
        let names: Vec<_> = life.spec.containers.iter().map(|container| container.name.clone()).collect();
        assert_eq!(life.next(), names.iter().cloned().map(Step::Pull).collect::<Vec<_>>());
        names.into_iter().for_each(|name| life.see(Event::Pulled(name, "sha256:1".into())));
        life
    }

    fn next(&mut self) -> Vec<Step> {
        self.progress.next(&self.spec, self.now)
    }

    fn see(&mut self, event: Event) {
        self.progress.observe(&self.spec, event, self.now);
    }

    fn started(&mut self, name: &str) {
        self.see(Event::Started { container: name.into(), runtime_id: "r".into(), pid: Some(1), at: self.now });
    }

    fn exited(&mut self, name: &str, code: i32) {
        self.see(Event::Exited { container: name.into(), at: self.now, code: Some(code), reason: None });
    }

    fn second(&mut self, second: i64) -> &mut Self {
        self.now = Timestamp(second * 1000);
        self
    }

    fn wake(&self) -> Option<i64> {
        self.progress.wake(&self.spec, self.now).map(|at| at.0 / 1000)
    }

    fn failure(&self) -> (&str, &str) {
        self.progress.failure.as_ref().map_or(("", ""), |failure| (&failure.code, &failure.reason))
    }
}

fn start(name: &str) -> Step {
    Step::Start(name.into())
}

fn ask(name: &str) -> Step {
    Step::Ask(name.into())
}

fn running(since: i64) -> Found {
    Found { state: ContainerState::Running { since: Timestamp(since) }, runtime_id: "r".into(), pid: Some(4) }
}

#[test]
fn a_plain_workload_lives_and_ends() {
    let mut life = Life::ready(vec![container("a", &[])]);
    assert_eq!(life.next(), [start("a")]);
    assert_eq!(life.next(), [], "a step is begun once");
    life.started("a");
    assert_eq!((life.next(), life.wake()), (vec![], None));
    life.exited("a", 0);
    assert_eq!(life.failure(), ("EssentialContainerExited", "Essential container in task exited"));
    assert_eq!(life.next(), [Step::Clean]);
    life.see(Event::CleanFailed);
    assert_eq!(life.next(), [Step::Clean]);
    life.see(Event::Cleaned);
    assert_eq!(life.next(), []);
    assert!(life.progress.status().cleaned);
}

#[test]
fn stopping_asks_then_kills() {
    let mut life = Life::ready(vec![container("a", &[])]);
    life.next();
    life.started("a");
    life.spec.run = false;
    assert_eq!(life.second(10).next(), [ask("a")]);
    assert_eq!(life.wake(), Some(40));
    assert_eq!(life.second(39).next(), []);
    assert_eq!(life.second(40).next(), [Step::Kill("a".into())]);
    assert_eq!((life.next(), life.wake()), (vec![], None));
    life.exited("a", 137);
    assert_eq!(life.failure(), ("", ""), "what was asked for is no failure");
    assert_eq!(life.next(), [Step::Clean]);
}

#[test]
fn what_others_depend_on_starts_first_and_ends_last() {
    let mut life = Life::ready(vec![container("app", &[("db", Condition::Start)]), container("db", &[])]);
    assert_eq!(life.next(), [start("db")]);
    life.started("db");
    assert_eq!(life.next(), [start("app")]);
    life.started("app");
    life.spec.run = false;
    assert_eq!(life.next(), [ask("app")]);
    life.exited("app", 0);
    assert_eq!(life.next(), [ask("db")]);
}

#[test]
fn success_and_complete_are_told_apart() {
    for (condition, code, starts) in [
        (Condition::Complete, 0, true),
        (Condition::Complete, 1, true),
        (Condition::Success, 0, true),
        (Condition::Success, 1, false),
        (Condition::Healthy, 0, false),
    ] {
        let mut init = container("init", &[]);
        init.essential = false;
        let mut life = Life::ready(vec![init, container("app", &[("init", condition)])]);
        life.next();
        life.started("init");
        assert_eq!(life.next(), []);
        life.exited("init", code);
        match starts {
            true => assert_eq!(life.next(), [start("app")]),
            false => {
                assert_eq!(life.next(), [Step::Clean]);
                assert_eq!(life.failure().0, "TaskFailedToStart");
                assert!(life.failure().1.contains("init has exited with code"), "{}", life.failure().1);
            }
        }
    }
}

#[test]
fn a_start_timeout_counts_for_those_that_wait() {
    let mut slow = container("slow", &[]);
    slow.start_timeout = Some(Duration::from_secs(60));
    let mut life = Life::ready(vec![slow, container("app", &[("slow", Condition::Complete)])]);
    life.next();
    life.started("slow");
    assert_eq!((life.next(), life.wake()), (vec![], Some(60)));
    assert_eq!(life.second(60).next(), [ask("slow")]);
    assert!(life.failure().1.contains("slow did not get there within its start timeout"), "{}", life.failure().1);
}

#[test]
fn a_healthy_dependency_is_waited_for() {
    let mut db = container("db", &[]);
    let seconds = Duration::from_secs;
    db.health_check = Some(HealthCheck {
        command: vec!["CMD".into(), "true".into()],
        interval: seconds(5),
        timeout: seconds(2),
        retries: 1,
        start_period: seconds(0),
    });
    let mut life = Life::ready(vec![db, container("app", &[("db", Condition::Healthy)])]);
    life.next();
    life.started("db");
    assert_eq!((life.next(), life.wake()), (vec![], Some(5)));
    assert_eq!(life.second(5).next(), [Step::Check("db".into())]);
    assert_eq!((life.next(), life.wake()), (vec![], None), "not two checks at once");
    life.second(6).see(Event::Checked("db".into(), false));
    assert_eq!((life.next(), life.wake()), (vec![], Some(10)));
    assert_eq!(life.progress.status().containers["db"].health, Health::Unhealthy);
    assert_eq!(life.failure(), ("", ""), "the agent reports health, the service judges it");
    assert_eq!(life.second(10).next(), [Step::Check("db".into())]);
    life.see(Event::Checked("db".into(), true));
    assert_eq!(life.next(), [start("app")]);
}

#[test]
fn what_fails_says_so_in_the_words_of_ecs() {
    let mut life = Life::new(vec![container("a", &[])]);
    life.next();
    life.see(Event::JoinFailed("no address".into()));
    assert_eq!(life.failure(), ("TaskFailedToStart", "ResourceInitializationError: no address"));
    assert_eq!(life.next(), [Step::Clean]);

    let mut life = Life::new(vec![container("a", &[]), container("b", &[])]);
    life.next();
    life.see(Event::Joined(Default::default()));
    life.next();
    life.second(3).see(Event::PullFailed("a".into(), "x: not found".into()));
    assert_eq!(life.failure(), ("TaskFailedToStart", "CannotPullContainerError: x: not found"));
    assert_eq!(life.next(), [Step::Clean], "a pull that still goes on holds nothing back");
    let status = life.progress.status();
    assert_eq!((status.pull_started_at, status.pull_stopped_at), (Some(Timestamp(0)), None));
    assert!(matches!(&status.containers["b"].state, ContainerState::Exited { started: None, reason: None, .. }));

    let mut life = Life::ready(vec![container("a", &[])]);
    life.next();
    life.see(Event::StartFailed("a".into(), "exec format error".into()));
    assert_eq!(life.failure(), ("TaskFailedToStart", "CannotStartContainerError: exec format error"));
}

#[test]
fn a_container_that_is_not_essential_may_fail() {
    let mut side = container("side", &[]);
    side.essential = false;
    let mut life = Life::ready(vec![side, container("app", &[])]);
    assert_eq!(life.next(), [start("side"), start("app")]);
    life.see(Event::StartFailed("side".into(), "x".into()));
    life.started("app");
    assert_eq!((life.next(), life.failure()), (vec![], ("", "")));
}

#[test]
fn an_agent_that_comes_back_goes_on_where_it_was() {
    let mut life = Life::ready(vec![container("app", &[("db", Condition::Start)]), container("db", &[])]);
    life.next();
    let found = |name: &str| match name {
        "db" => Some(running(7)),
        _ => None,
    };
    life.progress = life.progress.clone().resume(found);
    assert_eq!(life.next(), [Step::Join], "the network's answer is needed for what is still to be started");
    life.see(Event::Joined(Default::default()));
    assert_eq!(life.next(), [Step::Pull("app".into())]);
    life.see(Event::Pulled("app".into(), "d".into()));
    assert_eq!(life.next(), [start("app")]);

    life.started("app");
    life.progress = life.progress.clone().resume(|_| Some(running(7)));
    assert_eq!(life.next(), [], "nothing is to be done for what runs");
    assert!(life.progress.status().network_ready);
}

/// Dependencies on earlier containers; essential; has a health check; has a start timeout.
type Shape = (Vec<(prop::sample::Index, Condition)>, bool, bool, bool);

/// A random workload: each container may depend on those before it.
fn workloads() -> impl Strategy<Value = Workload> {
    let conditions = prop::sample::select(vec![Condition::Start, Condition::Complete, Condition::Success, Condition::Healthy]);
    let depends_on = prop::collection::vec((any::<prop::sample::Index>(), conditions), 0..3);
    let shape = (depends_on, any::<bool>(), any::<bool>(), any::<bool>());
    let build = |shapes: Vec<Shape>| workload(shapes.into_iter().enumerate().map(|(n, shape)| build(n, shape)).collect());
    prop::collection::vec(shape, 1..6).prop_map(build)
}

fn build(n: usize, (depends_on, essential, checked, hurried): Shape) -> Container {
    let mut built = container(&n.to_string(), &[]);
    let on =
        |(index, condition): (prop::sample::Index, Condition)| Dependency { container: index.index(n).to_string(), condition };
    if n > 0 {
        built.depends_on = depends_on.into_iter().map(on).collect();
    }
    built.essential = essential;
    built.start_timeout = hurried.then_some(Duration::from_secs(20));
    built.health_check = checked.then(|| HealthCheck {
        command: vec![],
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(2),
        retries: 2,
        start_period: Duration::ZERO,
    });
    built
}

/// What luck makes of a step: the event that it ends with, if it does.
fn fate(step: &Step, luck: u8, now: Timestamp) -> Vec<Event> {
    let bad = luck.is_multiple_of(5);
    let exit = |name: &String, code| Event::Exited { container: name.clone(), at: now, code: Some(code), reason: None };
    match step {
        Step::Join if bad => vec![Event::JoinFailed("bad luck".into())],
        Step::Join => vec![Event::Joined(Default::default())],
        Step::Pull(name) if bad => vec![Event::PullFailed(name.clone(), "bad luck".into())],
        Step::Pull(name) => vec![Event::Pulled(name.clone(), "d".into())],
        Step::Start(name) if bad => vec![Event::StartFailed(name.clone(), "bad luck".into())],
        Step::Start(name) => {
            let started = Event::Started { container: name.clone(), runtime_id: "r".into(), pid: None, at: now };
            if luck.is_multiple_of(3) { vec![started, exit(name, (luck % 2).into())] } else { vec![started] }
        }
        Step::Check(name) => vec![Event::Checked(name.clone(), !bad)],
        // One in five takes no notice.
        Step::Ask(_) if bad => vec![],
        Step::Ask(name) | Step::Kill(name) => vec![exit(name, 143)],
        Step::Clean if bad => vec![Event::CleanFailed],
        Step::Clean => vec![Event::Cleaned],
    }
}

#[test]
fn a_kill_that_was_lost_with_the_agent_is_made_again() {
    let mut life = Life::ready(vec![container("a", &[])]);
    life.next();
    life.started("a");
    life.spec.run = false;
    assert_eq!(life.next(), [ask("a")]);
    assert_eq!(life.second(30).next(), [Step::Kill("a".into())]);
    life.progress = life.progress.clone().resume(|_| Some(running(0)));
    assert_eq!(life.next(), [Step::Kill("a".into())]);
}

proptest! {
    #[test]
    fn every_life_is_orderly_and_ends(
        spec in workloads(),
        luck in prop::collection::vec(1..255_u8, 400),
        stopped_after in 0..60_usize,
        killed in prop::collection::vec(any::<bool>(), 60),
    ) {
        let mut life = Life { progress: Progress::new(&spec), spec, now: Timestamp(0) };
        let mut luck = luck.into_iter().cycle();
        let mut waiting: Vec<Event> = Vec::new();
        let mut begun = BTreeSet::new();
        let mut failure = None;
        for round in 0..400 {
            if round == stopped_after {
                life.spec.run = false;
            }
            if killed.get(round) == Some(&true) && round % 7 == 0 {
                // The server dies: what was begun is lost, what runs is found again.
                waiting.clear();
                let states: std::collections::BTreeMap<_, _> =
                    life.progress.containers.iter().map(|(name, track)| (name.clone(), track.clone())).collect();
                life.progress = life.progress.clone().resume(|name| match &states[name].state {
                    ContainerState::Running { since } => Some(running(since.0)),
                    _ => None,
                });
                begun.clear();
            }
            for step in life.next() {
                if let Step::Start(name) = &step {
                    prop_assert!(begun.insert(name.clone()), "{name} was started twice");
                    prop_assert!(life.spec.run && life.progress.failure.is_none(), "a start in a workload that ends");
                    let container = life.spec.containers.iter().find(|c| c.name == *name).unwrap();
                    for dependency in &container.depends_on {
                        prop_assert!(life.progress.containers[&dependency.container].started().is_some());
                    }
                }
                if let Step::Ask(name) = &step {
                    for other in life.spec.containers.iter().filter(|o| o.depends_on.iter().any(|d| d.container == *name)) {
                        prop_assert!(!life.progress.containers[&other.name].is_running(), "{name} ends before {}", other.name);
                    }
                }
                waiting.extend(fate(&step, luck.next().unwrap(), life.now));
            }
            prop_assert!(failure.is_none() || failure == life.progress.failure, "a failure is set once");
            failure = life.progress.failure.clone();
            if life.progress.status().cleaned {
                break;
            }
            if waiting.is_empty() {
                let wake = life.progress.wake(&life.spec, life.now);
                life.now = wake.unwrap_or(life.now + Duration::from_secs(1));
            } else {
                let event = waiting.remove(usize::from(luck.next().unwrap()) % waiting.len());
                // Within a container, events come in their order.
                if let Event::Exited { container, .. } = &event
                    && waiting.iter().any(|other| matches!(other, Event::Started { container: c, .. } if c == container))
                {
                    waiting.push(event);
                    continue;
                }
                life.see(event);
            }
        }
        prop_assert!(life.progress.status().cleaned, "{:?}", life.progress);
        prop_assert!(life.progress.containers.values().all(Track::has_ended));
    }
}
