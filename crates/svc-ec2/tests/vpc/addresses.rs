//! Elastic IP addresses.

use super::{
    code,
    common::{call, cloud, ec2},
    fault, gateway, interface, subnet, vpc,
};
use front::testing::Bench;

async fn allocate(cloud: &Bench) -> (String, String) {
    let made = ec2(cloud, "AllocateAddress", &[("Domain", "vpc")]).await;
    (made.one("allocationId").to_owned(), made.one("publicIp").to_owned())
}

#[tokio::test]
async fn an_account_has_five_in_a_region() {
    let cloud = cloud();
    let mut addresses = Vec::new();
    for _ in 0..5 {
        addresses.push(allocate(&cloud).await.1);
    }
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 5);
    assert!(addresses.iter().all(|it| it.starts_with("198.19.")));
    assert_eq!(code(&cloud, "AllocateAddress", &[]).await, "AddressLimitExceeded");
    allocate(&cloud.region("eu-west-1")).await;
    let listed = ec2(&cloud, "DescribeAddresses", &[("PublicIp.1", &addresses[0])]).await;
    assert_eq!(listed.all("item/publicIp"), [addresses[0].as_str()]);
    assert_eq!(code(&cloud, "DescribeAddresses", &[("PublicIp.1", "198.19.255.1")]).await, "InvalidAddress.NotFound");
    assert_eq!(
        code(&cloud, "DescribeAddresses", &[("AllocationId.1", "eipalloc-0123abcd")]).await,
        "InvalidAllocationID.NotFound"
    );
}

#[tokio::test]
async fn an_address_leads_to_an_interface_until_it_is_taken_away() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let home = subnet(&cloud, &id, "10.0.0.0/24").await;
    let (one, other) = (interface(&cloud, &home).await, interface(&cloud, &home).await);
    let (allocation, address) = allocate(&cloud).await;
    let plain = [("AllocationId", allocation.as_str()), ("NetworkInterfaceId", one.as_str())];
    let message = format!("Network {id} is not attached to any internet gateway");
    assert_eq!(fault(&cloud, "AssociateAddress", &plain).await, ("Gateway.NotAttached".to_owned(), message));
    let way = gateway(&cloud, &id).await;
    let association = ec2(&cloud, "AssociateAddress", &plain).await.one("associationId").to_owned();
    assert_eq!(ec2(&cloud, "AssociateAddress", &plain).await.one("associationId"), association);
    let shown = ec2(&cloud, "DescribeNetworkInterfaces", &[("NetworkInterfaceId.1", &one)]).await;
    assert_eq!(shown.one("item/association/publicIp"), address);
    assert_eq!(shown.one("item/association/allocationId"), allocation);
    let mapped = [("InternetGatewayId", way.as_str()), ("VpcId", id.as_str())];
    assert_eq!(code(&cloud, "DetachInternetGateway", &mapped).await, "DependencyViolation");
    assert_eq!(code(&cloud, "ReleaseAddress", &[("AllocationId", &allocation)]).await, "InvalidIPAddress.InUse");

    let elsewhere =
        [("AllocationId", allocation.as_str()), ("NetworkInterfaceId", other.as_str()), ("AllowReassociation", "false")];
    let message = format!("resource {allocation} is already associated with associate-id {association}");
    assert_eq!(fault(&cloud, "AssociateAddress", &elsewhere).await, ("Resource.AlreadyAssociated".to_owned(), message));
    let moved = ec2(&cloud, "AssociateAddress", &elsewhere[..2]).await.one("associationId").to_owned();
    assert_ne!(moved, association);
    let shown = ec2(&cloud, "DescribeNetworkInterfaces", &[("NetworkInterfaceId.1", &one)]).await;
    assert!(shown.all("item/association/publicIp").is_empty());

    ec2(&cloud, "DisassociateAddress", &[("AssociationId", &moved)]).await;
    assert_eq!(code(&cloud, "DisassociateAddress", &[("AssociationId", &moved)]).await, "InvalidAssociationID.NotFound");
    ec2(&cloud, "ReleaseAddress", &[("AllocationId", &allocation)]).await;
    assert_eq!(code(&cloud, "ReleaseAddress", &[("AllocationId", &allocation)]).await, "InvalidAllocationID.NotFound");
    let back = ec2(&cloud, "AllocateAddress", &[("Address", &address)]).await;
    assert_eq!(back.one("publicIp"), address);
    assert_eq!(code(&cloud, "AllocateAddress", &[("Address", &address)]).await, "InvalidAddress.NotFound");
}

#[tokio::test]
async fn an_address_of_an_interface_that_goes_leads_nowhere() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    gateway(&cloud, &id).await;
    let home = subnet(&cloud, &id, "10.0.0.0/24").await;
    let one = interface(&cloud, &home).await;
    let (allocation, _) = allocate(&cloud).await;
    ec2(&cloud, "AssociateAddress", &[("AllocationId", &allocation), ("NetworkInterfaceId", &one)]).await;
    ec2(&cloud, "DeleteNetworkInterface", &[("NetworkInterfaceId", &one)]).await;
    assert!(ec2(&cloud, "DescribeAddresses", &[]).await.all("item/associationId").is_empty());
    ec2(&cloud, "ReleaseAddress", &[("AllocationId", &allocation)]).await;
}

#[tokio::test]
async fn an_address_gets_a_name_and_loses_it() {
    let cloud = cloud();
    let id = ec2(&cloud, "AllocateAddress", &[]).await.one("allocationId").to_owned();
    let named =
        async |name: &str| call(&cloud, "ec2", "ModifyAddressAttribute", &[("AllocationId", &id), ("DomainName", name)]).await;
    for bad in ["", "localhost", "a..b", "a b.example.com"] {
        assert_eq!(named(bad).await.code(), "InvalidParameterValue", "{bad}");
    }
    let made = named("mail.example.com").await;
    assert_eq!((made.one("ptrRecordUpdate/value"), made.one("ptrRecordUpdate/status")), ("mail.example.com.", "PENDING"));
    let shown = async || ec2(&cloud, "DescribeAddressesAttribute", &[("Attribute", "domain-name")]).await;
    assert_eq!(shown().await.all("ptrRecord"), ["mail.example.com."]);
    ec2(&cloud, "ResetAddressAttribute", &[("AllocationId", &id), ("Attribute", "domain-name")]).await;
    assert!(shown().await.all("ptrRecord").is_empty());
    let absent = [("AllocationId", "eipalloc-00000000000000000"), ("DomainName", "mail.example.com")];
    assert_eq!(call(&cloud, "ec2", "ModifyAddressAttribute", &absent).await.code(), "InvalidAllocationID.NotFound");
}
