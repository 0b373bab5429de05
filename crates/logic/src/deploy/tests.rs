//! Services in a world where tasks start, become healthy, fail and stop as a test says.

mod properties;
mod world;

use super::*;
use model::ecs::{CircuitBreaker, RolloutState, Threshold};
use world::World;

const BREAKER: CircuitBreaker =
    CircuitBreaker { enable: true, rollback: true, reset_on_healthy_task: true, threshold: Threshold::BoundedPercent(50) };

#[test]
fn a_new_service_starts_its_tasks_and_reaches_a_steady_state() {
    let mut world = World::new(2, 100, 200);
    world.step();
    assert_eq!(world.counts("d1"), (2, 0));
    assert_eq!(world.plan.deployments[0].state, RolloutState::InProgress);
    world.run_all();
    world.step();
    assert_eq!(world.counts("d1"), (0, 2));
    assert_eq!(world.plan.deployments[0].state, RolloutState::Completed);
    assert_eq!(world.plan.deployments[0].reason, "ECS deployment d1 completed.");
    let said = world.said();
    assert_eq!(
        said,
        [
            "(service web) has started 2 tasks: (task t1) (task t2).",
            "(service web) (deployment d1) deployment completed.",
            "(service web) has reached a steady state.",
        ]
    );
    world.step();
    assert_eq!(world.said(), said, "nothing more is said");
}

#[test]
fn a_task_that_ends_is_replaced_and_stopped_by_nobody() {
    let mut world = World::steady(2, 100, 200);
    world.pass(60);
    world.die("t1");
    world.step();
    assert_eq!(world.counts("d1"), (1, 1));
    world.run_all();
    world.step();
    assert_eq!(world.said().last().unwrap(), "(service web) has reached a steady state.");
}

#[test]
fn a_task_with_a_short_life_is_replaced_after_a_pause() {
    let mut world = World::steady(1, 100, 200);
    world.die("t1");
    let wake = world.step();
    assert_eq!(world.counts("d1"), (0, 0));
    assert_eq!(wake, Some(world.now + bounds::CRASH_PACE));
    world.pass(2);
    world.step();
    assert_eq!(world.counts("d1"), (1, 0));
}

#[test]
fn a_rolling_update_keeps_old_tasks_until_new_ones_are_trusted() {
    let mut world = World::steady(2, 100, 200);
    world.pass(60);
    world.deploy("d2");
    world.step();
    assert_eq!((world.counts("d2"), world.counts("d1")), ((2, 0), (0, 2)));
    world.run_all();
    let wake = world.step();
    assert_eq!(world.counts("d1"), (0, 2), "forty seconds have to pass");
    assert_eq!(wake, Some(world.now + bounds::TRUSTED_AFTER));
    world.pass(40);
    world.step();
    assert_eq!((world.counts("d2"), world.counts("d1")), ((0, 2), (0, 0)));
    world.stop_all();
    world.step();
    assert_eq!(world.plan.deployments.len(), 1);
    assert_eq!(world.plan.deployments[0].state, RolloutState::Completed);
}

#[test]
fn with_health_checks_each_healthy_task_lets_an_old_one_go() {
    let mut world = World::steady(4, 50, 150);
    world.checked = true;
    world.pass(60);
    world.heal_all();
    world.deploy("d2");
    world.step();
    assert_eq!((world.counts("d2"), world.counts("d1")), ((2, 0), (0, 4)), "six at most");
    world.step();
    assert_eq!(world.counts("d1"), (0, 2), "no room for the other two: down to the minimum");
    world.step();
    assert_eq!(world.counts("d2"), (4, 0));
}

#[test]
fn with_no_headroom_old_tasks_go_first() {
    let mut world = World::steady(2, 50, 100);
    world.pass(60);
    world.deploy("d2");
    world.step();
    assert_eq!(world.counts("d1"), (0, 1));
    world.step();
    assert_eq!((world.counts("d2"), world.counts("d1")), ((1, 0), (0, 1)));
}

#[test]
fn bounds_that_allow_nothing_are_complained_of_once() {
    let mut world = World::steady(1, 100, 100);
    world.pass(60);
    world.deploy("d2");
    world.step();
    world.step();
    let stuck = world.said().iter().filter(|text| text.contains("unable to stop or start tasks")).count();
    assert_eq!((stuck, world.counts("d1"), world.counts("d2")), (1, (0, 1), (0, 0)));
}

#[test]
fn scaling_in_takes_what_does_not_serve_then_the_newest() {
    let mut world = World::steady(3, 100, 200);
    world.spec.desired_count = 1;
    world.step();
    assert_eq!(world.alive(), ["t1"]);
    assert!(world.said().contains(&"(service web) has stopped 2 running tasks: (task t3) (task t2).".to_string()));
    assert_eq!(world.stops["t3"].reason, "Scaling activity initiated by (deployment d1)");
}

#[test]
fn tasks_that_fail_to_start_are_tried_again_with_growing_pauses() {
    let mut world = World::new(1, 100, 200);
    let mut pauses = vec![];
    for n in 1..=4 {
        world.step();
        world.die(&format!("t{n}"));
        let wake = world.step().unwrap();
        pauses.push(wake.since(world.now).as_secs());
        world.now = wake;
    }
    assert_eq!(pauses, [2, 4, 8, 16]);
    assert_eq!(backoff(40).as_secs(), 27 * 60);
    assert!(world.said().iter().any(|text| text.contains("is unable to consistently start tasks")));
}

#[test]
fn tasks_that_fail_together_are_one_attempt() {
    let mut world = World::new(10, 100, 200);
    world.step();
    world.fail_pending("d1");
    let wake = world.step().unwrap();
    assert_eq!(wake.since(world.now).as_secs(), 2);
    assert_eq!(world.plan.deployments[0].failed_tasks, 10, "the circuit breaker counts each");
}

#[test]
fn the_circuit_breaker_rolls_back_to_the_last_completed_deployment() {
    let mut world = World::steady(2, 100, 200);
    world.spec.rollout.circuit_breaker = Some(BREAKER);
    world.pass(60);
    world.deploy("d2");
    for _ in 0..4 {
        world.step();
        world.fail_pending("d2");
        world.pass(600);
    }
    world.step();
    let states: Vec<_> = world.plan.deployments.iter().map(|it| (it.target.deployment.as_str(), it.state)).collect();
    assert_eq!(states[0], ("d1", RolloutState::Completed));
    assert_eq!(world.counts("d1"), (0, 2));
    assert!(world.said().contains(&"(service web) (deployment d2) deployment failed: tasks failed to start.".to_string()));
    assert!(world.said().contains(&"(service web) rolling back to deployment d1.".to_string()));
    assert_eq!(primary_target(&world.spec, &world.plan).deployment, "d1");
}

#[test]
fn without_a_completed_deployment_a_failed_one_just_stops_starting_tasks() {
    let mut world = World::new(2, 100, 200);
    world.spec.rollout.circuit_breaker = Some(BREAKER);
    for _ in 0..4 {
        world.step();
        world.fail_pending("d1");
        world.pass(600);
    }
    world.step();
    assert_eq!(world.plan.deployments[0].state, RolloutState::Failed);
    assert_eq!(world.counts("d1"), (0, 0));
}

#[test]
fn an_unhealthy_task_is_stopped_after_the_grace_period_and_replaced() {
    let mut world = World::steady(1, 100, 200);
    world.spec.grace_period = Some(30);
    world.sicken("t1");
    let wake = world.step();
    assert_eq!(world.alive(), ["t1"]);
    world.now = wake.unwrap();
    world.step();
    assert_eq!(world.stops["t1"].reason, "Task failed ELB health checks in (target-group tg)");
    assert_eq!(world.alive(), ["t2"]);
}

#[test]
fn where_there_is_no_room_the_service_says_why() {
    let mut world = World::new(2, 100, 200);
    world.room = Room { tasks: 1, shortage: Shortage::Place("there is none.".into()) };
    world.step();
    assert_eq!(world.counts("d1"), (1, 0));
    world.room.tasks = 0;
    world.step();
    let said: Vec<_> = world.said().into_iter().filter(|text| text.contains("unable to place")).collect();
    assert_eq!(said, ["(service web) was unable to place a task because there is none."]);
}

#[test]
fn a_revision_that_cannot_be_launched_costs_no_task_of_the_old_one() {
    let mut world = World::steady(2, 50, 200);
    world.deploy("d2");
    world.room = Room::refused("no role");
    for _ in 0..3 {
        world.step();
    }
    assert_eq!((world.counts("d1"), world.counts("d2")), ((0, 2), (0, 0)));
    let said: Vec<_> = world.said().into_iter().filter(|text| text.contains("failed to launch")).collect();
    assert_eq!(said, ["(service web) failed to launch a task with (error no role)."]);
}

#[test]
fn a_deleted_service_stops_everything_and_becomes_inactive() {
    let mut world = World::steady(2, 100, 200);
    world.spec.deleted_at = Some(world.now);
    world.step();
    assert!(world.alive().is_empty());
    assert_eq!(world.plan.inactive_at, None);
    world.stop_all();
    world.step();
    assert_eq!(world.plan.inactive_at, Some(world.now));
}

#[test]
fn registration_and_draining_are_said_with_the_target_group() {
    let mut world = World::balanced(1);
    world.step();
    world.run_all();
    world.register_all();
    world.step();
    assert!(world.said().contains(&"(service web) registered 1 targets in (target-group tg)".to_string()));
    world.spec.desired_count = 0;
    world.step();
    world.deregister_all();
    world.step();
    let said = world.said();
    assert!(said.contains(&"(service web) has begun draining connections on 1 tasks.".to_string()));
    assert!(said.contains(&"(service web) deregistered 1 targets in (target-group tg)".to_string()));
}

#[test]
fn percentages_are_rounded_towards_safety() {
    let rollout = |minimum, maximum| model::ecs::Rollout {
        maximum_percent: maximum,
        minimum_healthy_percent: minimum,
        circuit_breaker: None,
    };
    for (desired, minimum, maximum, answer) in [
        (4, 50, 200, (2, 8)),
        (3, 50, 150, (2, 4)),
        (1, 0, 100, (0, 1)),
        (5, 33, 110, (2, 5)),
        (0, 100, 200, (0, 0)),
        (1, 100, 0, (1, 1)),
    ] {
        let rollout = rollout(minimum, maximum);
        assert_eq!((minimum_healthy(&rollout, desired), super::maximum(&rollout, desired)), answer);
    }
    for (desired, answer) in [(1, 3), (6, 3), (7, 4), (25, 13), (1000, 200)] {
        assert_eq!(failure_threshold(Threshold::BoundedPercent(50), desired), answer);
    }
}
