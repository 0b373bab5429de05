//! EC2: the network's part of it.
//!
//! **Built:** the default VPC of each account and region with its subnets, routes and gateway; security groups and their rules, which
//! hosts enforce; network interfaces, which services make and hosts build; tags. [`desired_networks`] is what hosts are told.
//!
//! **Not built:** other VPCs and subnets, Elastic IPs, interfaces made by users, network ACLs, prefix lists, IPv6, instances. Rules for
//! IPv6 addresses are kept and shown; in a VPC without IPv6 they allow nothing, as at AWS.

mod describe;
pub(crate) mod errors;
mod first_touch;
mod network;
mod ops;
mod permission;
pub(crate) mod records;
pub(crate) mod resource;
mod tags;
mod views;

pub use network::{KINDS as NETWORK_KINDS, desired_networks};

use api::ec2;
use first_touch::first_touch;
use front::{Access, Cx, Service};
use model::Arn;
use ops::{attributes, describe as show, groups, places, rule_changes, rules, tagging};
use resource::Resource;

/// The service's table.
pub fn service() -> Service {
    Service::new(&ec2::SERVICE)
        .first_touch(first_touch)
        .op::<ec2::DescribeVpcs>(Access::all(), show::vpcs)
        .op::<ec2::DescribeSubnets>(Access::all(), show::subnets)
        .op::<ec2::DescribeNetworkInterfaces>(Access::all(), show::network_interfaces)
        .op::<ec2::DescribeInternetGateways>(Access::all(), show::internet_gateways)
        .op::<ec2::DescribeRouteTables>(Access::all(), show::route_tables)
        .op::<ec2::DescribeRegions>(Access::all(), places::regions)
        .op::<ec2::DescribeAvailabilityZones>(Access::all(), places::availability_zones)
        .op::<ec2::DescribeAccountAttributes>(Access::all(), attributes::account)
        .op::<ec2::DescribeVpcAttribute>(Access::on(|cx, input| one(cx, Some(&input.vpc_id))), attributes::vpc)
        .op::<ec2::DescribeSecurityGroups>(Access::all(), groups::describe)
        .op::<ec2::DescribeSecurityGroupRules>(Access::all(), groups::describe_rules)
        .op::<ec2::CreateSecurityGroup>(Access::on(|cx, input| created(cx, input.vpc_id.as_deref())), groups::create)
        .op::<ec2::DeleteSecurityGroup>(Access::on(|cx, input| one(cx, input.group_id.as_deref())), groups::delete)
        .op::<ec2::AuthorizeSecurityGroupIngress>(
            Access::on(|cx, input| one(cx, input.group_id.as_deref())),
            rules::authorize_ingress,
        )
        .op::<ec2::AuthorizeSecurityGroupEgress>(Access::on(|cx, input| one(cx, Some(&input.group_id))), rules::authorize_egress)
        .op::<ec2::RevokeSecurityGroupIngress>(Access::on(|cx, input| one(cx, input.group_id.as_deref())), rules::revoke_ingress)
        .op::<ec2::RevokeSecurityGroupEgress>(Access::on(|cx, input| one(cx, Some(&input.group_id))), rules::revoke_egress)
        .op::<ec2::ModifySecurityGroupRules>(Access::on(|cx, input| one(cx, Some(&input.group_id))), rule_changes::modify)
        .op::<ec2::UpdateSecurityGroupRuleDescriptionsIngress>(
            Access::on(|cx, input| one(cx, input.group_id.as_deref())),
            rule_changes::describe_ingress,
        )
        .op::<ec2::UpdateSecurityGroupRuleDescriptionsEgress>(
            Access::on(|cx, input| one(cx, input.group_id.as_deref())),
            rule_changes::describe_egress,
        )
        .op::<ec2::CreateTags>(Access::on(|cx, input| many(cx, &input.resources)), tagging::create)
        .op::<ec2::DeleteTags>(Access::on(|cx, input| many(cx, &input.resources)), tagging::delete)
        .op::<ec2::DescribeTags>(Access::all(), tagging::describe)
}

/// The ARN of the resource with that id. One that is named otherwise is any security group.
fn one(cx: &Cx, id: Option<&str>) -> Vec<Arn> {
    match id {
        Some(id) => many(cx, &[id.to_owned()]),
        None => vec![records::place(cx).arn(Resource::SECURITY_GROUP, "*")],
    }
}

fn many(cx: &Cx, ids: &[String]) -> Vec<Arn> {
    let arn = |id: &String| records::place(cx).arn(Resource::of_id(id).unwrap_or(Resource::SECURITY_GROUP), id);
    ids.iter().map(arn).collect()
}

/// A security group that is made touches a group that has no id yet, and its VPC.
fn created(cx: &Cx, vpc: Option<&str>) -> Vec<Arn> {
    let place = records::place(cx);
    vec![place.arn(Resource::SECURITY_GROUP, "*"), place.arn(Resource::VPC, vpc.unwrap_or("*"))]
}
