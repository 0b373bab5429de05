//! The VPC API, through the front.

mod acls;
mod addresses;
mod attachments;
#[path = "../common/mod.rs"]
mod common;
mod endpoints;
mod flow_logs;
mod interfaces;
mod ipv6;
mod nat_gateways;
mod past;
mod peering;
mod prefix_lists;
mod quotas;
mod routes;
mod subnets;
mod vpcs;
#[path = "../instances/world.rs"]
#[allow(dead_code)]
mod world;

use common::{Answer, call, ec2};
use front::testing::Bench;

/// The code that a call fails with.
async fn code(cloud: &Bench, operation: &str, parameters: &[(&str, &str)]) -> String {
    call(cloud, "ec2", operation, parameters).await.code().to_owned()
}

/// Code and message that a call fails with.
async fn fault(cloud: &Bench, operation: &str, parameters: &[(&str, &str)]) -> (String, String) {
    let answer = call(cloud, "ec2", operation, parameters).await;
    (answer.code().to_owned(), answer.message().to_owned())
}

/// A new VPC's id.
async fn vpc(cloud: &Bench, cidr: &str) -> String {
    ec2(cloud, "CreateVpc", &[("CidrBlock", cidr)]).await.one("vpc/vpcId").to_owned()
}

/// A new subnet's id.
async fn subnet(cloud: &Bench, vpc: &str, cidr: &str) -> String {
    let made = ec2(cloud, "CreateSubnet", &[("VpcId", vpc), ("CidrBlock", cidr)]).await;
    made.one("subnet/subnetId").to_owned()
}

/// A new internet gateway's id, attached to a VPC.
async fn gateway(cloud: &Bench, vpc: &str) -> String {
    let made = ec2(cloud, "CreateInternetGateway", &[]).await.one("internetGateway/internetGatewayId").to_owned();
    ec2(cloud, "AttachInternetGateway", &[("InternetGatewayId", &made), ("VpcId", vpc)]).await;
    made
}

/// A new interface's id.
async fn interface(cloud: &Bench, subnet: &str) -> String {
    let made = ec2(cloud, "CreateNetworkInterface", &[("SubnetId", subnet)]).await;
    made.one("networkInterface/networkInterfaceId").to_owned()
}

/// What of a kind there is in a VPC.
async fn of_vpc(cloud: &Bench, operation: &str, vpc: &str) -> Answer {
    ec2(cloud, operation, &[("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc)]).await
}
