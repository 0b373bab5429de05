//! What security groups allow, changed in place: rules by id, and what people wrote about them.

use super::{
    groups::named,
    rules::{check_list, load, not_found, peer_group},
};
use crate::{
    errors::{dry_run, invalid_combination, invalid_value, missing_parameter},
    permission::{Single, description, in_words, permissions},
    records::key,
    resource::Resource,
};
use api::ec2::{
    IpPermission, IpRange, Ipv6Range, ModifySecurityGroupRulesRequest, ModifySecurityGroupRulesResult, PrefixListId,
    SecurityGroupRuleDescription, SecurityGroupRuleRequest, UpdateSecurityGroupRuleDescriptionsEgressRequest,
    UpdateSecurityGroupRuleDescriptionsEgressResult, UpdateSecurityGroupRuleDescriptionsIngressRequest,
    UpdateSecurityGroupRuleDescriptionsIngressResult, UserIdGroupPair,
};
use front::Cx;
use model::ec2::{Peer, SecurityGroup, SecurityGroupRule, SecurityGroupSpec};
use spine::Tx;
use std::mem::discriminant;
use wire::Fault;

/// `ModifySecurityGroupRules`: each rule is replaced as a whole, under its id; the kind of its peer stays.
pub fn modify(cx: &Cx, tx: &mut Tx, input: &ModifySecurityGroupRulesRequest) -> Result<ModifySecurityGroupRulesResult, Fault> {
    dry_run(input.dry_run)?;
    let mut group = SecurityGroupSpec::clone(&*load(cx, tx, &input.group_id)?);
    for update in &input.security_group_rules {
        let request = update.security_group_rule.as_ref().ok_or_else(|| missing_parameter("SecurityGroupRule"))?;
        let given = [as_permission(request)];
        let mut wanted = permissions(Some(&given), Single::default(), &|pair| peer_group(cx, tx, &group, pair))?;
        let (Some((permission, description)), true) = (wanted.pop(), wanted.is_empty()) else {
            return Err(invalid_combination("A rule has exactly one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId"));
        };
        check_list(cx, tx, &permission)?;
        let rule = rule_mut(&mut group, &update.security_group_rule_id)?;
        if discriminant::<Peer>(&rule.permission.peer) != discriminant(&permission.peer) {
            return Err(invalid_value("The type of a rule's source or destination cannot be changed"));
        }
        (rule.permission, rule.description) = (permission, description);
    }
    check_distinct(&group)?;
    tx.put_spec(&key::<SecurityGroup>(cx, &input.group_id), &group)?;
    Ok(ModifySecurityGroupRulesResult { r#return: Some(true) })
}

fn as_permission(request: &SecurityGroupRuleRequest) -> IpPermission {
    let description = request.description.clone();
    let (cidr_ipv4, cidr_ipv6) = (request.cidr_ipv4.clone(), request.cidr_ipv6.clone());
    IpPermission {
        ip_protocol: request.ip_protocol.clone(),
        from_port: request.from_port,
        to_port: request.to_port,
        ip_ranges: cidr_ipv4.map(|cidr| vec![IpRange { description: description.clone(), cidr_ip: Some(cidr) }]),
        ipv6_ranges: cidr_ipv6.map(|cidr| vec![Ipv6Range { description: description.clone(), cidr_ipv6: Some(cidr) }]),
        prefix_list_ids: request
            .prefix_list_id
            .clone()
            .map(|id| vec![PrefixListId { prefix_list_id: Some(id), description: None }]),
        user_id_group_pairs: request
            .referenced_group_id
            .clone()
            .map(|id| vec![UserIdGroupPair { description, group_id: Some(id), ..UserIdGroupPair::default() }]),
    }
}

fn rule_mut<'a>(group: &'a mut SecurityGroupSpec, id: &str) -> Result<&'a mut SecurityGroupRule, Fault> {
    group.rules.iter_mut().find(|rule| rule.id == id).ok_or_else(|| Resource::SECURITY_GROUP_RULE.absent(id))
}

/// Refuses a group in which two rules of one direction have become the same.
fn check_distinct(group: &SecurityGroupSpec) -> Result<(), Fault> {
    for (place, rule) in group.rules.iter().enumerate() {
        let same = |other: &SecurityGroupRule| (other.egress, &other.permission) == (rule.egress, &rule.permission);
        if group.rules[..place].iter().any(same) {
            let message = format!("the specified rule \"{}\" already exists", in_words(&rule.permission));
            return Err(Fault::client("InvalidPermission.Duplicate", message));
        }
    }
    Ok(())
}

/// `UpdateSecurityGroupRuleDescriptionsIngress`.
pub fn describe_ingress(
    cx: &Cx,
    tx: &mut Tx,
    input: &UpdateSecurityGroupRuleDescriptionsIngressRequest,
) -> Result<UpdateSecurityGroupRuleDescriptionsIngressResult, Fault> {
    dry_run(input.dry_run)?;
    let id = named(cx, tx, input.group_id.as_deref(), input.group_name.as_deref())?;
    describe(cx, tx, &id, false, input.ip_permissions.as_deref(), input.security_group_rule_descriptions.as_deref())?;
    Ok(UpdateSecurityGroupRuleDescriptionsIngressResult { r#return: Some(true) })
}

/// `UpdateSecurityGroupRuleDescriptionsEgress`.
pub fn describe_egress(
    cx: &Cx,
    tx: &mut Tx,
    input: &UpdateSecurityGroupRuleDescriptionsEgressRequest,
) -> Result<UpdateSecurityGroupRuleDescriptionsEgressResult, Fault> {
    dry_run(input.dry_run)?;
    let id = named(cx, tx, input.group_id.as_deref(), input.group_name.as_deref())?;
    describe(cx, tx, &id, true, input.ip_permissions.as_deref(), input.security_group_rule_descriptions.as_deref())?;
    Ok(UpdateSecurityGroupRuleDescriptionsEgressResult { r#return: Some(true) })
}

/// Writes descriptions: of rules that are named by what they allow, or by id. One that is left out goes.
fn describe(
    cx: &Cx,
    tx: &mut Tx,
    id: &str,
    egress: bool,
    given: Option<&[IpPermission]>,
    by_id: Option<&[SecurityGroupRuleDescription]>,
) -> Result<(), Fault> {
    let mut group = SecurityGroupSpec::clone(&*load(cx, tx, id)?);
    let by_id = by_id.unwrap_or_default();
    if given.is_some_and(|given| !given.is_empty()) && !by_id.is_empty() {
        return Err(invalid_combination(
            "The parameter ipPermissions may not be used together with securityGroupRuleDescriptions",
        ));
    }
    for update in by_id {
        let rule = update.security_group_rule_id.as_deref().ok_or_else(|| missing_parameter("SecurityGroupRuleId"))?;
        rule_mut(&mut group, rule)?.description = description(&update.description)?;
    }
    if by_id.is_empty() {
        for (permission, description) in permissions(given, Single::default(), &|pair| peer_group(cx, tx, &group, pair))? {
            let rule = group.rules.iter_mut().find(|rule| rule.egress == egress && rule.permission == permission);
            rule.ok_or_else(not_found)?.description = description;
        }
    }
    Ok(tx.put_spec(&key::<SecurityGroup>(cx, id), &group)?)
}
