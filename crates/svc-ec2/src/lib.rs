//! EC2: machines, what they are made of, and the networks that they are in.
//!
//! **Built:** the families of operations in rooms of their own (`vpc`, `instances`, `volumes`, `images`, `templates`), each of which says
//! what is built of it; beside them security groups and their rules, which hosts enforce; key pairs; placement groups; tags; the catalogue
//! of instance types and where they are offered. [`desired_networks`] is what hosts are told of networks.
//!
//! **Not built:** IPv6. Rules for IPv6 addresses are kept and shown; in a VPC without IPv6 they allow nothing, as at AWS.

mod access;
pub mod connect;
mod describe;
pub mod direct;
mod errors;
mod first_touch;
mod images;
mod instances;
mod keys;
mod metadata;
mod network;
mod ops;
mod permission;
mod quotas;
mod records;
mod resource;
mod tagged;
mod tags;
mod templates;
mod views;
mod volumes;
mod vpc;

pub use images::{ImageMaker, Images, MadeImage, QuickStart};
pub use instances::{Hosts, Instances, RootReplacements, schedule, schedule_for, taken};
pub use metadata::{Identities, METADATA_KINDS, Profiles, instance_metadata, leases};
pub use network::{KINDS as NETWORK_KINDS, desired_networks};
pub use volumes::{Volumes, desired_volumes};
pub use vpc::{EndpointTable, NAME_KINDS, Networks, endpoint_tables, pointers};

use access::TAG;
use api::ec2;
use first_touch::first_touch;
use front::{Access, Service};
use ops::{attributes, describe as show, groups, instance_types, key_pairs, placement, places, rule_changes, rules, tagging};
use resource::Resource;
use spine::Store;
use std::sync::Arc;

/// The service's table; `hosts` are what instances run on.
pub fn service(store: &Arc<Store>, hosts: &Arc<Hosts>) -> Service {
    let service = Service::new(&ec2::SERVICE)
        .first_touch(first_touch)
        .resources(tagged::facts_of)
        .op::<ec2::DescribeVpcs>(access::all(), show::vpcs)
        .op::<ec2::DescribeSubnets>(access::all(), show::subnets)
        .op::<ec2::DescribeNetworkInterfaces>(access::all(), show::network_interfaces)
        .op::<ec2::DescribeInternetGateways>(access::all(), show::internet_gateways)
        .op::<ec2::DescribeRouteTables>(access::all(), show::route_tables)
        .op::<ec2::DescribeRegions>(access::all(), places::regions)
        .op::<ec2::DescribeAvailabilityZones>(access::all(), places::availability_zones)
        .op::<ec2::DescribeInstanceTypes>(access::all(), instance_types::types)
        .op::<ec2::DescribeInstanceTypeOfferings>(access::all(), instance_types::offerings)
        .op::<ec2::DescribeAccountAttributes>(access::all(), attributes::account)
        .op::<ec2::DescribeVpcAttribute>(access::on(|cx, i| vec![access::one(cx, Resource::VPC, &i.vpc_id)]), attributes::vpc);
    let service = instances::rows(volumes::rows(templates::rows(images::rows(vpc::rows(service)))), hosts);
    tag_rows(placement_rows(key_rows(rule_rows(group_rows(service)), store)))
}

fn group_rows(service: Service) -> Service {
    service
        .op::<ec2::DescribeSecurityGroups>(access::all(), groups::describe)
        .op::<ec2::DescribeSecurityGroupRules>(access::all(), groups::describe_rules)
        .op::<ec2::CreateSecurityGroup>(
            access::found(|cx, snapshot, i: &ec2::CreateSecurityGroupRequest| {
                access::new_group(cx, snapshot, i.vpc_id.as_deref())
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::SECURITY_GROUP, i.tag_specifications.as_deref())),
            groups::create,
        )
        .op::<ec2::DeleteSecurityGroup>(
            access::found(|cx, snapshot, i| access::group(cx, snapshot, i.group_id.as_deref(), i.group_name.as_deref())),
            groups::delete,
        )
}

fn rule_rows(service: Service) -> Service {
    service
        .op::<ec2::AuthorizeSecurityGroupIngress>(
            access::found(|cx, snapshot, i: &ec2::AuthorizeSecurityGroupIngressRequest| {
                access::group(cx, snapshot, i.group_id.as_deref(), i.group_name.as_deref())
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::SECURITY_GROUP_RULE, i.tag_specifications.as_deref())),
            rules::authorize_ingress,
        )
        .op::<ec2::AuthorizeSecurityGroupEgress>(
            access::on(|cx, i: &ec2::AuthorizeSecurityGroupEgressRequest| {
                vec![access::one(cx, Resource::SECURITY_GROUP, &i.group_id)]
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::SECURITY_GROUP_RULE, i.tag_specifications.as_deref())),
            rules::authorize_egress,
        )
        .op::<ec2::RevokeSecurityGroupIngress>(
            access::found(|cx, snapshot, i| access::group(cx, snapshot, i.group_id.as_deref(), i.group_name.as_deref())),
            rules::revoke_ingress,
        )
        .op::<ec2::RevokeSecurityGroupEgress>(
            access::on(|cx, i| vec![access::one(cx, Resource::SECURITY_GROUP, &i.group_id)]),
            rules::revoke_egress,
        )
        .op::<ec2::ModifySecurityGroupRules>(
            access::on(|cx, i| {
                let rules = i.security_group_rules.iter().map(|rule| &rule.security_group_rule_id);
                let rules = rules.map(|id| access::one(cx, Resource::SECURITY_GROUP_RULE, id));
                std::iter::once(access::one(cx, Resource::SECURITY_GROUP, &i.group_id)).chain(rules).collect()
            }),
            rule_changes::modify,
        )
        .op::<ec2::UpdateSecurityGroupRuleDescriptionsIngress>(
            access::found(|cx, snapshot, i| access::group(cx, snapshot, i.group_id.as_deref(), i.group_name.as_deref())),
            rule_changes::describe_ingress,
        )
        .op::<ec2::UpdateSecurityGroupRuleDescriptionsEgress>(
            access::found(|cx, snapshot, i| access::group(cx, snapshot, i.group_id.as_deref(), i.group_name.as_deref())),
            rule_changes::describe_egress,
        )
}

fn key_rows(service: Service, store: &Arc<Store>) -> Service {
    service
        .op_async::<ec2::CreateKeyPair, _, _>(
            Access::on(|cx, i: &ec2::CreateKeyPairRequest| vec![access::one(cx, Resource::KEY_PAIR, &i.key_name)])
                .keys(|cx, i| {
                    let kind = i.key_type.unwrap_or(ec2::KeyType::Rsa);
                    let context = access::in_region(cx).with("ec2:KeyPairName", &i.key_name);
                    context.with("ec2:KeyPairType", kind.as_str())
                })
                .tagging(TAG, |cx, i| {
                    access::tagging_named(cx, Resource::KEY_PAIR, &i.key_name, i.tag_specifications.as_deref())
                }),
            store,
            key_pairs::create,
        )
        .op::<ec2::ImportKeyPair>(
            Access::on(|cx, i: &ec2::ImportKeyPairRequest| vec![access::one(cx, Resource::KEY_PAIR, &i.key_name)])
                .keys(|cx, i| access::in_region(cx).with("ec2:KeyPairName", &i.key_name))
                .tagging(TAG, |cx, i| {
                    access::tagging_named(cx, Resource::KEY_PAIR, &i.key_name, i.tag_specifications.as_deref())
                }),
            key_pairs::import,
        )
        .op::<ec2::DescribeKeyPairs>(access::all(), key_pairs::describe)
        .op::<ec2::DeleteKeyPair>(
            access::found(|cx, snapshot, i| {
                Ok(vec![access::key_pair(cx, snapshot, i.key_pair_id.as_deref(), i.key_name.as_deref())?])
            }),
            key_pairs::delete,
        )
}

fn placement_rows(service: Service) -> Service {
    service
        .op::<ec2::CreatePlacementGroup>(
            Access::on(|cx, i: &ec2::CreatePlacementGroupRequest| {
                vec![access::one(cx, Resource::PLACEMENT_GROUP, i.group_name.as_deref().unwrap_or("*"))]
            })
            .keys(|cx, i| {
                let context = access::in_region(cx).with("ec2:PlacementGroupName", i.group_name.as_deref().unwrap_or_default());
                context.with("ec2:PlacementGroupStrategy", i.strategy.map_or("", |strategy| strategy.as_str()))
            })
            .tagging(TAG, |cx, i| {
                let name = i.group_name.as_deref().unwrap_or("*");
                access::tagging_named(cx, Resource::PLACEMENT_GROUP, name, i.tag_specifications.as_deref())
            }),
            placement::create,
        )
        .op::<ec2::DescribePlacementGroups>(access::all(), placement::describe)
        .op::<ec2::DeletePlacementGroup>(
            access::on(|cx, i| vec![access::one(cx, Resource::PLACEMENT_GROUP, &i.group_name)]),
            placement::delete,
        )
}

fn tag_rows(service: Service) -> Service {
    service
        .op::<ec2::CreateTags>(
            Access::found(|cx, snapshot, i: &ec2::CreateTagsRequest| access::many(cx, snapshot, &i.resources))
                .keys(|cx, i| access::request_tags(cx, &i.tags)),
            tagging::create,
        )
        .op::<ec2::DeleteTags>(
            Access::found(|cx, snapshot, i: &ec2::DeleteTagsRequest| access::many(cx, snapshot, &i.resources))
                .keys(|cx, i| access::request_tags(cx, i.tags.as_deref().unwrap_or_default())),
            tagging::delete,
        )
        .op::<ec2::DescribeTags>(access::all(), tagging::describe)
}
