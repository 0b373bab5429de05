//! VPCs from their creation to their deletion.

use super::{
    code,
    common::{cloud, ec2, network},
    fault, of_vpc, subnet, vpc,
};

#[tokio::test]
async fn a_vpc_comes_with_what_every_vpc_has_and_goes_with_it() {
    let cloud = cloud();
    let made = ec2(
        &cloud,
        "CreateVpc",
        &[
            ("CidrBlock", "10.1.2.3/16"),
            ("TagSpecification.1.ResourceType", "vpc"),
            ("TagSpecification.1.Tag.1.Key", "Name"),
            ("TagSpecification.1.Tag.1.Value", "lab"),
        ],
    )
    .await;
    let id = made.one("vpc/vpcId").to_owned();
    assert_eq!((made.one("vpc/cidrBlock"), made.one("vpc/isDefault")), ("10.1.0.0/16", "false"));
    assert_eq!(of_vpc(&cloud, "DescribeSecurityGroups", &id).await.all("item/groupName"), ["default"]);
    let tables = of_vpc(&cloud, "DescribeRouteTables", &id).await;
    assert_eq!(tables.all("associationSet/item/main"), ["true"]);
    assert_eq!(tables.all("routeSet/item/destinationCidrBlock"), ["10.1.0.0/16"]);
    let acls = of_vpc(&cloud, "DescribeNetworkAcls", &id).await;
    assert_eq!(acls.all("item/default"), ["true"]);
    assert_eq!(acls.all("entrySet/item/ruleNumber"), ["100", "32767", "100", "32767"]);
    let options = ec2(&cloud, "DescribeDhcpOptions", &[("DhcpOptionsId.1", made.one("vpc/dhcpOptionsId"))]).await;
    assert_eq!(options.all("valueSet/item/value"), ["ec2.internal", "AmazonProvidedDNS"]);
    let named = ec2(&cloud, "DescribeVpcs", &[("Filter.1.Name", "tag:Name"), ("Filter.1.Value.1", "lab")]).await;
    assert_eq!(named.all("vpcSet/item/vpcId"), [id.as_str()]);

    ec2(&cloud, "DeleteVpc", &[("VpcId", &id)]).await;
    for operation in ["DescribeSecurityGroups", "DescribeRouteTables", "DescribeNetworkAcls"] {
        assert!(of_vpc(&cloud, operation, &id).await.all("vpcId").is_empty(), "{operation}");
    }
    assert_eq!(code(&cloud, "DeleteVpc", &[("VpcId", &id)]).await, "InvalidVpcID.NotFound");
}

#[tokio::test]
async fn blocks_of_vpcs_are_checked() {
    let cloud = cloud();
    for (cidr, expected) in [
        ("10.0.0.0/15", "InvalidVpc.Range"),
        ("10.0.0.0/29", "InvalidVpc.Range"),
        ("127.0.0.0/16", "InvalidVpc.Range"),
        ("10.0.0.0", "InvalidParameterValue"),
        ("198.19.0.0/16", "NotImplemented"),
    ] {
        assert_eq!(code(&cloud, "CreateVpc", &[("CidrBlock", cidr)]).await, expected, "{cidr}");
    }
    assert_eq!(code(&cloud, "CreateVpc", &[]).await, "MissingParameter");
    let six = [("CidrBlock", "10.0.0.0/16"), ("Ipv6CidrBlock", "2001:db8::/56"), ("Ipv6Pool", "ipv6pool-ec2-1")];
    assert_eq!(code(&cloud, "CreateVpc", &six).await, "NotImplemented");
    assert_eq!(ec2(&cloud, "DescribeVpcs", &[]).await.all("vpcSet/item/vpcId").len(), 1);
}

#[tokio::test]
async fn a_vpc_with_anything_in_it_stays() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let held = subnet(&cloud, &id, "10.0.1.0/24").await;
    let message = format!("The vpc '{id}' has dependencies and cannot be deleted.");
    let refused = ("DependencyViolation".to_owned(), message);
    assert_eq!(fault(&cloud, "DeleteVpc", &[("VpcId", &id)]).await, refused);
    ec2(&cloud, "DeleteSubnet", &[("SubnetId", &held)]).await;
    let group = [("GroupName", "web"), ("GroupDescription", "d"), ("VpcId", id.as_str())];
    let group = ec2(&cloud, "CreateSecurityGroup", &group).await.one("groupId").to_owned();
    assert_eq!(fault(&cloud, "DeleteVpc", &[("VpcId", &id)]).await, refused);
    ec2(&cloud, "DeleteSecurityGroup", &[("GroupId", &group)]).await;
    let table = ec2(&cloud, "CreateRouteTable", &[("VpcId", &id)]).await.one("routeTable/routeTableId").to_owned();
    assert_eq!(fault(&cloud, "DeleteVpc", &[("VpcId", &id)]).await, refused);
    ec2(&cloud, "DeleteRouteTable", &[("RouteTableId", &table)]).await;
    ec2(&cloud, "DeleteVpc", &[("VpcId", &id)]).await;
}

#[tokio::test]
async fn attributes_change_one_at_a_time() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let shown = async |attribute: &str, member: &str| {
        let answer = ec2(&cloud, "DescribeVpcAttribute", &[("VpcId", &id), ("Attribute", attribute)]).await;
        answer.one(&format!("{member}/value")).to_owned()
    };
    assert_eq!(shown("enableDnsHostnames", "enableDnsHostnames").await, "false");
    ec2(&cloud, "ModifyVpcAttribute", &[("VpcId", &id), ("EnableDnsHostnames.Value", "true")]).await;
    assert_eq!(shown("enableDnsHostnames", "enableDnsHostnames").await, "true");
    let both = [("VpcId", id.as_str()), ("EnableDnsHostnames.Value", "true"), ("EnableDnsSupport.Value", "true")];
    assert_eq!(code(&cloud, "ModifyVpcAttribute", &both).await, "InvalidParameterValue");
    let metrics = [("VpcId", id.as_str()), ("EnableNetworkAddressUsageMetrics.Value", "true")];
    assert_eq!(code(&cloud, "ModifyVpcAttribute", &metrics).await, "NotImplemented");
}

#[tokio::test]
async fn blocks_are_added_and_taken_away_while_nothing_is_in_them() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.4.0.0/16").await;
    let add = async |cidr: &str| ec2(&cloud, "AssociateVpcCidrBlock", &[("VpcId", &id), ("CidrBlock", cidr)]).await;
    let association = add("10.5.0.0/16").await.one("cidrBlockAssociation/associationId").to_owned();
    for refused in ["10.5.128.0/20", "172.16.0.0/16", "192.168.0.0/16", "10.4.0.0/28"] {
        assert_eq!(code(&cloud, "AssociateVpcCidrBlock", &[("VpcId", &id), ("CidrBlock", refused)]).await, "InvalidVpc.Range");
    }
    let inside = subnet(&cloud, &id, "10.5.0.0/24").await;
    let gone = [("AssociationId", association.as_str())];
    assert_eq!(code(&cloud, "DisassociateVpcCidrBlock", &gone).await, "DependencyViolation");
    ec2(&cloud, "DeleteSubnet", &[("SubnetId", &inside)]).await;
    ec2(&cloud, "DisassociateVpcCidrBlock", &gone).await;
    assert_eq!(code(&cloud, "DisassociateVpcCidrBlock", &gone).await, "InvalidCidrBlockAssociationID.NotFound");
    let vpcs = ec2(&cloud, "DescribeVpcs", &[("VpcId.1", &id)]).await;
    let primary = vpcs.one("cidrBlockAssociationSet/item/associationId");
    assert_eq!(code(&cloud, "DisassociateVpcCidrBlock", &[("AssociationId", primary)]).await, "OperationNotPermitted");
    for n in 6..10 {
        add(&format!("10.{n}.0.0/16")).await;
    }
    let fifth = [("VpcId", id.as_str()), ("CidrBlock", "10.20.0.0/16")];
    assert_eq!(code(&cloud, "AssociateVpcCidrBlock", &fifth).await, "CidrLimitExceeded");
}

#[tokio::test]
async fn the_default_vpc_can_be_made_again() {
    let cloud = cloud();
    assert_eq!(code(&cloud, "CreateDefaultVpc", &[]).await, "DefaultVpcAlreadyExists");
    let (id, subnets) = network(&cloud).await;
    for subnet in &subnets {
        ec2(&cloud, "DeleteSubnet", &[("SubnetId", subnet)]).await;
    }
    let zone = [("AvailabilityZone", "us-east-1b")];
    let again = ec2(&cloud, "CreateDefaultSubnet", &zone).await;
    assert_eq!((again.one("subnet/cidrBlock"), again.one("subnet/defaultForAz")), ("172.31.0.0/20", "true"));
    assert_eq!(code(&cloud, "CreateDefaultSubnet", &zone).await, "DefaultSubnetAlreadyExistsInAvailabilityZone");
    ec2(&cloud, "DeleteSubnet", &[("SubnetId", again.one("subnet/subnetId"))]).await;

    let gateway = of_gateway(&cloud).await;
    ec2(&cloud, "DetachInternetGateway", &[("InternetGatewayId", &gateway), ("VpcId", &id)]).await;
    ec2(&cloud, "DeleteInternetGateway", &[("InternetGatewayId", &gateway)]).await;
    ec2(&cloud, "DeleteVpc", &[("VpcId", &id)]).await;
    assert_eq!(code(&cloud, "CreateDefaultSubnet", &zone).await, "DefaultVpcDoesNotExist");
    let made = ec2(&cloud, "CreateDefaultVpc", &[]).await;
    assert_ne!(made.one("vpc/vpcId"), id);
    assert_eq!(ec2(&cloud, "DescribeSubnets", &[]).await.all("item/defaultForAz"), ["true"; 3]);
    let routes = of_vpc(&cloud, "DescribeRouteTables", made.one("vpc/vpcId")).await;
    assert_eq!(routes.all("routeSet/item/state"), ["active", "active"]);
}

async fn of_gateway(cloud: &front::testing::Bench) -> String {
    ec2(cloud, "DescribeInternetGateways", &[]).await.one("item/internetGatewayId").to_owned()
}

#[tokio::test]
async fn dhcp_options_go_with_no_vpc_that_has_them() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let options = [
        ("DhcpConfiguration.1.Key", "domain-name-servers"),
        ("DhcpConfiguration.1.Value.1", "10.0.0.10, AmazonProvidedDNS"),
        ("DhcpConfiguration.2.Key", "domain-name"),
        ("DhcpConfiguration.2.Value.1", "lab.example"),
    ];
    let made = ec2(&cloud, "CreateDhcpOptions", &options).await;
    let options = made.one("dhcpOptions/dhcpOptionsId").to_owned();
    assert_eq!(made.all("valueSet/item/value"), ["10.0.0.10", "AmazonProvidedDNS", "lab.example"]);
    ec2(&cloud, "AssociateDhcpOptions", &[("DhcpOptionsId", &options), ("VpcId", &id)]).await;
    let delete = [("DhcpOptionsId", options.as_str())];
    assert_eq!(code(&cloud, "DeleteDhcpOptions", &delete).await, "DependencyViolation");
    ec2(&cloud, "AssociateDhcpOptions", &[("DhcpOptionsId", "default"), ("VpcId", &id)]).await;
    ec2(&cloud, "DeleteDhcpOptions", &delete).await;
    assert_eq!(code(&cloud, "DeleteDhcpOptions", &delete).await, "InvalidDhcpOptionID.NotFound");
    for (name, value, expected) in [
        ("domain-name-servers", "name", "InvalidParameterValue"),
        ("colour", "red", "InvalidParameterValue"),
        ("netbios-node-type", "2", "NotImplemented"),
    ] {
        let bad = [("DhcpConfiguration.1.Key", name), ("DhcpConfiguration.1.Value.1", value)];
        assert_eq!(code(&cloud, "CreateDhcpOptions", &bad).await, expected, "{name}");
    }
}
