//! As many as there may be, and no more.

use super::{
    code,
    common::{call, cloud, ec2, network},
    fault, interface, subnet, vpc,
    world::{World, key},
};
use crate::common::hosts::Idle;
use front::testing::Bench;
use model::{
    Record,
    ec2::{
        Instance, InternetGateway, NatGateway, NetworkAcl, NetworkInterface, RouteTable, SecurityGroup, Subnet, Volume, Vpc,
        VpcEndpoint,
    },
};
use spine::{Read, Scope};

/// Writes so many records like the one with that id.
async fn more<R: Record>(cloud: &Bench, like: &str, count: usize) {
    let spec = cloud.store.snapshot().spec(&key::<R>(like)).unwrap().unwrap();
    let prefix = &like[..like.len() - 5];
    let made =
        cloud.store.transact(|tx| (0..count).try_for_each(|n| tx.create(&key::<R>(&format!("{prefix}x{n:04}")), &spec))).await;
    made.unwrap();
}

/// The code that a call fails with; nothing, if it doesn't.
async fn said(cloud: &Bench, operation: &str, parameters: &[(&str, &str)]) -> String {
    let answer = call(cloud, "ec2", operation, parameters).await;
    if answer.status == 200 { String::new() } else { answer.code().to_owned() }
}

/// So many records like the one with that id are there besides what there is, but one; the last one fits, and no other.
async fn fits_once<R: Record>(cloud: &Bench, like: &str, most: usize, asked: (&str, &[(&str, &str)]), refused: &str) {
    let there = cloud.store.snapshot().specs::<R>(Scope::All).unwrap().len();
    more::<R>(cloud, like, most - there - 1).await;
    ec2(cloud, asked.0, asked.1).await;
    assert_eq!(code(cloud, asked.0, asked.1).await, refused, "{asked:?}");
}

#[tokio::test]
async fn of_a_region() {
    let cloud = cloud();
    let (default, subnets) = network(&cloud).await;
    let group = ec2(&cloud, "DescribeSecurityGroups", &[]).await.one("item/groupId").to_owned();
    let new = [("GroupDescription", "d"), ("GroupName", "a")];
    more::<SecurityGroup>(&cloud, &group, 2499).await;
    assert_eq!(code(&cloud, "CreateSecurityGroup", &new).await, "SecurityGroupLimitExceeded");
    let plugged = interface(&cloud, &subnets[0]).await;
    let asked = [("SubnetId", &*subnets[0])];
    fits_once::<NetworkInterface>(&cloud, &plugged, 5000, ("CreateNetworkInterface", &asked), "NetworkInterfaceLimitExceeded")
        .await;
    let gateway = ec2(&cloud, "DescribeInternetGateways", &[]).await.one("item/internetGatewayId").to_owned();
    fits_once::<InternetGateway>(&cloud, &gateway, 100, ("CreateInternetGateway", &[]), "InternetGatewayLimitExceeded").await;
    let asked = [("CidrBlock", "10.9.0.0/16")];
    fits_once::<Vpc>(&cloud, &default, 100, ("CreateVpc", &asked), "VpcLimitExceeded").await;
    let service = [("VpcId", &*default), ("ServiceName", "com.amazonaws.us-east-1.s3")];
    let endpoint = ec2(&cloud, "CreateVpcEndpoint", &service).await.one("vpcEndpointId").to_owned();
    fits_once::<VpcEndpoint>(&cloud, &endpoint, 20, ("CreateVpcEndpoint", &service), "VpcEndpointLimitExceeded").await;
}

#[tokio::test]
async fn of_a_vpc() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let first = subnet(&cloud, &id, "10.0.0.0/24").await;
    more::<Subnet>(&cloud, &first, 199).await;
    let asked = [("VpcId", &*id), ("CidrBlock", "10.0.250.0/24")];
    assert_eq!(code(&cloud, "CreateSubnet", &asked).await, "SubnetLimitExceeded");
    for (operation, path, refused) in [
        ("CreateRouteTable", "routeTable/routeTableId", "RouteTableLimitExceeded"),
        ("CreateNetworkAcl", "networkAcl/networkAclId", "NetworkAclLimitExceeded"),
    ] {
        // The one that it came with is counted.
        let own = ec2(&cloud, operation, &[("VpcId", &id)]).await.one(path).to_owned();
        match operation {
            "CreateRouteTable" => more::<RouteTable>(&cloud, &own, 198).await,
            _ => more::<NetworkAcl>(&cloud, &own, 198).await,
        }
        assert_eq!(code(&cloud, operation, &[("VpcId", &id)]).await, refused);
    }
    let other = vpc(&cloud, "10.1.0.0/16").await;
    ec2(&cloud, "CreateRouteTable", &[("VpcId", &other)]).await;
}

#[tokio::test]
async fn nat_gateways_of_a_zone() {
    let cloud = cloud();
    let (_, subnets) = network(&cloud).await;
    let private = |subnet: &str| [("SubnetId", subnet.to_owned()), ("ConnectivityType", "private".to_owned())];
    let ask = async |subnet: &str| {
        let parameters = private(subnet);
        let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fault(&cloud, "CreateNatGateway", &parameters).await
    };
    let made = ec2(&cloud, "CreateNatGateway", &[("SubnetId", &subnets[0]), ("ConnectivityType", "private")]).await;
    let first = made.one("natGatewayId").to_owned();
    more::<NatGateway>(&cloud, &first, 4).await;
    let message = "Performing this operation would exceed the limit of 5 NAT gateways".to_owned();
    assert_eq!(ask(&subnets[0]).await, ("NatGatewayLimitExceeded".into(), message));
    ec2(&cloud, "CreateNatGateway", &[("SubnetId", &subnets[1]), ("ConnectivityType", "private")]).await;
    ec2(&cloud, "DeleteNatGateway", &[("NatGatewayId", &first)]).await;
    ec2(&cloud, "CreateNatGateway", &[("SubnetId", &subnets[0]), ("ConnectivityType", "private")]).await;
}

#[tokio::test]
async fn virtual_processors_of_what_runs() {
    let world = World::on(Idle::new("amd64", 512, 1 << 22), Default::default()).await;
    let id = world.running(&[("InstanceType", "m5.24xlarge")]).await;
    more::<Instance>(&world.bench, &id, 10).await;
    let large =
        |count: &'static str| super::world::launch(&[("InstanceType", "m5.12xlarge"), ("MinCount", "1"), ("MaxCount", count)]);
    // 1,056 of 1,152 are taken: two of 48 fit, of however many are asked for.
    let made = world.ok("RunInstances", &large("5")).await;
    assert_eq!(made.all("instancesSet/item/instanceId").len(), 2);
    let (code, message) = world.fails("RunInstances", &large("5")).await;
    assert_eq!(code, "VcpuLimitExceeded");
    assert!(message.contains("current vCPU limit of 1152"), "{message}");
    world.run(&[("InstanceType", "g4dn.xlarge")]).await;
    let stopped = made.all("instancesSet/item/instanceId")[0].to_owned();
    world.runs(&stopped).await;
    world.ok("StopInstances", &[("InstanceId.1", &stopped)]).await;
    world.is_off(&stopped, agent_proto::machine::OffCause::Told).await;
    world.run(&[("InstanceType", "m5.12xlarge")]).await;
    assert_eq!(world.fails("StartInstances", &[("InstanceId.1", &stopped)]).await.0, "VcpuLimitExceeded");
}

#[tokio::test]
async fn what_volumes_hold_and_do() {
    let world = World::new().await;
    let zone = ("AvailabilityZone", "us-east-1a");
    let big = [zone, ("Size", "16384"), ("VolumeType", "gp3")];
    let id = world.ok("CreateVolume", &big).await.one("volumeId").to_owned();
    more::<Volume>(&world.bench, &id, 2).await;
    assert_eq!(world.fails("CreateVolume", &big).await.0, "VolumeLimitExceeded");
    world.ok("CreateVolume", &[zone, ("Size", "16384"), ("VolumeType", "gp2")]).await;
    let disk = [
        ("BlockDeviceMapping.1.DeviceName", "/dev/sdf"),
        ("BlockDeviceMapping.1.Ebs.VolumeSize", "16384"),
        ("BlockDeviceMapping.1.Ebs.VolumeType", "gp3"),
    ];
    assert_eq!(world.fails("RunInstances", &super::world::launch(&disk)).await.0, "VolumeLimitExceeded");
    let fast = [zone, ("Size", "2000"), ("VolumeType", "io1"), ("Iops", "64000")];
    let id = world.ok("CreateVolume", &fast).await.one("volumeId").to_owned();
    more::<Volume>(&world.bench, &id, 3).await;
    assert_eq!(world.fails("CreateVolume", &fast).await.0, "MaxIOPSLimitExceeded");
}

#[tokio::test]
async fn rules_routes_and_entries() {
    let cloud = cloud();
    let (default, _) = network(&cloud).await;
    let group = ec2(&cloud, "DescribeSecurityGroups", &[]).await.one("item/groupId").to_owned();
    let ranges: Vec<(String, String)> =
        (0..61).map(|n| (format!("IpPermissions.1.IpRanges.{}.CidrIp", n + 1), format!("10.0.{n}.0/24"))).collect();
    let mut rules = vec![("GroupId", &*group), ("IpPermissions.1.IpProtocol", "tcp")];
    rules.extend([("IpPermissions.1.FromPort", "80"), ("IpPermissions.1.ToPort", "80")]);
    rules.extend(ranges.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    assert_eq!(code(&cloud, "AuthorizeSecurityGroupIngress", &rules).await, "RulesPerSecurityGroupLimitExceeded");
    let rangeless =
        [("GroupId", &*group), ("IpPermissions.1.IpProtocol", "-1"), ("IpPermissions.1.IpRanges.1.Description", "everybody")];
    assert_eq!(code(&cloud, "AuthorizeSecurityGroupIngress", &rangeless).await, "InvalidPermission.Malformed");
    let reserved = [("GroupName", "default"), ("GroupDescription", "d"), ("VpcId", &*default)];
    assert_eq!(code(&cloud, "CreateSecurityGroup", &reserved).await, "InvalidGroup.Reserved");

    let own = ec2(&cloud, "CreateRouteTable", &[("VpcId", &default)]).await.one("routeTable/routeTableId").to_owned();
    let gateway = ec2(&cloud, "DescribeInternetGateways", &[]).await.one("item/internetGatewayId").to_owned();
    let route = async |n: usize| {
        let block = format!("10.{}.{}.0/24", n / 256, n % 256);
        said(&cloud, "CreateRoute", &[("RouteTableId", &own), ("DestinationCidrBlock", &block), ("GatewayId", &gateway)]).await
    };
    assert_eq!(route(0).await, "");
    let at = key::<RouteTable>(&own);
    let full = cloud.store.transact(|tx| {
        tx.update_spec(&at, |table| {
            let one = table.routes[0].clone();
            table.routes.resize(500, one);
        })
    });
    full.await.unwrap();
    assert_eq!(route(1).await, "RouteLimitExceeded");

    let acl = ec2(&cloud, "CreateNetworkAcl", &[("VpcId", &default)]).await.one("networkAcl/networkAclId").to_owned();
    let entry = async |n: usize| {
        let number = n.to_string();
        let all = [("NetworkAclId", &*acl), ("RuleNumber", &*number), ("Protocol", "-1"), ("RuleAction", "allow")];
        said(&cloud, "CreateNetworkAclEntry", &[&all[..], &[("Egress", "false"), ("CidrBlock", "0.0.0.0/0")]].concat()).await
    };
    for n in 1..20 {
        assert_eq!(entry(n).await, "", "{n}: the last of twenty is the one that denies everything");
    }
    assert_eq!(entry(20).await, "NetworkAclEntryLimitExceeded");
}

#[tokio::test]
async fn addresses_of_subnets_and_of_interfaces() {
    let world = World::new().await;
    let made = vpc(&world.bench, "10.0.0.0/16").await;
    let small = subnet(&world.bench, &made, "10.0.0.0/28").await;
    let many = [("SubnetId", &*small), ("SecondaryPrivateIpAddressCount", "11")];
    assert_eq!(code(&world.bench, "CreateNetworkInterface", &many).await, "InsufficientFreeAddressesInSubnet");
    ec2(&world.bench, "CreateNetworkInterface", &[("SubnetId", &*small), ("SecondaryPrivateIpAddressCount", "10")]).await;
    assert_eq!(code(&world.bench, "CreateNetworkInterface", &[("SubnetId", &*small)]).await, "InsufficientFreeAddressesInSubnet");
    let launch = super::world::launch(&[("SubnetId", &*small)]);
    assert_eq!(world.fails("RunInstances", &launch).await.0, "InsufficientFreeAddressesInSubnet");
    let id = world.running(&[]).await;
    let plugged = world.shown(&id).await.all("networkInterfaceSet/item/networkInterfaceId")[0].to_owned();
    let more = |count: &'static str| [("NetworkInterfaceId", plugged.clone()), ("SecondaryPrivateIpAddressCount", count.into())];
    let assign = async |count| {
        let parameters = more(count);
        let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        said(&world.bench, "AssignPrivateIpAddresses", &parameters).await
    };
    assert_eq!(
        (assign("1").await, assign("1").await),
        (String::new(), "PrivateIpAddressLimitExceeded".into()),
        "a t3.micro has two"
    );
}
