//! NAT gateways.

use super::{
    code,
    common::{cloud, ec2},
    gateway, subnet, vpc,
};
use front::testing::Bench;
use spine::reconcile::{ReconcileCx, Reconciler, Wake};
use std::time::Duration;

async fn settle(cloud: &Bench) -> Wake {
    svc_ec2::Networks.reconcile(&ReconcileCx::new(cloud.store.clone(), cloud.env.clone())).await.unwrap()
}

async fn state(cloud: &Bench) -> Vec<String> {
    ec2(cloud, "DescribeNatGateways", &[]).await.all("item/state").into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_public_gateway_holds_its_address_and_its_interface_until_it_is_deleted() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let home = subnet(&cloud, &id, "10.0.0.0/24").await;
    let allocation = ec2(&cloud, "AllocateAddress", &[]).await.one("allocationId").to_owned();
    let asked = [("SubnetId", home.as_str()), ("AllocationId", allocation.as_str()), ("ClientToken", "once")];
    assert_eq!(code(&cloud, "CreateNatGateway", &asked).await, "Gateway.NotAttached");
    assert_eq!(code(&cloud, "CreateNatGateway", &asked[..1]).await, "MissingParameter");
    gateway(&cloud, &id).await;
    let made = ec2(&cloud, "CreateNatGateway", &asked).await;
    let nat = made.one("natGateway/natGatewayId").to_owned();
    assert_eq!(made.one("natGateway/state"), "pending");
    assert_eq!(ec2(&cloud, "CreateNatGateway", &asked).await.one("natGateway/natGatewayId"), nat);
    assert_eq!(code(&cloud, "CreateNatGateway", &asked[..2]).await, "Resource.AlreadyAssociated");
    settle(&cloud).await;
    assert_eq!(state(&cloud).await, ["available"]);

    let interface = made.one("natGatewayAddressSet/item/networkInterfaceId").to_owned();
    let shown = ec2(&cloud, "DescribeNetworkInterfaces", &[("NetworkInterfaceId.1", &interface)]).await;
    assert_eq!((shown.one("item/interfaceType"), shown.one("item/requesterManaged")), ("natGateway", "true"));
    assert_eq!(
        code(&cloud, "DeleteNetworkInterface", &[("NetworkInterfaceId", &interface)]).await,
        "InvalidNetworkInterface.InUse"
    );
    let association = made.one("natGatewayAddressSet/item/associationId").to_owned();
    assert_eq!(code(&cloud, "DisassociateAddress", &[("AssociationId", &association)]).await, "AuthFailure");
    assert_eq!(code(&cloud, "ReleaseAddress", &[("AllocationId", &allocation)]).await, "InvalidIPAddress.InUse");

    let table = ec2(&cloud, "CreateRouteTable", &[("VpcId", &id)]).await.one("routeTable/routeTableId").to_owned();
    let route = [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "0.0.0.0/0"), ("NatGatewayId", nat.as_str())];
    ec2(&cloud, "CreateRoute", &route).await;
    ec2(&cloud, "DeleteNatGateway", &[("NatGatewayId", &nat)]).await;
    assert_eq!(state(&cloud).await, ["deleted"]);
    let routes = ec2(&cloud, "DescribeRouteTables", &[("RouteTableId.1", &table)]).await;
    assert_eq!(routes.all("routeSet/item/state"), ["active", "blackhole"]);
    ec2(&cloud, "ReleaseAddress", &[("AllocationId", &allocation)]).await;
    ec2(&cloud, "DeleteSubnet", &[("SubnetId", &home)]).await;

    assert!(matches!(settle(&cloud).await, Wake::At(_)));
    cloud.advance(Duration::from_secs(60 * 60));
    settle(&cloud).await;
    assert!(state(&cloud).await.is_empty());
}

#[tokio::test]
async fn a_private_gateway_has_no_elastic_address() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let home = subnet(&cloud, &id, "10.0.0.0/24").await;
    let asked = [("SubnetId", home.as_str()), ("ConnectivityType", "private"), ("PrivateIpAddress", "10.0.0.7")];
    let made = ec2(&cloud, "CreateNatGateway", &asked).await;
    assert_eq!(made.one("natGatewayAddressSet/item/privateIp"), "10.0.0.7");
    assert!(made.all("natGatewayAddressSet/item/publicIp").is_empty());
    let both = [("SubnetId", home.as_str()), ("ConnectivityType", "private"), ("AllocationId", "eipalloc-0123abcd")];
    assert_eq!(code(&cloud, "CreateNatGateway", &both).await, "InvalidParameterCombination");
    assert_eq!(code(&cloud, "DeleteNatGateway", &[("NatGatewayId", "nat-0123456789abcdef0")]).await, "NatGatewayNotFound");
}
