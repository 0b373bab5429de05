//! The life of an instance in a whole cloud, with a server that keeps dying.

use agent_proto::record::{HostedMachine, HostedVolume};
use model::ec2::{Instance, InstanceUsage, NetworkInterface, Volume};
use sim::{Crashes, User, World, state::keys};
use spine::{Read, Scope};
use std::time::Duration;

/// How often the server may die after each of the user's wishes.
const CRASHES: u32 = 3;

pub async fn go_on(world: &mut World, seconds: u64) {
    world.crashes.allow(CRASHES);
    world.pass(Duration::from_secs(seconds)).await;
}

pub async fn call(world: &World, operation: &str, parameters: &[(&str, &str)]) -> String {
    let answer = world.user(User::FIRST).ec2(operation, parameters).await;
    let names = ["imageId", "snapshotId", "volumeId", "item/instanceId"];
    let made = |name: &&str| answer.all(name).first().map(|id| id.to_string());
    let which = match operation {
        "RegisterImage" => 0,
        "CreateSnapshot" => 1,
        "CreateVolume" => 2,
        _ => 3,
    };
    made(&names[which]).unwrap_or_default()
}

pub async fn state(world: &World, id: &str) -> String {
    world.user(User::FIRST).ec2("DescribeInstances", &[("InstanceId.1", id)]).await.one("instanceState/name").to_owned()
}

/// An image of a volume that somebody made.
pub async fn image(world: &mut World) -> String {
    let volume = call(world, "CreateVolume", &[("AvailabilityZone", "us-east-1a"), ("Size", "1")]).await;
    go_on(world, 10).await;
    let snapshot = call(world, "CreateSnapshot", &[("VolumeId", &volume)]).await;
    go_on(world, 10).await;
    call(world, "DeleteVolume", &[("VolumeId", &volume)]).await;
    let root = [
        ("Name", "small"),
        ("Architecture", "x86_64"),
        ("VirtualizationType", "hvm"),
        ("RootDeviceName", "/dev/xvda"),
        ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
        ("BlockDeviceMapping.1.Ebs.SnapshotId", &snapshot),
    ];
    let image = call(world, "RegisterImage", &root).await;
    go_on(world, 10).await;
    image
}

/// Launched, rebooted, stopped, started, shut down by itself, started, and ended.
async fn story(crashes: Crashes) -> u32 {
    let mut world = World::on_disk(crashes).await;
    let image = image(&mut world).await;
    let launch = [("ImageId", image.as_str()), ("InstanceType", "t3.nano"), ("MinCount", "1"), ("MaxCount", "1")];
    let id = call(&world, "RunInstances", &launch).await;
    let one = [("InstanceId.1", id.as_str())];
    go_on(&mut world, 30).await;
    assert_eq!(state(&world, &id).await, "running");
    call(&world, "RebootInstances", &one).await;
    go_on(&mut world, 30).await;
    assert!(world.machines().machine(&id).unwrap().runs());
    call(&world, "StopInstances", &one).await;
    go_on(&mut world, 300).await;
    assert_eq!(state(&world, &id).await, "stopped");
    assert!(!world.machines().machine(&id).is_some_and(|machine| machine.runs()));
    call(&world, "StartInstances", &one).await;
    go_on(&mut world, 30).await;
    assert_eq!(state(&world, &id).await, "running");
    world.machines().shut_down(&id);
    go_on(&mut world, 30).await;
    assert_eq!(state(&world, &id).await, "stopped");
    call(&world, "StartInstances", &one).await;
    go_on(&mut world, 30).await;
    assert_eq!(world.machines().machine(&id).unwrap().boots, [1, 2, 3]);
    call(&world, "TerminateInstances", &one).await;
    go_on(&mut world, 300).await;
    assert_eq!(state(&world, &id).await, "terminated");
    nothing_is_left(&world, &id);
    go_on(&mut world, 4000).await;
    assert!(keys::<Instance>(&world.snapshot()).is_empty());
    world.crashes.made()
}

fn nothing_is_left(world: &World, id: &str) {
    let snapshot = world.snapshot();
    assert!(keys::<HostedMachine>(&snapshot).is_empty() && keys::<HostedVolume>(&snapshot).is_empty());
    assert!(keys::<Volume>(&snapshot).is_empty() && keys::<NetworkInterface>(&snapshot).is_empty());
    assert!(world.machines().machine(id).is_none(), "the machine has left traces");
    let paid = snapshot.specs::<InstanceUsage>(Scope::All).unwrap();
    assert_eq!(paid.len(), 3, "each start is paid once");
    assert!(paid.iter().all(|(_, usage)| usage.to.is_some() && usage.seconds >= 60));
}

#[tokio::test]
async fn an_instance_lives_and_leaves_nothing() {
    assert_eq!(story(Crashes::never()).await, 0);
}

#[tokio::test]
async fn an_instance_lives_through_a_server_that_keeps_dying() {
    for every in [1, 7, 17] {
        assert!(story(Crashes::every(every)).await > 0, "every {every}");
    }
}
