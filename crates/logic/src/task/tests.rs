//! A task is led through its life by hand; after each event its state and its next step are looked at.

use super::*;
use model::ecs::{ContainerDefinition, LaunchType, LoadBalancer, Registered, Revision, TaskOverride};
use std::collections::BTreeMap;

struct Life {
    definition: Definition,
    spec: TaskSpec,
    plan: TaskPlan,
    stop: Option<Stop>,
    progress: Progress,
}

impl Life {
    /// A task of an essential `web` and a `side` that is not.
    fn new(balanced: bool) -> Self {
        let container = |name: &str, essential| ContainerDefinition { name: name.into(), essential, ..Default::default() };
        let balancer = LoadBalancer { target_group: "arn:tg".into(), container: "web".into(), port: 80 };
        Self {
            definition: Definition { containers: vec![container("web", true), container("side", false)], ..Default::default() },
            spec: TaskSpec {
                created_at: Timestamp(0),
                definition: Revision { family: "web".into(), number: 1 },
                overrides: TaskOverride::default(),
                started_by: None,
                group: "family:web".into(),
                service: None,
                launch_type: LaunchType::Fargate,
                capacity_provider: None,
                platform_version: None,
                container_instance: None,
                network: None,
                load_balancers: balanced.then_some(balancer).into_iter().collect(),
                client_token: None,
                tags: BTreeMap::new(),
            },
            plan: TaskPlan::default(),
            stop: None,
            progress: Progress::default(),
        }
    }

    fn facts(&self) -> Facts<'_> {
        let Self { definition, spec, plan, stop, progress } = self;
        Facts { definition, spec, plan, stop: stop.as_ref(), progress }
    }

    fn expect(&self, outside: Outside, status: &str, step: Step) {
        assert_eq!(self.facts().last_status().as_str(), status);
        assert_eq!(next(&self.facts(), &outside, Timestamp(1000)), step);
    }

    fn start(&mut self, name: &str, at: i64) {
        self.progress.containers.entry(name.into()).or_default().started_at = Some(Timestamp(at));
    }

    fn exit(&mut self, name: &str, at: i64, code: i32) {
        let container = self.progress.containers.entry(name.into()).or_default();
        (container.exited_at, container.exit_code) = (Some(Timestamp(at)), Some(code));
    }

    fn place(&mut self) {
        self.plan.placed_at = Some(Timestamp(1));
    }

    fn wish_stop(&mut self, at: i64) {
        self.stop = Some(Stop { at: Timestamp(at), code: StopCode::UserInitiated, reason: "enough".into() });
    }
}

const NOTHING: Outside = Outside { hosted: false, draining: false, logs_drained: false };
const HOSTED: Outside = Outside { hosted: true, ..NOTHING };

#[test]
fn a_balanced_task_goes_all_the_way() {
    let mut life = Life::new(true);
    life.expect(NOTHING, "PROVISIONING", Step::Place);
    life.place();
    life.expect(HOSTED, "PENDING", Step::Rest);
    life.start("web", 5);
    life.expect(HOSTED, "PENDING", Step::Rest);
    life.start("side", 6);
    life.expect(HOSTED, "ACTIVATING", Step::Register);
    life.plan.registered = Some(Registered { at: Timestamp(7), targets: vec![] });
    life.expect(HOSTED, "RUNNING", Step::Rest);
    assert_eq!(view(&life.facts()).started_at, Some(Timestamp(7)));
    life.wish_stop(20);
    life.expect(HOSTED, "DEACTIVATING", Step::Deregister);
    life.plan.deregistered_at = Some(Timestamp(21));
    life.expect(Outside { draining: true, ..HOSTED }, "DEACTIVATING", Step::Rest);
    life.expect(HOSTED, "DEACTIVATING", Step::Halt);
    life.plan.halted_at = Some(Timestamp(22));
    life.expect(HOSTED, "STOPPING", Step::Rest);
    life.exit("web", 23, 0);
    life.exit("side", 24, 143);
    life.progress.cleaned = true;
    life.expect(HOSTED, "STOPPING", Step::Finish);
    life.plan.stopped_at = Some(Timestamp(25));
    life.expect(HOSTED, "STOPPED", Step::Rest);
    life.expect(Outside { logs_drained: true, ..HOSTED }, "STOPPED", Step::Unhost);
    life.expect(NOTHING, "STOPPED", Step::Wait(Timestamp(25) + next::SHOWN_AFTER_STOP));
    let shown = view(&life.facts());
    assert_eq!(shown.ending.map(|stop| (stop.code, stop.reason)), Some((StopCode::UserInitiated, "enough".into())));
    assert_eq!(shown.stopping_at, Some(Timestamp(20)));
}

#[test]
fn the_end_of_an_essential_container_ends_the_task_without_waiting_for_balancers() {
    let mut life = Life::new(true);
    life.place();
    life.start("web", 5);
    life.start("side", 5);
    life.plan.registered = Some(Registered { at: Timestamp(7), targets: vec![] });
    life.exit("web", 9, 1);
    life.expect(HOSTED, "DEACTIVATING", Step::Deregister);
    life.plan.deregistered_at = Some(Timestamp(10));
    life.expect(Outside { draining: true, ..HOSTED }, "DEACTIVATING", Step::Halt);
    let shown = view(&life.facts());
    assert_eq!(shown.desired_status, "STOPPED");
    assert_eq!(shown.ending.map(|stop| stop.reason).as_deref(), Some("Essential container in task exited"));
    assert_eq!(shown.containers[0].progress.exit_code, Some(1));
}

#[test]
fn the_end_of_another_container_ends_nothing() {
    let mut life = Life::new(false);
    life.place();
    life.start("web", 5);
    life.start("side", 5);
    life.exit("side", 6, 1);
    life.expect(HOSTED, "RUNNING", Step::Rest);
}

#[test]
fn a_task_runs_without_a_container_that_failed_to_start_and_is_not_essential() {
    let mut life = Life::new(false);
    life.place();
    life.start("web", 5);
    life.exit("side", 6, 1);
    life.expect(HOSTED, "RUNNING", Step::Rest);
    assert_eq!(view(&life.facts()).started_at, Some(Timestamp(5)));
}

#[test]
fn what_came_first_is_the_reason() {
    let mut life = Life::new(false);
    life.place();
    life.start("web", 5);
    life.start("side", 5);
    life.wish_stop(8);
    life.exit("web", 9, 143);
    let reason = |life: &Life| life.facts().ending().map(|stop| stop.code);
    assert_eq!(reason(&life), Some(StopCode::UserInitiated));
    life.wish_stop(10);
    assert_eq!(reason(&life), Some(StopCode::EssentialContainerExited));
}

#[test]
fn a_task_that_was_never_placed_is_finished_at_once() {
    let mut life = Life::new(true);
    life.wish_stop(1);
    life.expect(NOTHING, "STOPPING", Step::Finish);
    life.plan.stopped_at = Some(Timestamp(2));
    life.expect(NOTHING, "STOPPED", Step::Wait(Timestamp(2) + next::SHOWN_AFTER_STOP));
    assert_eq!(next(&life.facts(), &NOTHING, Timestamp(2) + next::SHOWN_AFTER_STOP), Step::Forget);
}

#[test]
fn the_version_never_falls() {
    let mut life = Life::new(true);
    let mut versions = vec![view(&life.facts()).version];
    let events: [fn(&mut Life); 6] = [
        Life::place,
        |life| life.start("web", 5),
        |life| life.start("side", 5),
        |life| life.plan.registered = Some(Registered { at: Timestamp(7), targets: vec![] }),
        |life| life.exit("web", 9, 0),
        |life| life.plan.stopped_at = Some(Timestamp(10)),
    ];
    for event in events {
        event(&mut life);
        versions.push(view(&life.facts()).version);
    }
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
}

#[test]
fn health_is_that_of_essential_containers_with_checks() {
    let mut life = Life::new(false);
    let check = model::ecs::HealthCheck {
        command: vec!["CMD".into(), "true".into()],
        interval: 30,
        timeout: 5,
        retries: 3,
        start_period: 0,
        start_period_given: false,
    };
    assert_eq!(view(&life.facts()).health, Health::Unknown);
    life.definition.containers[0].health_check = Some(check.clone());
    life.definition.containers[1].health_check = Some(check);
    life.start("web", 1);
    life.start("side", 1);
    life.progress.containers.get_mut("side").unwrap().healthy = Some(false);
    assert_eq!(view(&life.facts()).health, Health::Unknown, "`side` is not essential");
    life.progress.containers.get_mut("web").unwrap().healthy = Some(true);
    assert_eq!(view(&life.facts()).health, Health::Healthy);
}
