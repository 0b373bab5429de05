//! Volumes on instances.

use crate::world::{World, world};
use model::ec2::InstanceState;

const I: &str = "i-00000001";
const J: &str = "i-00000002";

async fn attach(world: &World, volume: &str, instance: &str, device: &str) -> String {
    let parameters = [("VolumeId", volume), ("InstanceId", instance), ("Device", device)];
    let answer = world.call("AttachVolume", &parameters).await;
    if answer.status == 200 { answer.one("status").to_owned() } else { answer.code().to_owned() }
}

async fn attached(world: &World, volume: &str) -> String {
    world.shown(volume, "attachmentSet/item/status").await
}

#[tokio::test]
async fn a_running_instance_is_given_a_volume_and_gives_it_back() {
    let world = world();
    let id = world.volume(&[("Size", "1")]).await;
    world.instance(I, InstanceState::Running).await;
    assert_eq!(attach(&world, &id, I, "/dev/sdf").await, "attaching");
    world.settle().await;
    assert_eq!(world.shown(&id, "status").await, "in-use");
    world.machine(I, &[("/dev/sdf", &id)], &[], &[]).await;
    assert_eq!(attached(&world, &id).await, "attaching", "the machine has it not yet");
    world.machine(I, &[("/dev/sdf", &id)], &["/dev/sdf"], &[]).await;
    assert_eq!(attached(&world, &id).await, "attached");
    let (code, message) = world.refused("DeleteVolume", &[("VolumeId", &id)]).await;
    assert_eq!((code.as_str(), message), ("VolumeInUse", format!("Volume {id} is currently attached to {I}")));
    let detached = world.ok("DetachVolume", &[("VolumeId", &id)]).await;
    assert_eq!(detached.one("status"), "detaching");
    world.machine(I, &[], &["/dev/sdf"], &["/dev/sdf"]).await;
    assert_eq!(attached(&world, &id).await, "busy");
    assert_eq!(world.code("DetachVolume", &[("VolumeId", &id)]).await, "IncorrectState");
    world.ok("DetachVolume", &[("VolumeId", &id), ("Force", "true")]).await;
    world.settle().await;
    assert_eq!(attached(&world, &id).await, "detaching");
    world.machine(I, &[], &[], &[]).await;
    assert_eq!((attached(&world, &id).await, world.shown(&id, "status").await), (String::new(), "available".into()));
    assert_eq!(world.code("DetachVolume", &[("VolumeId", &id)]).await, "IncorrectState");
    assert_eq!(attach(&world, &id, I, "/dev/sdf").await, "attaching", "as often as one likes");
}

#[tokio::test]
async fn a_stopped_instance_has_a_volume_at_once() {
    let world = world();
    let id = world.volume(&[("Size", "1")]).await;
    world.instance(I, InstanceState::Stopped).await;
    attach(&world, &id, I, "/dev/xvda").await;
    world.settle().await;
    assert_eq!(attached(&world, &id).await, "attached");
    world.is(I, InstanceState::Running).await;
    let (code, message) = world.refused("DetachVolume", &[("VolumeId", &id)]).await;
    assert_eq!(code, "OperationNotPermitted");
    assert_eq!(message, format!("Unable to detach root volume '{id}' from instance '{I}'"));
    world.is(I, InstanceState::Stopped).await;
    world.ok("DetachVolume", &[("VolumeId", &id), ("InstanceId", I), ("Device", "/dev/xvda")]).await;
    world.settle().await;
    assert_eq!(world.shown(&id, "status").await, "available");
}

#[tokio::test]
async fn what_cannot_be_attached_is_refused() {
    let world = world();
    let (one, other) = (world.volume(&[("Size", "1")]).await, world.volume(&[("Size", "1")]).await);
    world.instance(I, InstanceState::Running).await;
    world.instance(J, InstanceState::Terminated).await;
    let far = world.ok("CreateVolume", &[("AvailabilityZone", "us-east-1b"), ("Size", "1")]).await.one("volumeId").to_owned();
    assert_eq!(attach(&world, &one, I, "/dev/sdf").await, "attaching");
    for (volume, instance, device, code) in [
        ("vol-00000000", I, "/dev/sdg", "InvalidVolume.NotFound"),
        (&*other, "i-00000009", "/dev/sdg", "InvalidInstanceID.NotFound"),
        (&*other, "x", "/dev/sdg", "InvalidInstanceID.Malformed"),
        (&*other, I, "/dev/sdf", "InvalidParameterValue"),
        (&*other, I, "nonsense", "InvalidParameterValue"),
        (&*other, J, "/dev/sdg", "IncorrectState"),
        (&*far, I, "/dev/sdg", "InvalidVolume.ZoneMismatch"),
        (&*one, I, "/dev/sdg", "VolumeInUse"),
    ] {
        assert_eq!(attach(&world, volume, instance, device).await, code, "{volume} {instance} {device}");
    }
    let taken = [("VolumeId", &*other), ("InstanceId", I), ("Device", "/dev/sdf")];
    let expected = "Invalid value '/dev/sdf' for unixDevice. Attachment point /dev/sdf is already in use";
    assert_eq!(world.refused("AttachVolume", &taken).await.1, expected);
    assert_eq!(world.code("DetachVolume", &[("VolumeId", &one), ("InstanceId", J)]).await, "InvalidAttachment.NotFound");
    assert_eq!(world.code("DetachVolume", &[("VolumeId", &one), ("Device", "/dev/sdz")]).await, "InvalidAttachment.NotFound");
}

#[tokio::test]
async fn some_volumes_go_to_several_instances() {
    let world = world();
    let id = world.volume(&[("Size", "4"), ("VolumeType", "io2"), ("Iops", "100"), ("MultiAttachEnabled", "true")]).await;
    world.instance(I, InstanceState::Stopped).await;
    world.instance(J, InstanceState::Stopped).await;
    attach(&world, &id, I, "/dev/sdf").await;
    assert_eq!(attach(&world, &id, J, "/dev/sdf").await, "attaching");
    world.settle().await;
    assert_eq!(attached(&world, &id).await, "attached,attached");
    assert_eq!(world.code("DetachVolume", &[("VolumeId", &id)]).await, "InvalidParameterCombination");
    assert_eq!(world.code("ModifyVolume", &[("VolumeId", &id), ("MultiAttachEnabled", "false")]).await, "IncorrectState");
    world.ok("DetachVolume", &[("VolumeId", &id), ("InstanceId", J)]).await;
    world.settle().await;
    assert_eq!(world.shown(&id, "attachmentSet/item/instanceId").await, I);
}

#[tokio::test]
async fn a_volume_is_free_when_its_instance_has_ended() {
    let world = world();
    let id = world.volume(&[("Size", "1")]).await;
    world.instance(I, InstanceState::Running).await;
    attach(&world, &id, I, "/dev/sdf").await;
    world.machine(I, &[("/dev/sdf", &id)], &["/dev/sdf"], &[]).await;
    world.is(I, InstanceState::ShuttingDown).await;
    assert_eq!(attached(&world, &id).await, "attached");
    world.is(I, InstanceState::Terminated).await;
    assert_eq!(world.shown(&id, "status").await, "available");
}

#[tokio::test]
async fn a_volume_may_go_with_its_instance() {
    let world = world();
    let id = world.volume(&[("Size", "1")]).await;
    world.instance(I, InstanceState::Running).await;
    attach(&world, &id, I, "/dev/sdf").await;
    let at = crate::world::key::<model::ec2::Volume>(&id);
    let go = |tx: &mut spine::Tx| tx.update_spec(&at, |spec| spec.attachments[0].delete_on_termination = true);
    world.store.transact(go).await.unwrap();
    world.is(I, InstanceState::Terminated).await;
    assert_eq!(world.code("DescribeVolumes", &[("VolumeId.1", &id)]).await, "InvalidVolume.NotFound");
    assert!(world.hosted(&id).is_none());
}
