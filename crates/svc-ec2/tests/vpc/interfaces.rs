//! Network interfaces.

use super::{
    code,
    common::{call, cloud, ec2},
    fault, interface, subnet, vpc,
};

#[tokio::test]
async fn an_interface_has_the_addresses_that_were_asked_for() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let home = subnet(&cloud, &id, "10.0.0.0/24").await;
    let asked = [
        ("SubnetId", home.as_str()),
        ("Description", "in the middle"),
        ("PrivateIpAddresses.1.PrivateIpAddress", "10.0.0.10"),
        ("PrivateIpAddresses.1.Primary", "true"),
        ("PrivateIpAddresses.2.PrivateIpAddress", "10.0.0.11"),
        ("ClientToken", "once"),
    ];
    let made = ec2(&cloud, "CreateNetworkInterface", &asked).await;
    let one = made.one("networkInterface/networkInterfaceId").to_owned();
    assert_eq!(made.all("privateIpAddressesSet/item/privateIpAddress"), ["10.0.0.10", "10.0.0.11"]);
    assert_eq!(made.all("privateIpAddressesSet/item/primary"), ["true", "false"]);
    assert_eq!(made.all("groupSet/item/groupName"), ["default"]);
    assert_eq!((made.one("networkInterface/status"), made.one("networkInterface/requesterManaged")), ("available", "false"));
    let again = ec2(&cloud, "CreateNetworkInterface", &asked).await;
    assert_eq!(again.one("networkInterface/networkInterfaceId"), one);
    for (address, expected) in [
        ("10.0.0.10", ("InvalidIPAddress.InUse", "Address 10.0.0.10 is in use.")),
        ("10.0.0.3", ("InvalidParameterValue", "Address does not fall within the subnet's address range")),
        ("10.0.1.9", ("InvalidParameterValue", "Address does not fall within the subnet's address range")),
    ] {
        let (code, message) =
            fault(&cloud, "CreateNetworkInterface", &[("SubnetId", &home), ("PrivateIpAddress", address)]).await;
        assert_eq!((&*code, &*message), expected);
    }
    let both = [
        ("SubnetId", home.as_str()),
        ("SecondaryPrivateIpAddressCount", "1"),
        ("PrivateIpAddresses.1.PrivateIpAddress", "10.0.0.20"),
    ];
    assert_eq!(code(&cloud, "CreateNetworkInterface", &both).await, "InvalidParameterCombination");
    assert_eq!(code(&cloud, "CreateNetworkInterface", &[("SubnetId", &home), ("Ipv6PrefixCount", "1")]).await, "NotImplemented");
}

#[tokio::test]
async fn secondary_addresses_come_move_and_go() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let home = subnet(&cloud, &id, "10.0.0.0/24").await;
    let (one, other) = (interface(&cloud, &home).await, interface(&cloud, &home).await);
    let two = [("NetworkInterfaceId", one.as_str()), ("SecondaryPrivateIpAddressCount", "2")];
    let chosen = ec2(&cloud, "AssignPrivateIpAddresses", &two).await;
    assert_eq!(chosen.all("item/privateIpAddress").len(), 2);
    let named = [("NetworkInterfaceId", one.as_str()), ("PrivateIpAddress.1", "10.0.0.200")];
    ec2(&cloud, "AssignPrivateIpAddresses", &named).await;
    let steal = [("NetworkInterfaceId", other.as_str()), ("PrivateIpAddress.1", "10.0.0.200"), ("AllowReassignment", "true")];
    let (code_, message) = fault(&cloud, "AssignPrivateIpAddresses", &steal[..2]).await;
    assert_eq!((&*code_, &*message), ("InvalidParameterValue", "[10.0.0.200] assigned, but move is not allowed."));
    ec2(&cloud, "AssignPrivateIpAddresses", &steal).await;
    let (code_, message) = fault(&cloud, "UnassignPrivateIpAddresses", &named).await;
    assert_eq!(message, format!("Some of [10.0.0.200] are not assigned to interface {one}"));
    assert_eq!(code_, "InvalidParameterValue");
    ec2(&cloud, "UnassignPrivateIpAddresses", &steal[..2]).await;
    let shown = ec2(&cloud, "DescribeNetworkInterfaces", &[("NetworkInterfaceId.1", &other)]).await;
    assert_eq!(shown.all("privateIpAddressesSet/item/privateIpAddress").len(), 1);
    let subnet = ec2(&cloud, "DescribeSubnets", &[("SubnetId.1", &home)]).await;
    assert_eq!(subnet.one("item/availableIpAddressCount"), "247");
}

#[tokio::test]
async fn attributes_change_one_at_a_time() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let home = subnet(&cloud, &id, "10.0.0.0/24").await;
    let one = interface(&cloud, &home).await;
    let modify = async |parameters: &[(&str, &str)]| {
        let all: Vec<_> = [("NetworkInterfaceId", one.as_str())].into_iter().chain(parameters.iter().copied()).collect();
        let answer = call(&cloud, "ec2", "ModifyNetworkInterfaceAttribute", &all).await;
        if answer.status == 200 { String::new() } else { answer.code().to_owned() }
    };
    let group = [("GroupName", "web"), ("GroupDescription", "d"), ("VpcId", id.as_str())];
    let group = ec2(&cloud, "CreateSecurityGroup", &group).await.one("groupId").to_owned();
    assert_eq!(modify(&[("SourceDestCheck.Value", "false")]).await, "");
    assert_eq!(modify(&[("Description.Value", "router")]).await, "");
    assert_eq!(modify(&[("SecurityGroupId.1", &group)]).await, "");
    assert_eq!(modify(&[("Description.Value", "x"), ("SourceDestCheck.Value", "true")]).await, "InvalidParameterCombination");
    assert_eq!(modify(&[]).await, "MissingParameter");
    let stranger = ec2(&cloud, "DescribeSecurityGroups", &[("GroupName.1", "default")]).await.one("item/groupId").to_owned();
    assert_eq!(modify(&[("SecurityGroupId.1", &stranger)]).await, "InvalidParameter");
    let nothing = [("Attachment.AttachmentId", "eni-attach-1"), ("Attachment.DeleteOnTermination", "true")];
    assert_eq!(modify(&nothing).await, "InvalidAttachmentID.NotFound");
    let shown = ec2(&cloud, "DescribeNetworkInterfaces", &[("NetworkInterfaceId.1", &one)]).await;
    assert_eq!((shown.one("item/description"), shown.one("item/sourceDestCheck")), ("router", "false"));
    assert_eq!(shown.all("groupSet/item/groupId"), [group.as_str()]);
    ec2(&cloud, "ResetNetworkInterfaceAttribute", &[("NetworkInterfaceId", &one), ("SourceDestCheck", "true")]).await;
    let check = [("NetworkInterfaceId", one.as_str()), ("Attribute", "sourceDestCheck")];
    assert_eq!(ec2(&cloud, "DescribeNetworkInterfaceAttribute", &check).await.one("sourceDestCheck/value"), "true");
    let message = code(&cloud, "DeleteSecurityGroup", &[("GroupId", &group)]).await;
    assert_eq!(message, "DependencyViolation");
}
