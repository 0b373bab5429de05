//! What security groups allow: authorize and revoke.

use super::groups::named;
use crate::{
    errors::{dry_run, invalid_combination},
    permission::{Single, in_words, permissions},
    records::{default_vpc, group_named, key, place},
    resource::Resource,
    tags, views,
    vpc::{are_peered, prefix_lists},
};
use api::ec2::{
    AuthorizeSecurityGroupEgressRequest, AuthorizeSecurityGroupEgressResult, AuthorizeSecurityGroupIngressRequest,
    AuthorizeSecurityGroupIngressResult, IpPermission, RevokeSecurityGroupEgressRequest, RevokeSecurityGroupEgressResult,
    RevokeSecurityGroupIngressRequest, RevokeSecurityGroupIngressResult, SecurityGroupRule as RuleView, TagSpecification,
    UserIdGroupPair,
};
use front::Cx;
use model::ec2::{Peer, Permission, SecurityGroup, SecurityGroupRule, SecurityGroupSpec, Vpc};
use spine::{Read, Tx};
use std::sync::Arc;
use wire::Fault;

/// Rules of one direction that a group may have (VPC user guide, "Amazon VPC quotas").
const MOST_RULES: usize = 60;

/// `AuthorizeSecurityGroupIngress`.
pub fn authorize_ingress(
    cx: &Cx,
    tx: &mut Tx,
    input: &AuthorizeSecurityGroupIngressRequest,
) -> Result<AuthorizeSecurityGroupIngressResult, Fault> {
    dry_run(input.dry_run)?;
    let id = named(cx, tx, input.group_id.as_deref(), input.group_name.as_deref())?;
    let single = Single {
        cidr: input.cidr_ip.as_deref(),
        protocol: input.ip_protocol.as_deref(),
        from_port: input.from_port,
        to_port: input.to_port,
        group: input.source_security_group_name.as_deref(),
        owner: input.source_security_group_owner_id.as_deref(),
    };
    let rules = authorize(cx, tx, &id, false, input.ip_permissions.as_deref(), single, input.tag_specifications.as_deref())?;
    Ok(AuthorizeSecurityGroupIngressResult { r#return: Some(true), security_group_rules: Some(rules) })
}

/// `AuthorizeSecurityGroupEgress`.
pub fn authorize_egress(
    cx: &Cx,
    tx: &mut Tx,
    input: &AuthorizeSecurityGroupEgressRequest,
) -> Result<AuthorizeSecurityGroupEgressResult, Fault> {
    dry_run(input.dry_run)?;
    let single = Single {
        cidr: input.cidr_ip.as_deref(),
        protocol: input.ip_protocol.as_deref(),
        from_port: input.from_port,
        to_port: input.to_port,
        group: input.source_security_group_name.as_deref(),
        owner: input.source_security_group_owner_id.as_deref(),
    };
    only_permissions(single)?;
    let given = input.ip_permissions.as_deref();
    let rules = authorize(cx, tx, &input.group_id, true, given, Single::default(), input.tag_specifications.as_deref())?;
    Ok(AuthorizeSecurityGroupEgressResult { r#return: Some(true), security_group_rules: Some(rules) })
}

/// Egress rules are given as permissions only (documentation of the parameters: "Not supported").
fn only_permissions(single: Single<'_>) -> Result<(), Fault> {
    if single.is_empty() { Ok(()) } else { Err(invalid_combination("Egress rules have to be given as ipPermissions")) }
}

fn authorize(
    cx: &Cx,
    tx: &mut Tx,
    id: &str,
    egress: bool,
    given: Option<&[IpPermission]>,
    single: Single<'_>,
    specifications: Option<&[TagSpecification]>,
) -> Result<Vec<RuleView>, Fault> {
    let group = load(cx, tx, id)?;
    let wanted = permissions(given, single, &|pair| peer_group(cx, tx, &group, pair))?;
    wanted.iter().try_for_each(|(permission, _)| check_list(cx, tx, permission))?;
    let tags = tags::on_create(specifications, Resource::SECURITY_GROUP_RULE)?;
    let mut group = SecurityGroupSpec::clone(&group);
    let before = group.rules.len();
    for (permission, description) in wanted {
        if group.rules.iter().any(|rule| rule.egress == egress && rule.permission == permission) {
            let message = format!("the specified rule \"{}\" already exists", in_words(&permission));
            return Err(Fault::client("InvalidPermission.Duplicate", message));
        }
        let id = format!("sgr-{}", cx.env.hex(17));
        group.rules.push(SecurityGroupRule { id, egress, permission, description, tags: tags.clone() });
    }
    if group.rules.iter().filter(|rule| rule.egress == egress).count() > MOST_RULES {
        let message = "The maximum number of rules per security group has been reached.";
        return Err(Fault::client("RulesPerSecurityGroupLimitExceeded", message));
    }
    tx.put_spec(&key::<SecurityGroup>(cx, id), &group)?;
    Ok(group.rules[before..].iter().map(|rule| views::group_rule(place(cx), id, rule)).collect())
}

/// A prefix list that a rule names has to be there.
pub fn check_list(cx: &Cx, tx: &Tx, permission: &Permission) -> Result<(), Fault> {
    match &permission.peer {
        Peer::PrefixList(id) => prefix_lists::check(cx, tx, id),
        Peer::Ipv4(_) | Peer::Ipv6(_) | Peer::Group(_) => Ok(()),
    }
}

/// The group with that id.
pub fn load(cx: &Cx, tx: &Tx, id: &str) -> Result<Arc<SecurityGroupSpec>, Fault> {
    tx.spec(&key::<SecurityGroup>(cx, id))?.ok_or_else(|| Resource::SECURITY_GROUP.absent(id))
}

/// The id of the group that a rule of `group` names: by id, or by name in the default VPC. Both are in the same VPC, or in two that are
/// peered.
pub fn peer_group(cx: &Cx, tx: &Tx, group: &SecurityGroupSpec, pair: &UserIdGroupPair) -> Result<String, Fault> {
    let by_name = |name: &str| {
        let vpc = default_vpc(cx, tx)?.map(|(id, _)| id).unwrap_or_default();
        let found = group_named(cx, tx, &vpc, name)?;
        found.map(|(id, _)| id).ok_or_else(|| super::groups::no_such_name(name, &vpc))
    };
    let id = match (&pair.group_id, &pair.group_name) {
        (Some(id), _) => id.clone(),
        (None, Some(name)) => by_name(name)?,
        (None, None) => return Err(Fault::client("MissingParameter", "Source group ID missing.")),
    };
    let foreign = pair.user_id.as_deref().is_some_and(|owner| owner != cx.account.as_str());
    let peer = if foreign { None } else { tx.spec(&key::<SecurityGroup>(cx, &id))? };
    let peer = peer.ok_or_else(|| Resource::SECURITY_GROUP.absent(&id))?;
    if peer.vpc != group.vpc && !are_peered(cx, tx, &peer.vpc, &group.vpc)? {
        let message = "You have specified two resources that belong to different networks.";
        return Err(Fault::client("InvalidGroup.NotFound", message));
    }
    Ok(id)
}

/// `RevokeSecurityGroupIngress`.
pub fn revoke_ingress(
    cx: &Cx,
    tx: &mut Tx,
    input: &RevokeSecurityGroupIngressRequest,
) -> Result<RevokeSecurityGroupIngressResult, Fault> {
    dry_run(input.dry_run)?;
    let id = named(cx, tx, input.group_id.as_deref(), input.group_name.as_deref())?;
    let single = Single {
        cidr: input.cidr_ip.as_deref(),
        protocol: input.ip_protocol.as_deref(),
        from_port: input.from_port,
        to_port: input.to_port,
        group: input.source_security_group_name.as_deref(),
        owner: input.source_security_group_owner_id.as_deref(),
    };
    let (gone, unknown) =
        revoke(cx, tx, &id, false, input.security_group_rule_ids.as_deref(), input.ip_permissions.as_deref(), single)?;
    Ok(RevokeSecurityGroupIngressResult {
        r#return: Some(true),
        unknown_ip_permissions: unknown,
        revoked_security_group_rules: Some(gone.iter().map(|rule| views::revoked(&id, rule)).collect()),
    })
}

/// `RevokeSecurityGroupEgress`.
pub fn revoke_egress(
    cx: &Cx,
    tx: &mut Tx,
    input: &RevokeSecurityGroupEgressRequest,
) -> Result<RevokeSecurityGroupEgressResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.group_id;
    let single = Single {
        cidr: input.cidr_ip.as_deref(),
        protocol: input.ip_protocol.as_deref(),
        from_port: input.from_port,
        to_port: input.to_port,
        group: input.source_security_group_name.as_deref(),
        owner: input.source_security_group_owner_id.as_deref(),
    };
    only_permissions(single)?;
    let (gone, unknown) =
        revoke(cx, tx, id, true, input.security_group_rule_ids.as_deref(), input.ip_permissions.as_deref(), Single::default())?;
    Ok(RevokeSecurityGroupEgressResult {
        r#return: Some(true),
        unknown_ip_permissions: unknown,
        revoked_security_group_rules: Some(gone.iter().map(|rule| views::revoked(id, rule)).collect()),
    })
}

type Revoked = (Vec<SecurityGroupRule>, Option<Vec<IpPermission>>);

fn revoke(
    cx: &Cx,
    tx: &mut Tx,
    id: &str,
    egress: bool,
    rule_ids: Option<&[String]>,
    given: Option<&[IpPermission]>,
    single: Single<'_>,
) -> Result<Revoked, Fault> {
    let group = load(cx, tx, id)?;
    let by_permission = given.is_some_and(|given| !given.is_empty()) || !single.is_empty();
    let (gone, unknown) = match rule_ids.filter(|ids| !ids.is_empty()) {
        Some(_) if by_permission => {
            return Err(invalid_combination("The parameter ipPermissions may not be used together with securityGroupRuleIds"));
        }
        Some(ids) => (with_ids(&group, egress, ids)?, Vec::new()),
        None => with_permissions(cx, tx, &group, egress, given, single)?,
    };
    let is_gone = |rule: &SecurityGroupRule| gone.iter().any(|it| it.id == rule.id);
    tx.update_spec(&key::<SecurityGroup>(cx, id), |group| group.rules.retain(|rule| !is_gone(rule)))?;
    Ok((gone, Some(unknown).filter(|unknown| !unknown.is_empty())))
}

fn with_ids(group: &SecurityGroupSpec, egress: bool, ids: &[String]) -> Result<Vec<SecurityGroupRule>, Fault> {
    let find = |id: &String| {
        let found = group.rules.iter().find(|rule| rule.egress == egress && rule.id == *id);
        found.cloned().ok_or_else(|| Resource::SECURITY_GROUP_RULE.absent(id))
    };
    ids.iter().map(find).collect()
}

/// The rules that the permissions mean. What none means is an error, but in the default VPC, where it is only told.
fn with_permissions(
    cx: &Cx,
    tx: &Tx,
    group: &SecurityGroupSpec,
    egress: bool,
    given: Option<&[IpPermission]>,
    single: Single<'_>,
) -> Result<(Vec<SecurityGroupRule>, Vec<IpPermission>), Fault> {
    let in_default = tx.spec(&key::<Vpc>(cx, &group.vpc))?.is_some_and(|vpc| vpc.is_default);
    let (mut gone, mut unknown) = (Vec::new(), Vec::new());
    for (permission, _) in permissions(given, single, &|pair| peer_group(cx, tx, group, pair))? {
        let found = group.rules.iter().find(|rule| rule.egress == egress && rule.permission == permission);
        match found {
            Some(rule) => gone.push(rule.clone()),
            None if in_default => unknown.push(views::permission(place(cx), &permission, None)),
            None => return Err(not_found()),
        }
    }
    Ok((gone, unknown))
}

/// The group has no such rule.
pub fn not_found() -> Fault {
    Fault::client("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
}
