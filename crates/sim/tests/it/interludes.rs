//! Reboots with work in their middle, in a whole cloud, with a server that keeps dying: an image of an instance that runs, and its root
//! volume replaced.

use super::instances::{call, go_on, image, state};
use agent_proto::record::{HostedMachine, HostedVolume};
use model::ec2::{Snapshot, Volume};
use sim::{Crashes, User, World, state::keys};
use std::time::Duration;

/// What an operation shows under a name; waits for it to be so, since each death of the server costs time.
async fn becomes(world: &mut World, operation: &str, one: (&str, &str), name: &str, wanted: &str) {
    for _ in 0..30 {
        if world.user(User::FIRST).ec2(operation, &[one]).await.one(name) == wanted {
            return;
        }
        world.pass(Duration::from_secs(10)).await;
    }
    panic!("{} never became {wanted}", one.1);
}

async fn story(crashes: Crashes) -> u32 {
    let mut world = World::on_disk(crashes).await;
    let first = image(&mut world).await;
    let launch = [("ImageId", first.as_str()), ("InstanceType", "t3.nano"), ("MinCount", "1"), ("MaxCount", "1")];
    let id = call(&world, "RunInstances", &launch).await;
    go_on(&mut world, 30).await;
    let snapshots = keys::<Snapshot>(&world.snapshot()).len();

    let made = world.user(User::FIRST).ec2("CreateImage", &[("InstanceId", &id), ("Name", "golden")]).await;
    let golden = made.one("imageId").to_owned();
    go_on(&mut world, 60).await;
    becomes(&mut world, "DescribeImages", ("ImageId.1", &golden), "item/imageState", "available").await;
    assert_eq!(world.machines().machine(&id).unwrap().boots, [1, 2], "one reboot, however often the server died");
    assert_eq!(state(&world, &id).await, "running");
    assert_eq!(keys::<Snapshot>(&world.snapshot()).len(), snapshots + 1);

    let replace = [("InstanceId", id.as_str()), ("DeleteReplacedRootVolume", "true")];
    let made = world.user(User::FIRST).ec2("CreateReplaceRootVolumeTask", &replace).await;
    let task = made.one("replaceRootVolumeTask/replaceRootVolumeTaskId").to_owned();
    go_on(&mut world, 60).await;
    becomes(&mut world, "DescribeReplaceRootVolumeTasks", ("ReplaceRootVolumeTaskId.1", &task), "item/taskState", "succeeded")
        .await;
    assert_eq!(world.machines().machine(&id).unwrap().boots, [1, 2, 3]);
    go_on(&mut world, 60).await;
    assert_eq!(keys::<Volume>(&world.snapshot()).len(), 1, "the old one is gone, the new one is there");

    call(&world, "TerminateInstances", &[("InstanceId.1", &id)]).await;
    go_on(&mut world, 300).await;
    let snapshot = world.snapshot();
    assert!(keys::<HostedMachine>(&snapshot).is_empty() && keys::<HostedVolume>(&snapshot).is_empty());
    assert!(keys::<Volume>(&snapshot).is_empty());
    world.crashes.made()
}

#[tokio::test]
async fn an_interlude_is_one_reboot() {
    assert_eq!(story(Crashes::never()).await, 0);
}

#[tokio::test]
async fn an_interlude_is_one_reboot_with_a_server_that_keeps_dying() {
    for every in [1, 7, 17] {
        assert!(story(Crashes::every(every)).await > 0, "every {every}");
    }
}
