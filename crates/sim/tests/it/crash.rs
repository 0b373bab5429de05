//! The main job with a server that dies in the middle of whatever it does. In the end all is as if it had not.

use agent::driver::ContainerId;
use model::ecs::short_id;
use serde_json::json;
use sim::{
    Crashes, Site, User, World,
    state::{Records, State, logged},
};
use std::time::Duration;

/// How often the server may die after each of the user's wishes.
const CRASHES: u32 = 4;

/// `SIM_SEED` names another one alone.
const SEEDS: std::ops::Range<u64> = 0..10;
const SPACES: [u64; 5] = [1, 7, 12, 17, 23];

/// What is seen in the end: the site before it is deleted, the log, and what is left after.
type End = (State, Vec<String>, Records);

/// A site is made, grows, rolls over, loses a container, shrinks, and is deleted.
async fn story(crashes: Crashes) -> (End, u32) {
    let mut world = World::on_disk(crashes).await;
    let site = Site::make(&world, User::FIRST).await;
    go_on(&mut world, 60).await;
    site.update(&world, json!({"desiredCount": 3})).await;
    go_on(&mut world, 60).await;
    site.publish(&world, "v2").await;
    site.update(&world, json!({"taskDefinition": "web"})).await;
    go_on(&mut world, 330).await;
    let victim = site.tasks(&world).await.remove(0);
    world.machine().end(&ContainerId::new(short_id(&victim), "web"), 1, None);
    go_on(&mut world, 330).await;
    site.update(&world, json!({"desiredCount": 1})).await;
    go_on(&mut world, 330).await;
    let (state, log) = (State::of(&world, &site).await, logged(&world.user(User::FIRST)).await);
    site.delete(&world).await;
    go_on(&mut world, 4000).await;
    assert!(world.machine().running().is_empty(), "containers are left");
    ((state, log, Records::of(&world.snapshot())), world.crashes.made())
}

async fn go_on(world: &mut World, seconds: u64) {
    world.crashes.allow(CRASHES);
    world.pass(Duration::from_secs(seconds)).await;
}

fn seeds() -> std::ops::Range<u64> {
    let named = std::env::var("SIM_SEED").ok().and_then(|text| text.parse().ok());
    named.map_or(SEEDS, |seed| seed..seed + 1)
}

async fn expected() -> End {
    let (end, _) = story(Crashes::never()).await;
    let (state, log, left) = &end;
    assert_eq!((state.containers, state.targets, state.service.1), (1, (1, 0), 1), "{state:#?}");
    assert_eq!((log.len(), left), (7, &Records::default()), "three of each version, and one in place of the dead");
    end
}

#[tokio::test]
async fn a_server_that_dies_at_drawn_moments_changes_nothing() {
    let expected = expected().await;
    for seed in seeds() {
        let (end, made) = story(Crashes::drawn(seed)).await;
        assert_eq!(end, expected, "SIM_SEED={seed}, {made} crashes");
        assert!(made > 0, "seed {seed} has drawn no crash");
    }
}

#[tokio::test]
async fn a_server_that_dies_after_so_many_steps_changes_nothing() {
    let expected = expected().await;
    for runs in SPACES {
        let (end, made) = story(Crashes::every(runs)).await;
        assert_eq!(end, expected, "a crash after each {runs} runs, {made} in all");
        assert!(made > 0, "the server never made {runs} runs");
    }
}

#[tokio::test]
async fn what_dies_while_no_server_is_there_is_replaced() {
    let mut world = World::on_disk(Crashes::never()).await;
    let site = Site::make(&world, User::FIRST).await;
    world.pass(Duration::from_secs(60)).await;
    let victim = site.tasks(&world).await.remove(0);
    world.crash_while(|machine| machine.end(&ContainerId::new(short_id(&victim), "web"), 9, None)).await;
    world.pass(Duration::from_secs(330)).await;
    let (dead, tasks) = (site.task(&world, &victim).await, site.tasks(&world).await);
    assert_eq!((&dead["stopCode"], &dead["containers"][0]["exitCode"]), (&json!("EssentialContainerExited"), &json!(9)));
    assert!(tasks.len() == 2 && !tasks.contains(&victim), "{tasks:?}");
    assert_eq!(world.machine().running().len(), 2);
}
