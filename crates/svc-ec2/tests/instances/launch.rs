//! `RunInstances`.

use crate::{
    common::{call, hosts::Idle},
    world::{IMAGE, SNAPSHOT, World, image, key, launch},
};
use logic::placement::{hosts::Rules, machines::Overcommitment};
use model::ec2::{Instance, NetworkInterface, Volume};
use spine::{Read, Scope};

/// How many instances, volumes and interfaces there are.
fn counted(world: &World) -> (usize, usize, usize) {
    let snapshot = world.bench.store.snapshot();
    (
        snapshot.specs::<Instance>(Scope::All).unwrap().len(),
        snapshot.specs::<Volume>(Scope::All).unwrap().len(),
        snapshot.specs::<NetworkInterface>(Scope::All).unwrap().len(),
    )
}

#[tokio::test]
async fn several_are_launched_by_one_request() {
    let world = World::new().await;
    let made = world.run(&[("MinCount", "2"), ("MaxCount", "3")]).await;
    assert_eq!(made.all("instancesSet/item/instanceId").len(), 3);
    assert_eq!(made.all("item/amiLaunchIndex"), ["0", "1", "2"]);
    assert_eq!(counted(&world), (3, 3, 3));
    let shown = world.ok("DescribeInstances", &[]).await;
    assert_eq!(shown.all("reservationId"), [made.one("reservationId")]);
    assert_eq!(shown.all("item/amiLaunchIndex"), ["0", "1", "2"]);
}

#[tokio::test]
async fn what_is_launched_has_its_tags() {
    let world = World::new().await;
    let tags = [
        ("TagSpecification.1.ResourceType", "instance"),
        ("TagSpecification.1.Tag.1.Key", "Name"),
        ("TagSpecification.1.Tag.1.Value", "web"),
        ("TagSpecification.2.ResourceType", "volume"),
        ("TagSpecification.2.Tag.1.Key", "Name"),
        ("TagSpecification.2.Tag.1.Value", "disk"),
        ("TagSpecification.3.ResourceType", "network-interface"),
        ("TagSpecification.3.Tag.1.Key", "Name"),
        ("TagSpecification.3.Tag.1.Value", "nic"),
    ];
    let id = world.pending(&tags).await;
    assert_eq!(world.shown(&id).await.one("tagSet/item/value"), "web");
    let snapshot = world.bench.store.snapshot();
    assert_eq!(snapshot.specs::<Volume>(Scope::All).unwrap()[0].1.tags["Name"], "disk");
    assert_eq!(snapshot.specs::<NetworkInterface>(Scope::All).unwrap()[0].1.tags["Name"], "nic");
}

#[tokio::test]
async fn a_request_that_comes_twice_is_carried_out_once() {
    let world = World::new().await;
    let first = world.run(&[("ClientToken", "once")]).await;
    let second = world.run(&[("ClientToken", "once")]).await;
    assert_eq!(first.one("item/instanceId"), second.one("item/instanceId"));
    assert_eq!(first.one("reservationId"), second.one("reservationId"));
    assert_eq!(counted(&world).0, 1);
    let other = world.fails("RunInstances", &launch(&[("ClientToken", "once"), ("InstanceType", "t3.small")])).await;
    assert_eq!(other.0, "IdempotentParameterMismatch");
    world.advance(24 * 3600).await;
    let later = world.run(&[("ClientToken", "once")]).await;
    assert_ne!(first.one("item/instanceId"), later.one("item/instanceId"));
}

#[tokio::test]
async fn a_place_with_an_empty_name_is_none() {
    let world = World::new().await;
    let made = world.run(&[("Placement.AvailabilityZone", ""), ("Placement.GroupName", "")]).await;
    assert!(made.one("placement/availabilityZone").starts_with("us-east-1"));
}

#[tokio::test]
async fn bad_input_makes_nothing() {
    let world = World::new().await;
    let large = base64(&vec![b'x'; 16 * 1024 + 1]);
    world.image("ami-0000000000000000b", image(), false).await;
    world.image("ami-0000000000000000c", model::ec2::ImageSpec { disabled: true, ..image() }, true).await;
    for (code, parameters) in [
        ("InvalidAMIID.Malformed", vec![("ImageId", "web")]),
        ("InvalidAMIID.NotFound", vec![("ImageId", "ami-00000000000000000")]),
        ("InvalidAMIID.Unavailable", vec![("ImageId", "ami-0000000000000000b")]),
        ("InvalidAMIID.Unavailable", vec![("ImageId", "ami-0000000000000000c")]),
        ("MissingParameter", vec![("ImageId", "")]),
        ("InvalidParameterValue", vec![("InstanceType", "t3.colossal")]),
        ("InvalidParameterValue", vec![("InstanceType", "t4g.micro")]),
        ("InvalidParameterValue", vec![("MinCount", "0")]),
        ("InvalidParameterValue", vec![("MinCount", "2")]),
        ("InvalidKeyPair.NotFound", vec![("KeyName", "nobody")]),
        ("InvalidSubnetID.NotFound", vec![("SubnetId", "subnet-00000000")]),
        ("InvalidGroup.NotFound", vec![("SecurityGroupId.1", "sg-00000000")]),
        ("InvalidGroup.NotFound", vec![("SecurityGroup.1", "nobody")]),
        ("InvalidParameterValue", vec![("Placement.AvailabilityZone", "us-east-1z")]),
        ("InvalidPlacementGroup.Unknown", vec![("Placement.GroupName", "nobody")]),
        ("InvalidParameterValue", vec![("UserData", "no base64?")]),
        ("InvalidParameterValue", vec![("UserData", large.as_str())]),
        ("InvalidParameterValue", vec![("IamInstanceProfile.Name", "nobody")]),
        ("InvalidParameterValue", vec![("PrivateIpAddress", "10.0.0.1")]),
        ("InvalidParameterValue", vec![("MetadataOptions.HttpPutResponseHopLimit", "65")]),
        ("InvalidCpuCredits.Malformed", vec![("CreditSpecification.CpuCredits", "many")]),
        ("InvalidParameterCombination", vec![("InstanceType", "m5.large"), ("CreditSpecification.CpuCredits", "standard")]),
        ("UnsupportedHibernationConfiguration", vec![("HibernationOptions.Configured", "true")]),
        ("InvalidParameterValue", vec![("CpuOptions.CoreCount", "7"), ("CpuOptions.ThreadsPerCore", "1")]),
        ("InvalidParameterValue", vec![("TagSpecification.1.ResourceType", "vpc"), ("TagSpecification.1.Tag.1.Key", "k")]),
        (
            "InvalidBlockDeviceMapping",
            vec![("BlockDeviceMapping.1.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.1.Ebs.VolumeSize", "7")],
        ),
        (
            "MissingParameter",
            vec![("BlockDeviceMapping.1.DeviceName", "/dev/sdf"), ("BlockDeviceMapping.1.Ebs.VolumeType", "gp3")],
        ),
        ("NotImplemented", vec![("InstanceMarketOptions.MarketType", "spot")]),
        ("NotImplemented", vec![("EnclaveOptions.Enabled", "true")]),
        ("InvalidParameterValue", vec![("Ipv6AddressCount", "1")]),
        ("NotImplemented", vec![("Placement.Tenancy", "host")]),
        ("DryRunOperation", vec![("DryRun", "true")]),
    ] {
        let answer = call(&world.bench, "ec2", "RunInstances", &launch(&parameters)).await;
        assert_ne!(answer.status, 200, "{parameters:?}");
        assert_eq!(answer.code(), code, "{parameters:?}: {}", answer.message());
    }
    assert_eq!(counted(&world), (0, 0, 0));
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test]
async fn a_host_has_so_much_room() {
    let over = Overcommitment { cpu: 100, memory: 100 };
    let world = World::on(Idle::new("amd64", 1, 2500), Rules { over, ..Rules::default() }).await;
    let (code, message) = world.fails("RunInstances", &launch(&[("MinCount", "3"), ("MaxCount", "9")])).await;
    assert_eq!(code, "InsufficientInstanceCapacity");
    assert!(message.starts_with(
        "We currently do not have sufficient t3.micro capacity in the Availability Zone you requested (us-east-1a)."
    ));
    let made = world.run(&[("MaxCount", "9")]).await;
    assert_eq!(made.all("instancesSet/item/instanceId").len(), 2);
    let first = made.one("item/instanceId").to_owned();
    assert_eq!(world.fails("RunInstances", &launch(&[])).await.0, "InsufficientInstanceCapacity");
    world.runs(&first).await;
    world.ok("StopInstances", &[("InstanceId.1", &first)]).await;
    world.is_off(&first, agent_proto::machine::OffCause::Told).await;
    world.run(&[]).await;
    assert_eq!(world.fails("StartInstances", &[("InstanceId.1", &first)]).await.0, "InsufficientInstanceCapacity");
    assert_eq!(world.state(&first).await, "stopped");
}

#[tokio::test]
async fn groups_are_placed_as_their_strategy_says() {
    let world = World::new().await;
    world.ok("CreatePlacementGroup", &[("GroupName", "apart"), ("Strategy", "spread")]).await;
    world.ok("CreatePlacementGroup", &[("GroupName", "parts"), ("Strategy", "partition"), ("PartitionCount", "3")]).await;
    let parts = world.run(&[("MinCount", "4"), ("MaxCount", "4"), ("Placement.GroupName", "parts")]).await;
    assert_eq!(parts.all("placement/partitionNumber"), ["1", "2", "3", "1"], "evenly");
    let apart = |count| {
        launch(&[("MinCount", count), ("MaxCount", count), ("Placement.GroupName", "apart"), ("InstanceType", "m5.large")])
    };
    assert_eq!(world.fails("RunInstances", &apart("8")).await.0, "InsufficientInstanceCapacity", "seven in a zone");
    world.ok("RunInstances", &apart("7")).await;
    assert_eq!(world.fails("RunInstances", &apart("1")).await.0, "InsufficientInstanceCapacity");

    let strict = World::on(Idle::new("amd64", 64, 1 << 20), Rules { strict_groups: true, ..Rules::default() }).await;
    strict.ok("CreatePlacementGroup", &[("GroupName", "apart"), ("Strategy", "spread")]).await;
    strict.ok("RunInstances", &apart("1")).await;
    assert_eq!(strict.fails("RunInstances", &apart("1")).await.0, "InsufficientInstanceCapacity", "there is one host");
}

#[tokio::test]
async fn another_processor_is_refused() {
    let world = World::new().await;
    let arm = model::ec2::ImageSpec { architecture: "arm64".into(), ..image() };
    world.image("ami-0000000000000000b", arm, true).await;
    let graviton = launch(&[("ImageId", "ami-0000000000000000b"), ("InstanceType", "t4g.micro")]);
    assert_eq!(world.fails("RunInstances", &graviton).await.0, "Unsupported");
}

#[tokio::test]
async fn others_launch_what_they_were_given() {
    let world = World::new().await;
    let other = world.bench.account("444455556666");
    let code = |answer: crate::common::Answer| answer.code().to_owned();
    let parameters = launch(&[]);
    let refused = call(&other, "ec2", "RunInstances", &parameters).await;
    assert_eq!(
        (refused.message().to_owned(), code(refused)),
        (format!("Not authorized for images: [{IMAGE}]"), "AuthFailure".into())
    );
    world
        .write(|tx| {
            tx.update_spec(&crate::world::key::<model::ec2::Image>(IMAGE), |image| {
                image.launch_permissions.push("444455556666".into())
            })
        })
        .await;
    assert_eq!(call(&other, "ec2", "RunInstances", &parameters).await.status, 200);
}

#[tokio::test]
async fn mappings_go_over_those_of_the_image() {
    let world = World::new().await;
    let id = world
        .pending(&[
            ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
            ("BlockDeviceMapping.1.Ebs.VolumeSize", "20"),
            ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "false"),
            ("BlockDeviceMapping.2.DeviceName", "/dev/sdf"),
            ("BlockDeviceMapping.2.Ebs.SnapshotId", SNAPSHOT),
        ])
        .await;
    let shown = world.shown(&id).await;
    assert_eq!(shown.all("blockDeviceMapping/item/deviceName"), ["/dev/xvda", "/dev/sdf"]);
    assert_eq!(shown.all("ebs/deleteOnTermination"), ["false", "true"]);
    let volumes = world.bench.store.snapshot().specs::<Volume>(Scope::All).unwrap();
    let mut seen: Vec<_> =
        volumes.iter().map(|(_, it)| (it.size, it.performance.volume_type.as_str(), it.snapshot.is_some())).collect();
    seen.sort_unstable();
    assert_eq!(seen, [(8, "gp2", true), (20, "gp3", true)]);
    world.settle().await;
    let machine = world.machine(&id).unwrap();
    assert_eq!(machine.machine.disks.iter().filter(|disk| disk.root).count(), 1);
}

#[tokio::test]
async fn interfaces_are_as_they_are_described() {
    let world = World::new().await;
    let (_, subnets) = crate::common::network(&world.bench).await;
    let id = world
        .pending(&[
            ("NetworkInterface.1.DeviceIndex", "0"),
            ("NetworkInterface.1.SubnetId", &subnets[1]),
            ("NetworkInterface.1.AssociatePublicIpAddress", "false"),
            ("NetworkInterface.1.PrivateIpAddress", "172.31.16.99"),
            ("NetworkInterface.1.SecondaryPrivateIpAddressCount", "1"),
            ("NetworkInterface.1.Description", "primary"),
        ])
        .await;
    let shown = world.shown(&id).await;
    assert_eq!(shown.one("item/privateIpAddress"), "172.31.16.99");
    assert_eq!(shown.one("placement/availabilityZone"), "us-east-1b");
    assert_eq!(shown.all("privateIpAddressesSet/item/privateIpAddress").len(), 2);
    assert!(shown.all("item/ipAddress").is_empty());
    let again = launch(&[("SubnetId", &subnets[1]), ("PrivateIpAddress", "172.31.16.99")]);
    assert_eq!(
        world.fails("RunInstances", &again).await,
        ("InvalidIPAddress.InUse".into(), "Address 172.31.16.99 is in use.".into())
    );
    let both = launch(&[("SubnetId", &subnets[1]), ("NetworkInterface.1.DeviceIndex", "0")]);
    assert_eq!(world.fails("RunInstances", &both).await.0, "InvalidParameterCombination");
    let three = launch(&[
        ("NetworkInterface.1.DeviceIndex", "0"),
        ("NetworkInterface.2.DeviceIndex", "1"),
        ("NetworkInterface.3.DeviceIndex", "2"),
    ]);
    assert_eq!(world.fails("RunInstances", &three).await.0, "AttachmentLimitExceeded");
    let many = launch(&[
        ("InstanceType", "t3.micro"),
        ("NetworkInterface.1.DeviceIndex", "0"),
        ("NetworkInterface.1.SecondaryPrivateIpAddressCount", "2"),
    ]);
    let (code, message) = world.fails("RunInstances", &many).await;
    assert_eq!(
        (&*code, &*message),
        ("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit: 2 for t3.micro")
    );
}

#[tokio::test]
async fn a_template_says_what_the_request_does_not() {
    let world = World::new().await;
    let template = [
        ("LaunchTemplateName", "web"),
        ("LaunchTemplateData.ImageId", IMAGE),
        ("LaunchTemplateData.InstanceType", "t3.small"),
        ("LaunchTemplateData.TagSpecification.1.ResourceType", "instance"),
        ("LaunchTemplateData.TagSpecification.1.Tag.1.Key", "team"),
        ("LaunchTemplateData.TagSpecification.1.Tag.1.Value", "blue"),
    ];
    let template = world.ok("CreateLaunchTemplate", &template).await.one("launchTemplateId").to_owned();
    let from = [("LaunchTemplate.LaunchTemplateName", "web"), ("MinCount", "1"), ("MaxCount", "1")];
    let made = world.ok("RunInstances", &from).await;
    assert_eq!((made.one("item/instanceType"), made.one("item/imageId")), ("t3.small", IMAGE));
    let tags: Vec<_> = made.all("tagSet/item/key").into_iter().zip(made.all("tagSet/item/value")).collect();
    assert!(tags.contains(&("team", "blue")) && tags.contains(&("aws:ec2launchtemplate:id", template.as_str())), "{tags:?}");
    let own = [from[0], from[1], from[2], ("InstanceType", "t3.nano")];
    assert_eq!(world.ok("RunInstances", &own).await.one("item/instanceType"), "t3.nano");
}

#[tokio::test]
async fn disks_are_encrypted_where_that_is_asked_for() {
    let world = World::new().await;
    let id = world
        .pending(&[
            ("BlockDeviceMapping.1.DeviceName", "/dev/sdf"),
            ("BlockDeviceMapping.1.Ebs.VolumeSize", "1"),
            ("BlockDeviceMapping.1.Ebs.Encrypted", "true"),
        ])
        .await;
    let by_instance = [("Filter.1.Name", "attachment.instance-id"), ("Filter.1.Value.1", id.as_str())];
    let volumes = world.ok("DescribeVolumes", &by_instance).await;
    let mut seen: Vec<_> = volumes.all("item/size").into_iter().zip(volumes.all("item/encrypted")).collect();
    seen.sort_unstable();
    assert_eq!(seen, [("1", "true"), ("8", "false")]);
}

#[tokio::test]
async fn what_was_found_on_a_disk_makes_it_a_virtual_machine() {
    let world = World::new().await;
    world.image("ami-0000000000000000c", model::ec2::ImageSpec { name: "disk".into(), ..crate::world::image() }, true).await;
    world
        .write(|tx| {
            tx.update_plan(&key::<model::ec2::Image>("ami-0000000000000000c"), |plan| plan.boots_by = Some("uefi".into()))
        })
        .await;
    let id = world.pending(&[("ImageId", "ami-0000000000000000c")]).await;
    world.settle().await;
    assert_eq!(world.machine(&id).unwrap().machine.kind, agent_proto::machine::Kind::Guest { uefi: true });
}
