//! Security groups across VPCs: those that can be used in one, which others name them, and rules that have lost what they name.

use crate::{
    access,
    describe::{Described, Field, Query, Text, select},
    errors::dry_run,
    records::{all, find, place},
    resource::Resource,
    tags, views,
};
use api::ec2::{
    self, DescribeSecurityGroupReferencesRequest, DescribeSecurityGroupReferencesResult, DescribeStaleSecurityGroupsRequest,
    DescribeStaleSecurityGroupsResult, GetSecurityGroupsForVpcRequest, GetSecurityGroupsForVpcResult, SecurityGroupForVpc,
    SecurityGroupReference, StaleIpPermission, StaleSecurityGroup, Tag,
};
use front::{Cx, Service};
use model::ec2::{Peer, PeeringStatus, SecurityGroup, SecurityGroupRule, SecurityGroupSpec, Vpc, VpcPeering, VpcPeeringSpec};
use spine::Tx;
use std::{collections::BTreeMap, sync::Arc};
use wire::Fault;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::GetSecurityGroupsForVpc>(
            access::on(|cx, i: &GetSecurityGroupsForVpcRequest| vec![access::one(cx, Resource::VPC, &i.vpc_id)]),
            of_vpc,
        )
        .op::<ec2::DescribeSecurityGroupReferences>(access::all(), references)
        .op::<ec2::DescribeStaleSecurityGroups>(access::all(), stale)
}

/// `GetSecurityGroupsForVpc`.
fn of_vpc(cx: &Cx, tx: &mut Tx, input: &GetSecurityGroupsForVpcRequest) -> Result<GetSecurityGroupsForVpcResult, Fault> {
    dry_run(input.dry_run)?;
    find::<Vpc>(cx, tx, &input.vpc_id)?;
    let groups = all::<SecurityGroup>(cx, tx)?;
    let own = groups.iter().filter(|(_, it)| it.vpc == input.vpc_id);
    let view = |(id, it): &(String, Arc<SecurityGroupSpec>)| SecurityGroupForVpc {
        description: Some(it.description.clone()),
        group_name: Some(it.name.clone()),
        owner_id: place(cx).owner(),
        group_id: Some(id.clone()),
        tags: Some(tags::view(&it.tags)),
        primary_vpc_id: Some(it.vpc.clone()),
    };
    let query = Query {
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
        ..Query::default()
    };
    let (found, next_token) = select(own.map(view).collect(), query)?;
    Ok(GetSecurityGroupsForVpcResult { next_token, security_group_for_vpcs: Some(found) })
}

impl Described for SecurityGroupForVpc {
    const RESOURCE: Resource = Resource::SECURITY_GROUP;
    const IDS: &'static str = "GroupIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("description", |it| it.description.texts()),
        ("group-id", |it| it.group_id.texts()),
        ("group-name", |it| it.group_name.texts()),
        ("owner-id", |it| it.owner_id.texts()),
        ("primary-vpc-id", |it| it.primary_vpc_id.texts()),
    ];

    fn id(&self) -> &str {
        self.group_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}

/// `DescribeSecurityGroupReferences`: which peered VPCs name the groups.
fn references(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeSecurityGroupReferencesRequest,
) -> Result<DescribeSecurityGroupReferencesResult, Fault> {
    dry_run(input.dry_run)?;
    let (groups, peerings) = (all::<SecurityGroup>(cx, tx)?, all::<VpcPeering>(cx, tx)?);
    let mut found = Vec::new();
    for id in &input.group_id {
        let own = find::<SecurityGroup>(cx, tx, id)?;
        for (pcx, peering) in &peerings {
            let Some(other) = other_side(peering, &own.vpc).filter(|_| peering.status == PeeringStatus::Active) else { continue };
            let named = |it: &SecurityGroupSpec| it.rules.iter().any(|rule| names(rule) == Some(id));
            if groups.iter().any(|(_, it)| it.vpc == other && named(it)) {
                found.push(SecurityGroupReference {
                    group_id: Some(id.clone()),
                    referencing_vpc_id: Some(other.into()),
                    vpc_peering_connection_id: Some(pcx.clone()),
                    transit_gateway_id: None,
                });
            }
        }
    }
    Ok(DescribeSecurityGroupReferencesResult { security_group_reference_set: Some(found) })
}

/// The VPC beyond a connection.
fn other_side<'a>(peering: &'a VpcPeeringSpec, vpc: &str) -> Option<&'a str> {
    match (&peering.requester.vpc, &peering.accepter.vpc) {
        (one, other) | (other, one) if one == vpc => Some(other),
        _ => None,
    }
}

fn names(rule: &SecurityGroupRule) -> Option<&String> {
    match &rule.permission.peer {
        Peer::Group(id) => Some(id),
        Peer::Ipv4(_) | Peer::Ipv6(_) | Peer::PrefixList(_) => None,
    }
}

/// `DescribeStaleSecurityGroups`: of a VPC, those with rules that name a group which is gone, or whose VPC is peered no more.
fn stale(cx: &Cx, tx: &mut Tx, input: &DescribeStaleSecurityGroupsRequest) -> Result<DescribeStaleSecurityGroupsResult, Fault> {
    dry_run(input.dry_run)?;
    find::<Vpc>(cx, tx, &input.vpc_id)?;
    let groups: BTreeMap<_, _> = all::<SecurityGroup>(cx, tx)?.into_iter().collect();
    let mut found = Vec::new();
    for (id, group) in groups.iter().filter(|(_, it)| it.vpc == input.vpc_id) {
        let mut lost = Vec::new();
        for rule in &group.rules {
            let Some(named) = names(rule) else { continue };
            let reached = match groups.get(named) {
                Some(other) => other.vpc == group.vpc || super::are_peered(cx, tx, &other.vpc, &group.vpc)?,
                None => false,
            };
            if !reached {
                lost.push(rule);
            }
        }
        if !lost.is_empty() {
            found.push(shown(cx, id, group, &lost));
        }
    }
    let position = |it: &StaleSecurityGroup| it.group_id.clone().unwrap_or_default();
    let (found, next_token) = crate::describe::page(found, position, input.max_results, input.next_token.as_deref())?;
    Ok(DescribeStaleSecurityGroupsResult { next_token, stale_security_group_set: Some(found) })
}

fn shown(cx: &Cx, id: &str, group: &SecurityGroupSpec, lost: &[&SecurityGroupRule]) -> StaleSecurityGroup {
    let side = |egress| {
        let rules = lost.iter().filter(move |rule| rule.egress == egress);
        rules.map(|rule| permission(cx, rule)).collect()
    };
    StaleSecurityGroup {
        description: Some(group.description.clone()),
        group_id: Some(id.into()),
        group_name: Some(group.name.clone()),
        stale_ip_permissions: Some(side(false)),
        stale_ip_permissions_egress: Some(side(true)),
        vpc_id: Some(group.vpc.clone()),
    }
}

fn permission(cx: &Cx, rule: &SecurityGroupRule) -> StaleIpPermission {
    let shown = views::permission(place(cx), &rule.permission, rule.description.clone());
    StaleIpPermission {
        from_port: shown.from_port,
        ip_protocol: shown.ip_protocol,
        ip_ranges: Some(Vec::new()),
        prefix_list_ids: Some(Vec::new()),
        to_port: shown.to_port,
        user_id_group_pairs: shown.user_id_group_pairs,
    }
}
