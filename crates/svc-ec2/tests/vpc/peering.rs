//! Peering connections.

use super::{
    code,
    common::{cloud, ec2},
    vpc,
};
use front::testing::Bench;

async fn status(cloud: &Bench, id: &str) -> String {
    let shown = ec2(cloud, "DescribeVpcPeeringConnections", &[("VpcPeeringConnectionId.1", id)]).await;
    shown.one("status/code").to_owned()
}

#[tokio::test]
async fn a_connection_between_accounts_and_regions_is_accepted_by_the_other_side() {
    let cloud = cloud();
    let stranger = cloud.account("999999999999").region("eu-west-1");
    let (own, other) = (vpc(&cloud, "10.0.0.0/16").await, vpc(&stranger, "10.1.0.0/16").await);
    let asked =
        [("VpcId", own.as_str()), ("PeerVpcId", other.as_str()), ("PeerOwnerId", "999999999999"), ("PeerRegion", "eu-west-1")];
    let made = ec2(&cloud, "CreateVpcPeeringConnection", &asked).await;
    let id = made.one("vpcPeeringConnection/vpcPeeringConnectionId").to_owned();
    assert_eq!(code(&cloud, "CreateVpcPeeringConnection", &asked).await, "VpcPeeringConnectionAlreadyExists");
    let answer = [("VpcPeeringConnectionId", id.as_str())];
    assert_eq!(code(&cloud, "AcceptVpcPeeringConnection", &answer).await, "OperationNotPermitted");
    assert_eq!(status(&stranger, &id).await, "pending-acceptance");
    ec2(&stranger, "AcceptVpcPeeringConnection", &answer).await;
    assert_eq!((status(&cloud, &id).await, status(&stranger, &id).await), ("active".into(), "active".into()));
    assert_eq!(code(&stranger, "AcceptVpcPeeringConnection", &answer).await, "InvalidStateTransition");

    let table = ec2(&stranger, "CreateRouteTable", &[("VpcId", &other)]).await.one("routeTable/routeTableId").to_owned();
    let route =
        [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "10.0.0.0/16"), ("VpcPeeringConnectionId", id.as_str())];
    ec2(&stranger, "CreateRoute", &route).await;
    assert_eq!(code(&cloud, "DeleteVpc", &[("VpcId", &own)]).await, "DependencyViolation");
    ec2(&cloud, "DeleteVpcPeeringConnection", &answer).await;
    assert_eq!(status(&stranger, &id).await, "deleted");
    let routes = ec2(&stranger, "DescribeRouteTables", &[("RouteTableId.1", &table)]).await;
    assert_eq!(routes.all("routeSet/item/state"), ["active", "blackhole"]);
    ec2(&cloud, "DeleteVpc", &[("VpcId", &own)]).await;
}

#[tokio::test]
async fn what_cannot_be_peered_has_failed_and_what_is_refused_is_rejected() {
    let cloud = cloud();
    let (own, same, other) =
        (vpc(&cloud, "10.0.0.0/16").await, vpc(&cloud, "10.0.0.0/20").await, vpc(&cloud, "10.1.0.0/16").await);
    let ask = async |peer: &str| {
        let made = ec2(&cloud, "CreateVpcPeeringConnection", &[("VpcId", &own), ("PeerVpcId", peer)]).await;
        made.one("vpcPeeringConnection/vpcPeeringConnectionId").to_owned()
    };
    let overlapping = ask(&same).await;
    assert_eq!(status(&cloud, &overlapping).await, "failed");
    let nowhere = [("VpcId", own.as_str()), ("PeerVpcId", "vpc-0123456789abcdef0")];
    assert_eq!(code(&cloud, "CreateVpcPeeringConnection", &nowhere).await, "InvalidVpcID.NotFound");
    let refused = ask(&other).await;
    ec2(&cloud, "RejectVpcPeeringConnection", &[("VpcPeeringConnectionId", &refused)]).await;
    assert_eq!(status(&cloud, &refused).await, "rejected");
    let lapsed = ask(&other).await;
    cloud.advance(std::time::Duration::from_secs(7 * 24 * 60 * 60));
    assert_eq!(status(&cloud, &lapsed).await, "expired");
    let late = [("VpcPeeringConnectionId", lapsed.as_str())];
    assert_eq!(code(&cloud, "AcceptVpcPeeringConnection", &late).await, "InvalidStateTransition");
    let names = [
        ("VpcPeeringConnectionId", lapsed.as_str()),
        ("RequesterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc", "true"),
    ];
    assert_eq!(code(&cloud, "ModifyVpcPeeringConnectionOptions", &names).await, "NotImplemented");
}

#[tokio::test]
async fn a_rule_about_a_group_of_a_peered_vpc_becomes_stale() {
    let cloud = cloud();
    let (own, other) = (vpc(&cloud, "10.0.0.0/16").await, vpc(&cloud, "10.1.0.0/16").await);
    let group = async |vpc: &str| {
        let made = [("GroupName", "web"), ("GroupDescription", "d"), ("VpcId", vpc)];
        ec2(&cloud, "CreateSecurityGroup", &made).await.one("groupId").to_owned()
    };
    let (here, there) = (group(&own).await, group(&other).await);
    let rule =
        [("GroupId", here.as_str()), ("IpPermissions.1.IpProtocol", "-1"), ("IpPermissions.1.Groups.1.GroupId", there.as_str())];
    assert_eq!(code(&cloud, "AuthorizeSecurityGroupIngress", &rule).await, "InvalidGroup.NotFound");
    let made = ec2(&cloud, "CreateVpcPeeringConnection", &[("VpcId", &own), ("PeerVpcId", &other)]).await;
    let peering = made.one("vpcPeeringConnection/vpcPeeringConnectionId").to_owned();
    ec2(&cloud, "AcceptVpcPeeringConnection", &[("VpcPeeringConnectionId", &peering)]).await;
    ec2(&cloud, "AuthorizeSecurityGroupIngress", &rule).await;
    let references = ec2(&cloud, "DescribeSecurityGroupReferences", &[("GroupId.1", &there)]).await;
    assert_eq!(references.all("item/referencingVpcId"), [own.as_str()]);
    let stale = async || {
        let stale = ec2(&cloud, "DescribeStaleSecurityGroups", &[("VpcId", &own)]).await;
        stale.all("staleSecurityGroupSet/item/groupId").len()
    };
    assert_eq!(stale().await, 0);
    ec2(&cloud, "DeleteSecurityGroup", &[("GroupId", &there)]).await;
    assert_eq!(stale().await, 1);
}
