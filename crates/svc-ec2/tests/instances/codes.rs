//! The documented codes of errors (EC2 API reference, "Error codes for the Amazon EC2 API"), each in its case.

use crate::world::{IMAGE, World, launch};

/// What is asked for, and the code that is answered.
type Case<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>);

async fn check(world: &World, cases: &[Case<'_>]) {
    let mut wrong = Vec::new();
    for (code, operation, parameters) in cases {
        let (found, message) = world.fails(operation, parameters).await;
        if found != *code {
            wrong.push(format!("{operation} {parameters:?}: {found} ({message}), not {code}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn ids_of_the_wrong_form_and_of_nothing() {
    let world = World::new().await;
    for (operation, parameter, prefix, malformed, absent) in [
        ("DescribeInstances", "InstanceId.1", "i", "InvalidInstanceID.Malformed", "InvalidInstanceID.NotFound"),
        ("StartInstances", "InstanceId.1", "i", "InvalidInstanceID.Malformed", "InvalidInstanceID.NotFound"),
        ("StopInstances", "InstanceId.1", "i", "InvalidInstanceID.Malformed", "InvalidInstanceID.NotFound"),
        ("RebootInstances", "InstanceId.1", "i", "InvalidInstanceID.Malformed", "InvalidInstanceID.NotFound"),
        ("TerminateInstances", "InstanceId.1", "i", "InvalidInstanceID.Malformed", "InvalidInstanceID.NotFound"),
        ("GetConsoleOutput", "InstanceId", "i", "InvalidInstanceID.Malformed", "InvalidInstanceID.NotFound"),
        ("DescribeImages", "ImageId.1", "ami", "InvalidAMIID.Malformed", "InvalidAMIID.NotFound"),
        ("DeregisterImage", "ImageId", "ami", "InvalidAMIID.Malformed", "InvalidAMIID.NotFound"),
        ("DescribeVolumes", "VolumeId.1", "vol", "InvalidVolumeID.Malformed", "InvalidVolume.NotFound"),
        ("DeleteVolume", "VolumeId", "vol", "InvalidVolumeID.Malformed", "InvalidVolume.NotFound"),
        ("CreateSnapshot", "VolumeId", "vol", "InvalidVolumeID.Malformed", "InvalidVolume.NotFound"),
        ("DescribeSnapshots", "SnapshotId.1", "snap", "InvalidSnapshotID.Malformed", "InvalidSnapshot.NotFound"),
        ("DeleteSnapshot", "SnapshotId", "snap", "InvalidSnapshotID.Malformed", "InvalidSnapshot.NotFound"),
        ("DescribeVpcs", "VpcId.1", "vpc", "InvalidVpcID.Malformed", "InvalidVpcID.NotFound"),
        ("DeleteVpc", "VpcId", "vpc", "InvalidVpcID.Malformed", "InvalidVpcID.NotFound"),
        ("DescribeSubnets", "SubnetId.1", "subnet", "InvalidSubnetID.Malformed", "InvalidSubnetID.NotFound"),
        ("DeleteSubnet", "SubnetId", "subnet", "InvalidSubnetID.Malformed", "InvalidSubnetID.NotFound"),
        ("DescribeSecurityGroups", "GroupId.1", "sg", "InvalidGroupId.Malformed", "InvalidGroup.NotFound"),
        ("DeleteSecurityGroup", "GroupId", "sg", "InvalidGroupId.Malformed", "InvalidGroup.NotFound"),
        (
            "DeleteNetworkInterface",
            "NetworkInterfaceId",
            "eni",
            "InvalidNetworkInterfaceId.Malformed",
            "InvalidNetworkInterfaceID.NotFound",
        ),
        ("DeleteRouteTable", "RouteTableId", "rtb", "InvalidRouteTableId.Malformed", "InvalidRouteTableID.NotFound"),
        (
            "DeleteInternetGateway",
            "InternetGatewayId",
            "igw",
            "InvalidInternetGatewayId.Malformed",
            "InvalidInternetGatewayID.NotFound",
        ),
        ("DeleteDhcpOptions", "DhcpOptionsId", "dopt", "InvalidDhcpOptionsId.Malformed", "InvalidDhcpOptionID.NotFound"),
        ("DeleteNetworkAcl", "NetworkAclId", "acl", "InvalidNetworkAclId.Malformed", "InvalidNetworkAclID.NotFound"),
        ("DeleteNatGateway", "NatGatewayId", "nat", "NatGatewayMalformed", "NatGatewayNotFound"),
        ("DescribeVpcEndpoints", "VpcEndpointId.1", "vpce", "InvalidVpcEndpointId.Malformed", "InvalidVpcEndpointId.NotFound"),
        (
            "DeleteVpcPeeringConnection",
            "VpcPeeringConnectionId",
            "pcx",
            "InvalidVpcPeeringConnectionId.Malformed",
            "InvalidVpcPeeringConnectionID.NotFound",
        ),
        (
            "DeleteEgressOnlyInternetGateway",
            "EgressOnlyInternetGatewayId",
            "eigw",
            "InvalidEgressOnlyInternetGatewayId.Malformed",
            "InvalidEgressOnlyInternetGatewayId.NotFound",
        ),
        ("DeleteManagedPrefixList", "PrefixListId", "pl", "InvalidPrefixListId.Malformed", "InvalidPrefixListID.NotFound"),
        (
            "DescribeSecurityGroupRules",
            "SecurityGroupRuleId.1",
            "sgr",
            "InvalidSecurityGroupRuleId.Malformed",
            "InvalidSecurityGroupRuleId.NotFound",
        ),
        (
            "DeleteLaunchTemplate",
            "LaunchTemplateId",
            "lt",
            "InvalidLaunchTemplateId.Malformed",
            "InvalidLaunchTemplateId.NotFound",
        ),
        (
            "DetachNetworkInterface",
            "AttachmentId",
            "eni-attach",
            "InvalidNetworkInterfaceAttachmentId.Malformed",
            "InvalidAttachmentID.NotFound",
        ),
    ] {
        let nothing = format!("{prefix}-00000000000000bad");
        let shapeless = format!("{prefix}-xyz");
        let cases = [(malformed, operation, vec![(parameter, &*shapeless)]), (absent, operation, vec![(parameter, &*nothing)])];
        check(&world, &cases).await;
    }
}

#[tokio::test]
async fn what_a_launch_is_refused_for() {
    let world = World::new().await;
    let once = [("ClientToken", "once")];
    let first = world.running(&once).await;
    world.ok("TerminateInstances", &[("InstanceId.1", &first)]).await;
    world.settle().await;
    world.is_off(&first, agent_proto::machine::OffCause::Told).await;
    world.ok("CreatePlacementGroup", &[("GroupName", "near"), ("Strategy", "cluster")]).await;
    let long = "x".repeat(65);
    let root = ("BlockDeviceMapping.1.DeviceName", "/dev/xvda");
    for (code, more) in [
        ("InvalidParameterValue", vec![("InstanceType", "t3.colossal")]),
        ("InvalidAMIID.NotFound", vec![("ImageId", "ami-00000000000000bad")]),
        ("InvalidKeyPair.NotFound", vec![("KeyName", "nobody")]),
        ("InvalidGroup.NotFound", vec![("SecurityGroupId.1", "sg-00000000000000bad")]),
        ("InvalidSubnetID.NotFound", vec![("SubnetId", "subnet-00000000000000bad")]),
        ("InvalidPlacementGroup.Unknown", vec![("Placement.GroupName", "nowhere")]),
        ("InvalidClientToken", vec![("ClientToken", long.as_str())]),
        ("IdempotentInstanceTerminated", once.to_vec()),
        ("IdempotentParameterMismatch", vec![("ClientToken", "once"), ("KeyName", "other")]),
        ("InvalidCpuCredits.Malformed", vec![("CreditSpecification.CpuCredits", "many")]),
        ("InvalidIamInstanceProfileArn.Malformed", vec![("IamInstanceProfile.Arn", "arn:aws:iam::111122223333:role/x")]),
        ("BootForVolumeTypeUnsupported", vec![root, ("BlockDeviceMapping.1.Ebs.VolumeType", "st1")]),
        ("InvalidBlockDeviceMapping", vec![root, ("BlockDeviceMapping.1.Ebs.VolumeSize", "1")]),
        ("UnsupportedHibernationConfiguration", vec![("HibernationOptions.Configured", "true")]),
        ("InvalidLaunchTemplateId.NotFound", vec![("LaunchTemplate.LaunchTemplateId", "lt-00000000000000bad")]),
        ("InvalidLaunchTemplateName.NotFoundException", vec![("LaunchTemplate.LaunchTemplateName", "nothing")]),
        ("MissingParameter", vec![("ImageId", "")]),
        ("DryRunOperation", vec![("DryRun", "true")]),
    ] {
        check(&world, &[(code, "RunInstances", launch(&more))]).await;
    }
}

#[tokio::test]
async fn what_else_is_refused() {
    let world = World::new().await;
    world.ok("CreatePlacementGroup", &[("GroupName", "near"), ("Strategy", "cluster")]).await;
    let id = world.running(&[("Placement.GroupName", "near"), ("InstanceType", "m5.large")]).await;
    let shown = world.shown(&id).await;
    let (vpc, subnet) = (shown.all("vpcId")[0].to_owned(), shown.all("subnetId")[0].to_owned());
    let zone = shown.one("placement/availabilityZone").to_owned();
    let interface = shown.all("networkInterfaceSet/item/networkInterfaceId")[0].to_owned();
    let attachment = shown.all("networkInterfaceSet/item/attachment/attachmentId")[0].to_owned();
    world.ok("ModifyInstanceAttribute", &[("InstanceId", &id), ("DisableApiTermination.Value", "true")]).await;
    world.ok("CreateKeyPair", &[("KeyName", "here")]).await;
    let gateway = world.ok("CreateInternetGateway", &[]).await.one("internetGatewayId").to_owned();
    let tables = world.ok("DescribeRouteTables", &[("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", &vpc)]).await;
    let table = tables.all("routeTableId")[0].to_owned();
    let (names, values): (Vec<String>, Vec<String>) = (1..=201).map(|n| (format!("Filter.1.Value.{n}"), n.to_string())).unzip();
    let many: Vec<(&str, &str)> = [("Filter.1.Name", "instance-id")]
        .into_iter()
        .chain(names.iter().map(String::as_str).zip(values.iter().map(String::as_str)))
        .collect();
    let twice = [("InstanceCreditSpecification.1.InstanceId", &*id), ("InstanceCreditSpecification.1.CpuCredits", "standard")];
    let twice = [
        &twice[..],
        &[("InstanceCreditSpecification.2.InstanceId", &*id), ("InstanceCreditSpecification.2.CpuCredits", "standard")],
    ];
    let tags: Vec<(String, String)> = (1..=51).map(|n| (format!("Tag.{n}.Key"), format!("k{n}"))).collect();
    let tags = tags.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let route =
        |target: (&'static str, &'static str)| vec![("RouteTableId", &*table), ("DestinationCidrBlock", "192.0.2.0/24"), target];
    check(
        &world,
        &[
            ("OperationNotPermitted", "TerminateInstances", vec![("InstanceId.1", &id)]),
            ("IncorrectInstanceState", "ModifyInstanceAttribute", vec![("InstanceId", &id), ("InstanceType.Value", "t3.small")]),
            ("InvalidPlacementGroup.InUse", "DeletePlacementGroup", vec![("GroupName", "near")]),
            ("InvalidPlacementGroup.Duplicate", "CreatePlacementGroup", vec![("GroupName", "near"), ("Strategy", "cluster")]),
            ("InvalidPlacementGroup.Unknown", "DeletePlacementGroup", vec![("GroupName", "far")]),
            ("InvalidKeyPair.Duplicate", "CreateKeyPair", vec![("KeyName", "here")]),
            ("InvalidKey.Format", "ImportKeyPair", vec![("KeyName", "odd"), ("PublicKeyMaterial", "bm8ga2V5")]),
            ("FilterLimitExceeded", "DescribeInstances", many),
            ("InvalidNextToken", "DescribeInstances", vec![("MaxResults", "5"), ("NextToken", "junk!")]),
            ("InvalidInstanceCreditSpecification.DuplicateInstanceId", "ModifyInstanceCreditSpecification", twice.concat()),
            ("TagLimitExceeded", "CreateTags", std::iter::once(("ResourceId.1", &*id)).chain(tags).collect()),
            ("InvalidID", "CreateTags", vec![("ResourceId.1", "x-0123"), ("Tag.1.Key", "k"), ("Tag.1.Value", "v")]),
            ("InvalidZone.NotFound", "CreateVolume", vec![("AvailabilityZone", "us-east-1z"), ("Size", "1")]),
            ("InvalidParameterValue", "CreateVolume", vec![("AvailabilityZone", &zone), ("Size", "1"), ("VolumeType", "st1")]),
            (
                "InvalidSnapshot.NotFound",
                "CreateVolume",
                vec![("AvailabilityZone", &zone), ("SnapshotId", "snap-00000000000000bad")],
            ),
            ("InvalidRegion", "CopySnapshot", vec![("SourceRegion", "the moon"), ("SourceSnapshotId", crate::world::SNAPSHOT)]),
            ("InvalidRegion", "CopyImage", vec![("SourceRegion", "the moon"), ("SourceImageId", IMAGE), ("Name", "copy")]),
            (
                "InvalidLaunchTemplateName.MalformedException",
                "CreateLaunchTemplate",
                vec![("LaunchTemplateName", "a b"), ("LaunchTemplateData.InstanceType", "t3.nano")],
            ),
            ("InvalidClientToken", "CreateVolume", vec![("AvailabilityZone", &zone), ("Size", "1"), ("ClientToken", "\u{7f}")]),
            ("InvalidAddress.NotFound", "ReleaseAddress", vec![("PublicIp", "198.18.255.254")]),
            ("InvalidAddress.Malformed", "ReleaseAddress", vec![("PublicIp", "one.two")]),
            ("InvalidAllocationID.NotFound", "ReleaseAddress", vec![("AllocationId", "eipalloc-00000000000000bad")]),
            ("InvalidAssociationID.NotFound", "DisassociateAddress", vec![("AssociationId", "eipassoc-00000000000000bad")]),
            ("InvalidNetworkInterface.InUse", "DeleteNetworkInterface", vec![("NetworkInterfaceId", &interface)]),
            ("OperationNotPermitted", "DetachNetworkInterface", vec![("AttachmentId", &attachment)]),
            ("DependencyViolation", "DeleteSubnet", vec![("SubnetId", &subnet)]),
            ("DependencyViolation", "DeleteVpc", vec![("VpcId", &vpc)]),
            ("InvalidVpc.Range", "CreateVpc", vec![("CidrBlock", "10.0.0.0/8")]),
            ("InvalidSubnet.Range", "CreateSubnet", vec![("VpcId", &vpc), ("CidrBlock", "10.0.0.0/24")]),
            ("InvalidSubnet.Conflict", "CreateSubnet", vec![("VpcId", &vpc), ("CidrBlock", "172.31.0.0/24")]),
            ("Gateway.NotAttached", "DetachInternetGateway", vec![("InternetGatewayId", &gateway), ("VpcId", &vpc)]),
            ("InvalidGatewayID.NotFound", "CreateRoute", route(("GatewayId", "igw-00000000000000bad"))),
            ("NatGatewayNotFound", "CreateRoute", route(("NatGatewayId", "nat-00000000000000bad"))),
            ("InvalidRoute.NotFound", "DeleteRoute", vec![("RouteTableId", &table), ("DestinationCidrBlock", "192.0.2.0/24")]),
            (
                "InvalidAMIAttributeItemValue",
                "ModifyImageAttribute",
                vec![("ImageId", IMAGE), ("LaunchPermission.Add.1.UserId", "me")],
            ),
            ("InvalidAMIName.Malformed", "CreateImage", vec![("InstanceId", &id), ("Name", "bad*name")]),
            ("InvalidSnapshot.InUse", "DeleteSnapshot", vec![("SnapshotId", crate::world::SNAPSHOT)]),
            ("InvalidInstanceType", "DescribeInstanceTypes", vec![("InstanceType.1", "t3.colossal")]),
            ("UnsupportedHibernationConfiguration", "StopInstances", vec![("InstanceId.1", &id), ("Hibernate", "true")]),
            ("InvalidParameterCombination", "DescribeInstances", vec![("InstanceId.1", &id), ("MaxResults", "5")]),
        ],
    )
    .await;
}
