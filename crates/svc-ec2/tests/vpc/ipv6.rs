//! IPv6: blocks of VPCs and subnets, addresses of interfaces and instances, routes, egress-only internet gateways.

use super::{
    code,
    common::{Answer, call, cloud, ec2},
    fault, gateway, interface, of_vpc,
    world::World,
};
use front::testing::Bench;
use std::net::Ipv6Addr;

/// A new VPC with a block of IPv6: its id, and the block.
async fn dual(cloud: &Bench, cidr: &str) -> (String, String) {
    let made = ec2(cloud, "CreateVpc", &[("CidrBlock", cidr), ("AmazonProvidedIpv6CidrBlock", "true")]).await;
    (made.one("vpc/vpcId").to_owned(), made.one("ipv6CidrBlockAssociationSet/item/ipv6CidrBlock").to_owned())
}

/// The `n`th /64 of a /56.
fn part(block: &str, n: u16) -> String {
    let network: Ipv6Addr = block.split_once('/').unwrap().0.parse().unwrap();
    let mut segments = network.segments();
    segments[3] += n;
    format!("{}/64", Ipv6Addr::from(segments))
}

async fn subnet6(cloud: &Bench, vpc: &str, cidr: &str, ipv6: &str) -> Answer {
    ec2(cloud, "CreateSubnet", &[("VpcId", vpc), ("CidrBlock", cidr), ("Ipv6CidrBlock", ipv6)]).await
}

#[tokio::test]
async fn a_vpc_gets_a_block_and_opens_what_it_came_with() {
    let cloud = cloud();
    let ((one, block), (_, other)) = (dual(&cloud, "10.0.0.0/16").await, dual(&cloud, "10.1.0.0/16").await);
    assert!(block.starts_with("2001:db8:") && block.ends_with("/56") && block != other);
    let plain = super::vpc(&cloud, "10.2.0.0/16").await;
    let egress = async |vpc: &str| {
        let groups = of_vpc(&cloud, "DescribeSecurityGroups", vpc).await;
        groups.all("ipPermissionsEgress/item/ipv6Ranges/item/cidrIpv6").len()
    };
    assert_eq!((egress(&one).await, egress(&plain).await), (1, 0));
    let asked = [("VpcId", plain.as_str()), ("AmazonProvidedIpv6CidrBlock", "true")];
    let made = ec2(&cloud, "AssociateVpcCidrBlock", &asked).await;
    assert_eq!(made.one("ipv6CidrBlockAssociation/ipv6CidrBlockState/state"), "associating");
    assert_eq!(egress(&plain).await, 1);
    let acl = of_vpc(&cloud, "DescribeNetworkAcls", &plain).await;
    assert_eq!(acl.all("entrySet/item/ipv6CidrBlock").len(), 2, "an entry each way");
    ec2(&cloud, "CreateSecurityGroup", &[("VpcId", &plain), ("GroupName", "web"), ("GroupDescription", "web")]).await;
    assert_eq!(egress(&plain).await, 2, "a new group has the rule from the beginning");
    let shown = ec2(
        &cloud,
        "DescribeVpcs",
        &[("Filter.1.Name", "ipv6-cidr-block-association.ipv6-cidr-block"), ("Filter.1.Value.1", &block)],
    )
    .await;
    assert_eq!(shown.one("item/vpcId"), one);

    let association = made.one("ipv6CidrBlockAssociation/associationId");
    let gone = ec2(&cloud, "DisassociateVpcCidrBlock", &[("AssociationId", association)]).await;
    assert_eq!(gone.one("ipv6CidrBlockAssociation/ipv6CidrBlockState/state"), "disassociating");
    assert_eq!(
        code(&cloud, "DisassociateVpcCidrBlock", &[("AssociationId", association)]).await,
        "InvalidCidrBlockAssociationID.NotFound"
    );
}

#[tokio::test]
async fn subnets_have_a_64_of_their_vpcs() {
    let cloud = cloud();
    let (vpc, block) = dual(&cloud, "10.0.0.0/16").await;
    let made = subnet6(&cloud, &vpc, "10.0.0.0/24", &part(&block, 1)).await;
    let first = made.one("subnet/subnetId").to_owned();
    assert_eq!(made.one("ipv6CidrBlockAssociationSet/item/ipv6CidrBlock"), part(&block, 1));
    let plain = super::subnet(&cloud, &vpc, "10.0.1.0/24").await;
    let associate =
        async |ipv6: &str| fault(&cloud, "AssociateSubnetCidrBlock", &[("SubnetId", &plain), ("Ipv6CidrBlock", ipv6)]).await.0;
    assert_eq!(associate(&part(&block, 1)).await, "InvalidSubnet.Conflict");
    assert_eq!(associate("2001:db8::/64").await, "InvalidSubnet.Range");
    assert_eq!(associate(&block).await, "InvalidSubnet.Range");
    assert_eq!(associate("10.0.0.0/24").await, "InvalidParameterValue");
    let modify = [("SubnetId", plain.as_str()), ("AssignIpv6AddressOnCreation.Value", "true")];
    assert_eq!(code(&cloud, "ModifySubnetAttribute", &modify).await, "InvalidParameterCombination");
    let made = ec2(&cloud, "AssociateSubnetCidrBlock", &[("SubnetId", &plain), ("Ipv6CidrBlock", &part(&block, 2))]).await;
    ec2(&cloud, "ModifySubnetAttribute", &modify).await;
    assert_eq!(associate(&part(&block, 3)).await, "SubnetLimitExceeded");

    let eni = interface(&cloud, &plain).await;
    assert_eq!(interface(&cloud, &first).await.len(), eni.len());
    let held = of_vpc(&cloud, "DescribeNetworkInterfaces", &vpc).await;
    let [address] = held.all("ipv6AddressesSet/item/ipv6Address")[..] else { panic!("{held:?}") };
    assert!(address.starts_with(part(&block, 2).trim_end_matches(":/64")), "{address}");
    let association = made.one("ipv6CidrBlockAssociation/associationId");
    assert_eq!(code(&cloud, "DisassociateSubnetCidrBlock", &[("AssociationId", association)]).await, "DependencyViolation");
    ec2(&cloud, "DeleteNetworkInterface", &[("NetworkInterfaceId", &eni)]).await;
    ec2(&cloud, "DisassociateSubnetCidrBlock", &[("AssociationId", association)]).await;
    let vpcs = ec2(&cloud, "DescribeVpcs", &[("VpcId.1", &vpc)]).await;
    let whole = vpcs.one("ipv6CidrBlockAssociationSet/item/associationId");
    assert_eq!(code(&cloud, "DisassociateVpcCidrBlock", &[("AssociationId", whole)]).await, "DependencyViolation");
}

#[tokio::test]
async fn interfaces_get_addresses_and_give_them_back() {
    let cloud = cloud();
    let (vpc, block) = dual(&cloud, "10.0.0.0/16").await;
    let subnet = subnet6(&cloud, &vpc, "10.0.0.0/24", &part(&block, 0)).await.one("subnet/subnetId").to_owned();
    let named = part(&block, 0).replace("/64", "5");
    let asked = [("SubnetId", subnet.as_str()), ("Ipv6Addresses.1.Ipv6Address", named.as_str())];
    let eni = ec2(&cloud, "CreateNetworkInterface", &asked).await.one("networkInterface/networkInterfaceId").to_owned();
    assert_eq!(code(&cloud, "CreateNetworkInterface", &asked).await, "InvalidIPAddress.InUse");
    let more = ec2(&cloud, "AssignIpv6Addresses", &[("NetworkInterfaceId", &eni), ("Ipv6AddressCount", "2")]).await;
    let assigned: Vec<_> = more.all("assignedIpv6Addresses/item").into_iter().map(str::to_owned).collect();
    assert_eq!(assigned.len(), 2);
    let held = async || {
        let shown = ec2(&cloud, "DescribeNetworkInterfaces", &[("NetworkInterfaceId.1", &eni)]).await;
        shown.all("ipv6AddressesSet/item/ipv6Address").len()
    };
    assert_eq!(held().await, 3);
    let gone = [("NetworkInterfaceId", eni.as_str()), ("Ipv6Addresses.1", assigned[0].as_str())];
    ec2(&cloud, "UnassignIpv6Addresses", &gone).await;
    assert_eq!((held().await, code(&cloud, "UnassignIpv6Addresses", &gone).await.as_str()), (2, "InvalidParameterValue"));
    for (named, expected) in
        [("2001:db8::5", "InvalidParameterValue"), ("10.0.0.5", "InvalidParameterValue"), (&named, "InvalidIPAddress.InUse")]
    {
        assert_eq!(
            code(&cloud, "AssignIpv6Addresses", &[("NetworkInterfaceId", &eni), ("Ipv6Addresses.1", named)]).await,
            expected
        );
    }
    assert_eq!(code(&cloud, "AssignIpv6Addresses", &[("NetworkInterfaceId", &eni)]).await, "MissingParameter");
    let plain = super::subnet(&cloud, &vpc, "10.0.1.0/24").await;
    assert_eq!(
        code(&cloud, "CreateNetworkInterface", &[("SubnetId", &plain), ("Ipv6AddressCount", "1")]).await,
        "InvalidParameterValue"
    );
}

#[tokio::test]
async fn routes_lead_ipv6_to_gateways() {
    let cloud = cloud();
    let (vpc, block) = dual(&cloud, "10.0.0.0/16").await;
    let (igw, asked) = (gateway(&cloud, &vpc).await, [("VpcId", vpc.as_str()), ("ClientToken", "once")]);
    let made = ec2(&cloud, "CreateEgressOnlyInternetGateway", &asked).await;
    let eigw = made.one("egressOnlyInternetGatewayId").to_owned();
    assert_eq!(ec2(&cloud, "CreateEgressOnlyInternetGateway", &asked).await.one("egressOnlyInternetGatewayId"), eigw);
    assert_eq!(made.one("attachmentSet/item/vpcId"), vpc);
    let table = of_vpc(&cloud, "DescribeRouteTables", &vpc).await.one("item/routeTableId").to_owned();
    let to = |destination: &'static str, target: (&'static str, &str)| {
        [("RouteTableId", table.clone()), ("DestinationIpv6CidrBlock", destination.into()), (target.0, target.1.to_owned())]
    };
    let create = async |asked: [(&str, String); 3]| {
        let asked: Vec<_> = asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = call(&cloud, "ec2", "CreateRoute", &asked).await;
        answer.all("Error/Code").first().copied().unwrap_or("made").to_owned()
    };
    assert_eq!(create(to("::/0", ("EgressOnlyInternetGatewayId", &eigw))).await, "made");
    assert_eq!(create(to("::/0", ("GatewayId", &igw))).await, "RouteAlreadyExists");
    assert_eq!(create(to("2001:db8:ffff::/48", ("GatewayId", &igw))).await, "made");
    let ipv4 = [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "0.0.0.0/0"), ("EgressOnlyInternetGatewayId", &eigw)];
    assert_eq!(code(&cloud, "CreateRoute", &ipv4).await, "InvalidParameterValue");
    let local = [("RouteTableId", table.as_str()), ("DestinationIpv6CidrBlock", &block), ("GatewayId", &igw)];
    assert_eq!(code(&cloud, "CreateRoute", &local).await, "RouteAlreadyExists");

    let states = async || {
        let table = ec2(&cloud, "DescribeRouteTables", &[("RouteTableId.1", &table)]).await;
        table.all("routeSet/item/state").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(states().await, ["active"; 4], "two local ones and two that were made");
    assert_eq!(code(&cloud, "DeleteVpc", &[("VpcId", &vpc)]).await, "DependencyViolation");
    ec2(&cloud, "DeleteEgressOnlyInternetGateway", &[("EgressOnlyInternetGatewayId", &eigw)]).await;
    assert_eq!(states().await.iter().filter(|state| *state == "blackhole").count(), 1);
    let gone = code(&cloud, "DeleteEgressOnlyInternetGateway", &[("EgressOnlyInternetGatewayId", &eigw)]).await;
    assert_eq!(gone, "InvalidEgressOnlyInternetGatewayId.NotFound");
    ec2(&cloud, "DeleteRoute", &[("RouteTableId", &table), ("DestinationIpv6CidrBlock", "::/0")]).await;
    assert_eq!(states().await.len(), 3);
}

#[tokio::test]
async fn instances_have_addresses_of_ipv6_and_find_them() {
    let world = World::new().await;
    let cloud = &world.bench;
    let (vpc, block) = dual(cloud, "10.0.0.0/16").await;
    let subnet = subnet6(cloud, &vpc, "10.0.0.0/24", &part(&block, 7)).await.one("subnet/subnetId").to_owned();
    let id = world.running(&[("SubnetId", &subnet), ("Ipv6AddressCount", "1")]).await;
    let shown = world.shown(&id).await;
    let address = shown.one("instancesSet/item/ipv6Address").to_owned();
    assert_eq!(shown.all("networkInterfaceSet/item/ipv6AddressesSet/item/ipv6Address"), [address.as_str()]);
    let found = ec2(cloud, "DescribeInstances", &[("Filter.1.Name", "ipv6-address"), ("Filter.1.Value.1", &address)]).await;
    assert_eq!(found.all("instancesSet/item/instanceId"), [id.as_str()]);
    let told = svc_ec2::instance_metadata(&cloud.store.snapshot()).unwrap();
    let values = &told[&vpc].instances[&id].values;
    assert_eq!(values["meta-data/ipv6"], address);
    let of_interface = |name: &str| values.iter().find(|(path, _)| path.ends_with(name)).map(|(_, value)| value.as_str());
    assert_eq!(of_interface("/ipv6s"), Some(address.as_str()));
    assert_eq!(of_interface("/subnet-ipv6-cidr-blocks"), Some(part(&block, 7).as_str()));
    assert_eq!(of_interface("/vpc-ipv6-cidr-blocks"), Some(block.as_str()));
    let networks = svc_ec2::desired_networks(&cloud.store.snapshot()).unwrap();
    let network = networks.iter().find(|it| it.id == vpc).unwrap();
    assert_eq!(network.interfaces[0].ipv6, [address.parse::<Ipv6Addr>().unwrap()]);
    assert_eq!(network.subnets[0].ipv6[0].to_string(), part(&block, 7));
}
