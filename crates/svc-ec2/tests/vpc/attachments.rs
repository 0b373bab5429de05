//! Interfaces on instances.

use super::{
    code,
    common::{call, ec2},
    interface,
    world::World,
};
use agent_proto::machine::OffCause;

#[tokio::test]
async fn an_interface_moves_from_one_instance_to_another_and_goes_with_it() {
    let world = World::new().await;
    let cloud = &world.bench;
    let one = world.running(&[]).await;
    let home = world.shown(&one).await.one("instancesSet/item/subnetId").to_owned();
    let other = world.running(&[("SubnetId", &home)]).await;
    let (moved, second) = (interface(cloud, &home).await, interface(cloud, &home).await);
    let attach = async |interface: &str, instance: &str, device: &str| {
        let asked = [("NetworkInterfaceId", interface), ("InstanceId", instance), ("DeviceIndex", device)];
        call(cloud, "ec2", "AttachNetworkInterface", &asked).await
    };
    let first = attach(&moved, &one, "1").await.one("attachmentId").to_owned();
    assert_eq!(attach(&moved, &other, "1").await.code(), "InvalidNetworkInterface.InUse");
    let taken = attach(&second, &one, "1").await;
    let message = format!("Instance '{one}' already has an interface attached at device index '1'.");
    assert_eq!((taken.code(), taken.message()), ("InvalidParameterValue", message.as_str()));
    assert_eq!(attach(&second, &one, "2").await.code(), "AttachmentLimitExceeded");
    let shown = ec2(cloud, "DescribeNetworkInterfaces", &[("NetworkInterfaceId.1", &moved)]).await;
    assert_eq!((shown.one("item/status"), shown.one("attachment/instanceId")), ("in-use", one.as_str()));
    assert_eq!(code(cloud, "DeleteNetworkInterface", &[("NetworkInterfaceId", &moved)]).await, "InvalidNetworkInterface.InUse");

    let primary = world.shown(&one).await.all("networkInterfaceSet/item/attachment/attachmentId")[0].to_owned();
    assert_eq!(code(cloud, "DetachNetworkInterface", &[("AttachmentId", &primary)]).await, "OperationNotPermitted");
    ec2(cloud, "DetachNetworkInterface", &[("AttachmentId", &first)]).await;
    assert_eq!(code(cloud, "DetachNetworkInterface", &[("AttachmentId", &first)]).await, "InvalidAttachmentID.NotFound");

    let by_id = [("Filter.1.Name", "attachment.attachment-id"), ("Filter.1.Value.1", first.as_str())];
    let ended = ec2(cloud, "DescribeNetworkInterfaces", &by_id).await;
    assert_eq!((ended.one("attachment/status"), ended.one("item/status")), ("detached", "available"), "it has just ended");
    let plain = ec2(cloud, "DescribeNetworkInterfaces", &[("NetworkInterfaceId.1", &moved)]).await;
    assert!(plain.all("attachment/status").is_empty());
    world.advance(60).await;
    assert!(ec2(cloud, "DescribeNetworkInterfaces", &by_id).await.all("networkInterfaceId").is_empty(), "and is forgotten");

    let again = attach(&moved, &other, "1").await.one("attachmentId").to_owned();
    let goes = [
        ("NetworkInterfaceId", moved.as_str()),
        ("Attachment.AttachmentId", again.as_str()),
        ("Attachment.DeleteOnTermination", "true"),
    ];
    ec2(cloud, "ModifyNetworkInterfaceAttribute", &goes).await;
    let allocation = ec2(cloud, "AllocateAddress", &[]).await.one("allocationId").to_owned();
    let twice = [("AllocationId", allocation.as_str()), ("InstanceId", other.as_str())];
    assert_eq!(code(cloud, "AssociateAddress", &twice).await, "InvalidInstanceID");
    ec2(cloud, "AssociateAddress", &[("AllocationId", &allocation), ("NetworkInterfaceId", &moved)]).await;

    world.ok("TerminateInstances", &[("InstanceId.1", &other)]).await;
    world.settle().await;
    world.is_off(&other, OffCause::Told).await;
    world.settle().await;
    let gone = code(cloud, "DescribeNetworkInterfaces", &[("NetworkInterfaceId.1", &moved)]).await;
    assert_eq!(gone, "InvalidNetworkInterfaceID.NotFound");
    ec2(cloud, "ReleaseAddress", &[("AllocationId", &allocation)]).await;
}
