//! Subnets and their reservations.

use super::{
    code,
    common::{cloud, ec2},
    fault, interface, of_vpc, subnet, vpc,
};

#[tokio::test]
async fn subnets_lie_inside_their_vpc_and_beside_each_other() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let zone = [("VpcId", id.as_str()), ("CidrBlock", "10.0.1.0/24"), ("AvailabilityZoneId", "use1-az3")];
    let made = ec2(&cloud, "CreateSubnet", &zone).await;
    assert_eq!(made.one("subnet/availabilityZone"), "us-east-1c");
    assert_eq!(made.one("subnet/availableIpAddressCount"), "251");
    assert_eq!(made.one("subnet/mapPublicIpOnLaunch"), "false");
    for (cidr, expected) in [
        ("10.0.1.128/25", ("InvalidSubnet.Conflict", "The CIDR '10.0.1.128/25' conflicts with another subnet")),
        ("10.1.0.0/24", ("InvalidSubnet.Range", "The CIDR '10.1.0.0/24' is invalid.")),
        ("10.0.0.0/15", ("InvalidSubnet.Range", "The CIDR '10.0.0.0/15' is invalid.")),
        ("10.0.9.0/29", ("InvalidSubnet.Range", "The CIDR '10.0.9.0/29' is invalid.")),
    ] {
        let (code, message) = fault(&cloud, "CreateSubnet", &[("VpcId", &id), ("CidrBlock", cidr)]).await;
        assert_eq!((&*code, &*message), expected);
    }
    let elsewhere = [("VpcId", id.as_str()), ("CidrBlock", "10.0.2.0/24"), ("AvailabilityZone", "eu-west-1a")];
    assert_eq!(code(&cloud, "CreateSubnet", &elsewhere).await, "InvalidParameterValue");
    let acl = of_vpc(&cloud, "DescribeNetworkAcls", &id).await;
    assert_eq!(acl.all("associationSet/item/subnetId"), [made.one("subnet/subnetId")]);
}

#[tokio::test]
async fn a_subnet_stays_while_something_has_an_address_in_it() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let home = subnet(&cloud, &id, "10.0.0.0/24").await;
    let inside = interface(&cloud, &home).await;
    let shown = ec2(&cloud, "DescribeSubnets", &[("SubnetId.1", &home)]).await;
    assert_eq!(shown.one("item/availableIpAddressCount"), "250");
    let message = format!("The subnet '{home}' has dependencies and cannot be deleted.");
    assert_eq!(fault(&cloud, "DeleteSubnet", &[("SubnetId", &home)]).await, ("DependencyViolation".to_owned(), message));
    ec2(&cloud, "DeleteNetworkInterface", &[("NetworkInterfaceId", &inside)]).await;
    ec2(&cloud, "DeleteSubnet", &[("SubnetId", &home)]).await;
    assert!(of_vpc(&cloud, "DescribeNetworkAcls", &id).await.all("associationSet/item/subnetId").is_empty());
}

#[tokio::test]
async fn attributes_of_subnets_change_or_are_refused_by_name() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let home = subnet(&cloud, &id, "10.0.0.0/24").await;
    ec2(&cloud, "ModifySubnetAttribute", &[("SubnetId", &home), ("MapPublicIpOnLaunch.Value", "true")]).await;
    let shown = ec2(&cloud, "DescribeSubnets", &[("SubnetId.1", &home)]).await;
    assert_eq!(shown.one("item/mapPublicIpOnLaunch"), "true");
    let names = [
        ("SubnetId", home.as_str()),
        ("PrivateDnsHostnameTypeOnLaunch", "resource-name"),
        ("EnableResourceNameDnsARecordOnLaunch.Value", "true"),
        ("EnableResourceNameDnsAAAARecordOnLaunch.Value", "true"),
    ];
    ec2(&cloud, "ModifySubnetAttribute", &names).await;
    let shown = ec2(&cloud, "DescribeSubnets", &[("SubnetId.1", &home)]).await;
    assert_eq!(shown.one("privateDnsNameOptionsOnLaunch/hostnameType"), "resource-name");
    assert_eq!(shown.one("privateDnsNameOptionsOnLaunch/enableResourceNameDnsARecord"), "true");
    assert_eq!(shown.one("privateDnsNameOptionsOnLaunch/enableResourceNameDnsAAAARecord"), "true");
    let six = [("SubnetId", home.as_str()), ("AssignIpv6AddressOnCreation.Value", "true")];
    assert_eq!(code(&cloud, "ModifySubnetAttribute", &six).await, "InvalidParameterCombination");
    let dns64 = [("SubnetId", home.as_str()), ("EnableDns64.Value", "true")];
    assert_eq!(code(&cloud, "ModifySubnetAttribute", &dns64).await, "NotImplemented");
}

#[tokio::test]
async fn no_address_is_chosen_from_a_reservation() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let home = subnet(&cloud, &id, "10.0.0.0/28").await;
    let made = [("SubnetId", home.as_str()), ("Cidr", "10.0.0.8/29"), ("ReservationType", "explicit")];
    let reservation = ec2(&cloud, "CreateSubnetCidrReservation", &made).await;
    let reservation = reservation.one("subnetCidrReservationId").to_owned();
    assert_eq!(code(&cloud, "CreateSubnetCidrReservation", &made).await, "InvalidSubnetCidrReservation.Conflict");
    for _ in 0..4 {
        interface(&cloud, &home).await;
    }
    let full = [("SubnetId", home.as_str())];
    assert_eq!(code(&cloud, "CreateNetworkInterface", &full).await, "InsufficientFreeAddressesInSubnet");
    let named = [("SubnetId", home.as_str()), ("PrivateIpAddress", "10.0.0.9")];
    ec2(&cloud, "CreateNetworkInterface", &named).await;
    let listed = ec2(&cloud, "GetSubnetCidrReservations", &full).await;
    assert_eq!(listed.all("item/cidr"), ["10.0.0.8/29"]);
    ec2(&cloud, "DeleteSubnetCidrReservation", &[("SubnetCidrReservationId", &reservation)]).await;
    interface(&cloud, &home).await;
}
