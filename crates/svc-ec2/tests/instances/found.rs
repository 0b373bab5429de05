//! `DescribeInstances`: filters, pages, ids.

use crate::world::{World, launch};

#[tokio::test]
async fn an_instance_is_found_by_what_it_shows() {
    let world = World::new().await;
    world.ok("CreateKeyPair", &[("KeyName", "web"), ("KeyType", "ed25519")]).await;
    world.ok("CreatePlacementGroup", &[("GroupName", "close"), ("Strategy", "partition")]).await;
    let id = world
        .running(&[
            ("KeyName", "web"),
            ("Placement.GroupName", "close"),
            ("Placement.PartitionNumber", "2"),
            ("ClientToken", "once"),
            ("EbsOptimized", "true"),
            ("Monitoring.Enabled", "true"),
            ("MetadataOptions.HttpTokens", "required"),
            ("MetadataOptions.HttpPutResponseHopLimit", "2"),
            ("TagSpecification.1.ResourceType", "instance"),
            ("TagSpecification.1.Tag.1.Key", "Name"),
            ("TagSpecification.1.Tag.1.Value", "web 1"),
        ])
        .await;
    world.pending(&[("InstanceType", "t3.small"), ("Placement.AvailabilityZone", "us-east-1b")]).await;
    let shown = world.shown(&id).await;
    for (name, value) in [
        ("instance-id", id.as_str()),
        ("instance-type", "t3.micro"),
        ("instance-state-name", "running"),
        ("instance-state-code", "16"),
        ("availability-zone", "us-east-1a"),
        ("availability-zone-id", "use1-az1"),
        ("key-name", "w?b"),
        ("placement-group-name", "close"),
        ("placement-partition-number", "2"),
        ("client-token", "once"),
        ("ebs-optimized", "true"),
        ("monitoring-state", "enabled"),
        ("metadata-options.http-tokens", "required"),
        ("metadata-options.http-put-response-hop-limit", "2"),
        ("tag:Name", "web*"),
        ("tag-key", "Name"),
        ("private-ip-address", shown.one("item/privateIpAddress")),
        ("ip-address", shown.one("item/ipAddress")),
        ("private-dns-name", shown.one("item/privateDnsName")),
        ("reservation-id", shown.one("reservationId")),
        ("subnet-id", shown.one("item/subnetId")),
        ("block-device-mapping.volume-id", shown.one("ebs/volumeId")),
        ("network-interface.network-interface-id", shown.one("networkInterfaceId")),
        ("network-interface.addresses.private-ip-address", shown.one("item/privateIpAddress")),
        ("network-interface.addresses.association.public-ip", shown.one("item/ipAddress")),
        ("network-interface.attachment.attachment-id", shown.one("attachment/attachmentId")),
        ("network-interface.availability-zone", "us-east-1a"),
        ("network-interface.mac-address", shown.one("macAddress")),
    ] {
        let found = world.ok("DescribeInstances", &[("Filter.1.Name", name), ("Filter.1.Value.1", value)]).await;
        assert_eq!(found.all("instancesSet/item/instanceId"), [id.as_str()], "{name}={value}");
    }
    for (name, value) in [
        ("architecture", "x86_64"),
        ("image-id", "ami-*"),
        ("vpc-id", "vpc-*"),
        ("owner-id", "111122223333"),
        ("root-device-name", "/dev/xvda"),
        ("root-device-type", "ebs"),
        ("virtualization-type", "hvm"),
        ("hypervisor", "xen"),
        ("tenancy", "default"),
        ("block-device-mapping.device-name", "/dev/xvda"),
        ("block-device-mapping.delete-on-termination", "true"),
        ("instance.group-name", "default"),
        ("network-interface.status", "in-use"),
        ("network-interface.requester-id", "111122223333"),
        ("source-dest-check", "true"),
        ("platform-details", "Linux/UNIX"),
        ("launch-time", "2026-01-01T00:00:00.000Z"),
        ("hibernation-options.configured", "false"),
        ("maintenance-options.auto-recovery", "default"),
        ("private-dns-name-options.hostname-type", "ip-name"),
    ] {
        let found = world.ok("DescribeInstances", &[("Filter.1.Name", name), ("Filter.1.Value.1", value)]).await;
        assert_eq!(found.all("instancesSet/item/instanceId").len(), 2, "{name}={value}");
    }
    let (code, message) = world.fails("DescribeInstances", &[("Filter.1.Name", "colour"), ("Filter.1.Value.1", "red")]).await;
    assert_eq!((code.as_str(), message.as_str()), ("InvalidParameterValue", "The filter 'colour' is invalid"));
}

#[tokio::test]
async fn pages_hold_so_many_and_follow_each_other() {
    let world = World::new().await;
    world.ok("RunInstances", &launch(&[("MinCount", "12"), ("MaxCount", "12")])).await;
    let (mut seen, mut token, mut sizes) = (Vec::new(), String::new(), Vec::new());
    loop {
        let mut query = vec![("MaxResults", "5")];
        query.extend((!token.is_empty()).then_some(("NextToken", token.as_str())));
        let page = world.ok("DescribeInstances", &query).await;
        let ids: Vec<String> = page.all("instancesSet/item/instanceId").iter().map(|id| id.to_string()).collect();
        sizes.push(ids.len());
        seen.extend(ids);
        match page.all("nextToken").first() {
            Some(next) => token = next.to_string(),
            None => break,
        }
    }
    assert_eq!(sizes, [5, 5, 2]);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 12);
    // A token of somebody's own making, which ends within a letter where ids have their first digit.
    assert_eq!(world.ok("DescribeInstances", &[("NextToken", "692dc3a9")]).await.all("instancesSet/item/instanceId").len(), 0);
    for (code, query) in [
        ("InvalidParameterValue", vec![("MaxResults", "4")]),
        ("InvalidParameterValue", vec![("MaxResults", "1001")]),
        ("InvalidParameterCombination", vec![("MaxResults", "5"), ("InstanceId.1", seen[0].as_str())]),
        ("InvalidNextToken", vec![("NextToken", "xyz")]),
        ("InvalidInstanceID.Malformed", vec![("InstanceId.1", "web")]),
        ("InvalidInstanceID.NotFound", vec![("InstanceId.1", "i-00000000000000000")]),
    ] {
        assert_eq!(world.fails("DescribeInstances", &query).await.0, code, "{query:?}");
    }
}

#[tokio::test]
async fn accounts_and_regions_do_not_see_each_other() {
    let world = World::new().await;
    let id = world.pending(&[]).await;
    for other in [world.bench.account("444455556666"), world.bench.region("eu-west-1")] {
        assert!(crate::common::ec2(&other, "DescribeInstances", &[]).await.all("instanceId").is_empty());
        let one = crate::common::call(&other, "ec2", "TerminateInstances", &[("InstanceId.1", &id)]).await;
        assert_eq!(one.code(), "InvalidInstanceID.NotFound");
    }
}

#[tokio::test]
async fn topology_and_images_are_told() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    world.pending(&[]).await;
    let topology = world.ok("DescribeInstanceTopology", &[]).await;
    assert_eq!(topology.all("item/instanceId"), [id.as_str()]);
    assert_eq!(topology.all("networkNodeSet/item").len(), 3);
    let images = world.ok("DescribeInstanceImageMetadata", &[("InstanceId.1", &id)]).await;
    assert_eq!((images.one("imageMetadata/name"), images.one("imageMetadata/imageId")), ("small", crate::world::IMAGE));
}
