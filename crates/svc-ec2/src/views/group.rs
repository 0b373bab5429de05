//! Security groups and their rules as the API shows them.

use super::Place;
use crate::{
    describe::{Described, Field, Text, nothing},
    resource::Resource,
    tags,
};
use api::ec2::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, ReferencedSecurityGroup, RevokedSecurityGroupRule, SecurityGroup,
    SecurityGroupRule as RuleView, Tag, UserIdGroupPair,
};
use model::ec2::{Peer, Permission, SecurityGroupRule, SecurityGroupSpec};

/// A security group.
pub fn group(place: Place<'_>, id: &str, spec: &SecurityGroupSpec) -> SecurityGroup {
    SecurityGroup {
        group_id: Some(id.into()),
        ip_permissions_egress: Some(permissions(place, spec, true)),
        tags: tags::view_if_any(&spec.tags),
        vpc_id: Some(spec.vpc.clone()),
        security_group_arn: Some(place.arn(Resource::SECURITY_GROUP, id).to_string()),
        owner_id: place.owner(),
        group_name: Some(spec.name.clone()),
        description: Some(spec.description.clone()),
        ip_permissions: Some(permissions(place, spec, false)),
    }
}

/// The rules of one direction, those of the same protocol and ports together.
fn permissions(place: Place<'_>, spec: &SecurityGroupSpec, egress: bool) -> Vec<IpPermission> {
    let mut all: Vec<IpPermission> = Vec::new();
    for rule in spec.rules.iter().filter(|rule| rule.egress == egress) {
        let alike = all.iter_mut().find(|it| {
            it.ip_protocol.as_ref() == Some(&rule.permission.protocol)
                && (it.from_port, it.to_port) == (rule.permission.from_port, rule.permission.to_port)
        });
        match alike {
            Some(permission) => add_peer(place, permission, &rule.permission.peer, rule.description.clone()),
            None => all.push(permission(place, &rule.permission, rule.description.clone())),
        }
    }
    all
}

/// A permission with one peer.
pub fn permission(place: Place<'_>, permission: &Permission, description: Option<String>) -> IpPermission {
    let mut view = IpPermission {
        ip_protocol: Some(permission.protocol.clone()),
        from_port: permission.from_port,
        to_port: permission.to_port,
        user_id_group_pairs: Some(Vec::new()),
        ip_ranges: Some(Vec::new()),
        ipv6_ranges: Some(Vec::new()),
        prefix_list_ids: Some(Vec::new()),
    };
    add_peer(place, &mut view, &permission.peer, description);
    view
}

fn add_peer(place: Place<'_>, view: &mut IpPermission, peer: &Peer, description: Option<String>) {
    match peer {
        Peer::Ipv4(cidr) => {
            view.ip_ranges.get_or_insert_default().push(IpRange { description, cidr_ip: Some(cidr.to_string()) });
        }
        Peer::Ipv6(cidr) => {
            view.ipv6_ranges.get_or_insert_default().push(Ipv6Range { description, cidr_ipv6: Some(cidr.clone()) });
        }
        Peer::Group(group) => view.user_id_group_pairs.get_or_insert_default().push(UserIdGroupPair {
            description,
            user_id: place.owner(),
            group_id: Some(group.clone()),
            ..UserIdGroupPair::default()
        }),
        Peer::PrefixList(list) => {
            let list = PrefixListId { description, prefix_list_id: Some(list.clone()) };
            view.prefix_list_ids.get_or_insert_default().push(list);
        }
    }
}

/// A rule as `DescribeSecurityGroupRules` shows it. Ports that there are none of are shown as -1.
pub fn group_rule(place: Place<'_>, group: &str, rule: &SecurityGroupRule) -> RuleView {
    let peer = ShownPeer::of(&rule.permission.peer);
    RuleView {
        security_group_rule_id: Some(rule.id.clone()),
        group_id: Some(group.into()),
        group_owner_id: place.owner(),
        is_egress: Some(rule.egress),
        ip_protocol: Some(rule.permission.protocol.clone()),
        from_port: rule.permission.from_port.or(Some(-1)),
        to_port: rule.permission.to_port.or(Some(-1)),
        cidr_ipv4: peer.cidr_ipv4,
        cidr_ipv6: peer.cidr_ipv6,
        prefix_list_id: peer.prefix_list,
        referenced_group_info: peer.group.map(|group| ReferencedSecurityGroup {
            group_id: Some(group),
            user_id: place.owner(),
            ..ReferencedSecurityGroup::default()
        }),
        description: rule.description.clone(),
        tags: Some(tags::view(&rule.tags)),
        security_group_rule_arn: Some(place.arn(Resource::SECURITY_GROUP_RULE, &rule.id).to_string()),
    }
}

/// A rule that was taken away.
pub fn revoked(group: &str, rule: &SecurityGroupRule) -> RevokedSecurityGroupRule {
    let peer = ShownPeer::of(&rule.permission.peer);
    RevokedSecurityGroupRule {
        security_group_rule_id: Some(rule.id.clone()),
        group_id: Some(group.into()),
        is_egress: Some(rule.egress),
        ip_protocol: Some(rule.permission.protocol.clone()),
        from_port: rule.permission.from_port.or(Some(-1)),
        to_port: rule.permission.to_port.or(Some(-1)),
        cidr_ipv4: peer.cidr_ipv4,
        cidr_ipv6: peer.cidr_ipv6,
        prefix_list_id: peer.prefix_list,
        referenced_group_id: peer.group,
        description: rule.description.clone(),
    }
}

/// A rule's peer, in the member that is for its like.
#[derive(Default)]
struct ShownPeer {
    cidr_ipv4: Option<String>,
    cidr_ipv6: Option<String>,
    group: Option<String>,
    prefix_list: Option<String>,
}

impl ShownPeer {
    fn of(peer: &Peer) -> Self {
        match peer {
            Peer::Ipv4(cidr) => Self { cidr_ipv4: Some(cidr.to_string()), ..Self::default() },
            Peer::Ipv6(cidr) => Self { cidr_ipv6: Some(cidr.clone()), ..Self::default() },
            Peer::Group(group) => Self { group: Some(group.clone()), ..Self::default() },
            Peer::PrefixList(list) => Self { prefix_list: Some(list.clone()), ..Self::default() },
        }
    }
}

impl Described for SecurityGroup {
    const RESOURCE: Resource = Resource::SECURITY_GROUP;
    const IDS: &'static str = "GroupIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("description", |it| it.description.texts()),
        ("egress.ip-permission.cidr", |it| cidrs(&it.ip_permissions_egress)),
        ("egress.ip-permission.from-port", |it| of(&it.ip_permissions_egress, |one| one.from_port.texts())),
        ("egress.ip-permission.group-id", |it| of(&it.ip_permissions_egress, groups)),
        ("egress.ip-permission.group-name", nothing),
        ("egress.ip-permission.ipv6-cidr", |it| of(&it.ip_permissions_egress, ipv6)),
        ("egress.ip-permission.prefix-list-id", |it| of(&it.ip_permissions_egress, lists)),
        ("egress.ip-permission.protocol", |it| of(&it.ip_permissions_egress, |one| one.ip_protocol.texts())),
        ("egress.ip-permission.to-port", |it| of(&it.ip_permissions_egress, |one| one.to_port.texts())),
        ("egress.ip-permission.user-id", |it| of(&it.ip_permissions_egress, users)),
        ("group-id", |it| it.group_id.texts()),
        ("group-name", |it| it.group_name.texts()),
        ("ip-permission.cidr", |it| cidrs(&it.ip_permissions)),
        ("ip-permission.from-port", |it| of(&it.ip_permissions, |one| one.from_port.texts())),
        ("ip-permission.group-id", |it| of(&it.ip_permissions, groups)),
        ("ip-permission.group-name", nothing),
        ("ip-permission.ipv6-cidr", |it| of(&it.ip_permissions, ipv6)),
        ("ip-permission.prefix-list-id", |it| of(&it.ip_permissions, lists)),
        ("ip-permission.protocol", |it| of(&it.ip_permissions, |one| one.ip_protocol.texts())),
        ("ip-permission.to-port", |it| of(&it.ip_permissions, |one| one.to_port.texts())),
        ("ip-permission.user-id", |it| of(&it.ip_permissions, users)),
        ("owner-id", |it| it.owner_id.texts()),
        ("vpc-id", |it| it.vpc_id.texts()),
    ];

    fn id(&self) -> &str {
        self.group_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}

fn of(permissions: &Option<Vec<IpPermission>>, texts: fn(&IpPermission) -> Vec<String>) -> Vec<String> {
    permissions.iter().flatten().flat_map(texts).collect()
}

fn cidrs(permissions: &Option<Vec<IpPermission>>) -> Vec<String> {
    of(permissions, |one| one.ip_ranges.iter().flatten().filter_map(|range| range.cidr_ip.clone()).collect())
}

fn ipv6(permission: &IpPermission) -> Vec<String> {
    permission.ipv6_ranges.iter().flatten().filter_map(|range| range.cidr_ipv6.clone()).collect()
}

fn groups(permission: &IpPermission) -> Vec<String> {
    permission.user_id_group_pairs.iter().flatten().filter_map(|pair| pair.group_id.clone()).collect()
}

fn lists(permission: &IpPermission) -> Vec<String> {
    permission.prefix_list_ids.iter().flatten().filter_map(|list| list.prefix_list_id.clone()).collect()
}

fn users(permission: &IpPermission) -> Vec<String> {
    permission.user_id_group_pairs.iter().flatten().filter_map(|pair| pair.user_id.clone()).collect()
}

impl Described for RuleView {
    const RESOURCE: Resource = Resource::SECURITY_GROUP_RULE;
    const IDS: &'static str = "SecurityGroupRuleIds";
    const FIELDS: &'static [Field<Self>] =
        &[("group-id", |it| it.group_id.texts()), ("security-group-rule-id", |it| it.security_group_rule_id.texts())];

    fn id(&self) -> &str {
        self.security_group_rule_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
