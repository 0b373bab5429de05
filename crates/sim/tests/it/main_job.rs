//! A service of two behind a load balancer, from the first image to the last trace.

use agent::driver::ContainerId;
use model::ecs::short_id;
use serde_json::json;
use sim::{
    Site, User, World,
    state::{Records, State, logged},
};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const DRAINED: Duration = Duration::from_secs(400);
const HOUR: Duration = Duration::from_secs(3600);

async fn running() -> (World, Site) {
    let mut world = World::new().await;
    let site = Site::make(&world, User::FIRST).await;
    world.pass(MINUTE).await;
    (world, site)
}

/// A site at rest with so many tasks of a revision.
fn steady(tasks: usize, revision: u32, state: &State) -> State {
    let definition = format!("arn:aws:ecs:us-east-1:111122223333:task-definition/web:{revision}");
    State {
        service: ("ACTIVE".into(), tasks as u64, 0, "COMPLETED".into()),
        deployments: 1,
        tasks: [(("RUNNING".into(), definition), tasks)].into(),
        containers: tasks,
        targets: (tasks, 0),
        healthy: tasks,
        records: Records {
            workloads: tasks,
            interfaces: tasks,
            targets: tasks,
            log_sources: tasks,
            // Tasks that have stopped are shown for a while.
            tasks: state.records.tasks,
            stops: state.records.stops,
        },
    }
}

#[track_caller]
fn assert_steady(state: &State, tasks: usize, revision: u32) {
    assert_eq!(*state, steady(tasks, revision, state));
}

#[tokio::test]
async fn two_tasks_serve_behind_a_balancer() {
    let (world, site) = running().await;
    assert_steady(&State::of(&world, &site).await, 2, 1);
    let said = site.described(&world).await["events"].to_string();
    assert!(said.contains("(service web) has reached a steady state."), "{said}");
    assert_eq!(logged(&world.user(User::FIRST)).await, ["v1 is up", "v1 is up"]);
}

#[tokio::test]
async fn the_count_grows_and_shrinks() {
    let (mut world, site) = running().await;
    site.update(&world, json!({"desiredCount": 4})).await;
    world.pass(MINUTE).await;
    assert_steady(&State::of(&world, &site).await, 4, 1);
    site.update(&world, json!({"desiredCount": 1})).await;
    world.pass(DRAINED).await;
    assert_steady(&State::of(&world, &site).await, 1, 1);
}

#[tokio::test]
async fn a_new_revision_rolls_over_without_a_gap() {
    let (mut world, site) = running().await;
    site.publish(&world, "v2").await;
    site.update(&world, json!({"taskDefinition": "web"})).await;
    let mut least = usize::MAX;
    for _ in 0..40 {
        world.pass(Duration::from_secs(10)).await;
        let state = State::of(&world, &site).await;
        least = least.min(state.targets.0 - state.targets.1);
    }
    assert_eq!(least, 2, "at no moment are there fewer targets than tasks are wanted");
    assert_steady(&State::of(&world, &site).await, 2, 2);
    assert_eq!(logged(&world.user(User::FIRST)).await, ["v1 is up", "v1 is up", "v2 is up", "v2 is up"]);
}

#[tokio::test]
async fn what_dies_or_is_stopped_is_replaced() {
    let (mut world, site) = running().await;
    let first = site.tasks(&world).await.remove(0);
    world.machine().end(&ContainerId::new(short_id(&first), "web"), 1, None);
    world.pass(DRAINED).await;
    let dead = site.task(&world, &first).await;
    assert_eq!((&dead["lastStatus"], &dead["stopCode"]), (&json!("STOPPED"), &json!("EssentialContainerExited")));
    assert_eq!(dead["containers"][0]["exitCode"], 1);
    assert_steady(&State::of(&world, &site).await, 2, 1);

    let second = site.tasks(&world).await.remove(0);
    let stop = json!({"cluster": "web", "task": second, "reason": "it is the second"});
    world.user(User::FIRST).ecs("StopTask", stop).await;
    world.pass(DRAINED).await;
    let stopped = site.task(&world, &second).await;
    assert_eq!((&stopped["stopCode"], &stopped["stoppedReason"]), (&json!("UserInitiated"), &json!("it is the second")));
    let now = site.tasks(&world).await;
    assert!(!now.contains(&first) && !now.contains(&second));
    assert_steady(&State::of(&world, &site).await, 2, 1);
}

#[tokio::test]
async fn nothing_is_left_of_what_was_deleted() {
    let (mut world, site) = running().await;
    site.delete(&world).await;
    world.pass(HOUR + DRAINED).await;
    assert_eq!(Records::of(&world.snapshot()), Records::default());
    assert!(world.machine().running().is_empty());
    assert!(world.edge.table().balancers.is_empty());
    assert_eq!(logged(&world.user(User::FIRST)).await.len(), 2, "what was logged is the user's");
}
