//! Security groups: create, describe, delete.

use crate::{
    describe::{Query, page, select},
    errors::{dry_run, invalid_value, missing_parameter},
    permission::{PUNCTUATION, is_plain},
    quotas,
    records::{all, default_vpc, find as found, group_named, key, place},
    resource::Resource,
    tags, views,
};
use api::ec2::{
    CreateSecurityGroupRequest, CreateSecurityGroupResult, DeleteSecurityGroupRequest, DeleteSecurityGroupResult,
    DescribeSecurityGroupRulesRequest, DescribeSecurityGroupRulesResult, DescribeSecurityGroupsRequest,
    DescribeSecurityGroupsResult,
};
use front::Cx;
use logic::vpc::open_group;
use model::{
    Cidr,
    ec2::{NetworkInterface, Peer, Permission, SecurityGroup, SecurityGroupRule, SecurityGroupSpec, Tags, Vpc},
    elbv2::LoadBalancer,
};
use spine::{Read, Tx};
use wire::Fault;

/// `CreateSecurityGroup`. A new group allows everything outwards, of IPv6 too if its VPC has that, and nothing inwards.
pub fn create(cx: &Cx, tx: &mut Tx, input: &CreateSecurityGroupRequest) -> Result<CreateSecurityGroupResult, Fault> {
    dry_run(input.dry_run)?;
    check_name(&input.group_name)?;
    check_description(&input.description)?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::SECURITY_GROUP)?;
    let vpc = vpc_of(cx, tx, input.vpc_id.as_deref())?;
    if group_named(cx, tx, &vpc, &input.group_name)?.is_some() {
        let message = format!("The security group '{}' already exists for VPC '{vpc}'", input.group_name);
        return Err(Fault::client("InvalidGroup.Duplicate", message));
    }
    quotas::SECURITY_GROUPS.check_one::<SecurityGroup>(cx, |_| true)?;
    let id = format!("sg-{}", cx.env.hex(17));
    let ipv6 = !found::<Vpc>(cx, tx, &vpc)?.ipv6.is_empty();
    let plain = SecurityGroupSpec {
        vpc,
        name: input.group_name.clone(),
        description: input.description.clone(),
        rules: vec![everything_outwards(format!("sgr-{}", cx.env.hex(17)))],
        tags,
    };
    let open = ipv6.then(|| open_group(&plain, || format!("sgr-{}", cx.env.hex(17)))).flatten();
    let spec = open.unwrap_or(plain);
    tx.create(&key::<SecurityGroup>(cx, &id), &spec)?;
    Ok(CreateSecurityGroupResult {
        security_group_arn: Some(place(cx).arn(Resource::SECURITY_GROUP, &id).to_string()),
        group_id: Some(id),
        tags: tags::view_if_any(&spec.tags),
    })
}

fn everything_outwards(id: String) -> SecurityGroupRule {
    SecurityGroupRule {
        id,
        egress: true,
        permission: Permission { protocol: "-1".into(), from_port: None, to_port: None, peer: Peer::Ipv4(Cidr::ANY) },
        description: None,
        tags: Tags::new(),
    }
}

fn vpc_of(cx: &Cx, tx: &Tx, given: Option<&str>) -> Result<String, Fault> {
    match given {
        Some(id) if tx.exists(&key::<Vpc>(cx, id))? => Ok(id.into()),
        Some(id) => Err(Resource::VPC.absent(id)),
        None => default_vpc(cx, tx)?.map(|(id, _)| id).ok_or_else(no_default_vpc),
    }
}

fn no_default_vpc() -> Fault {
    Fault::client("VPCIdNotSpecified", "No default VPC for this user")
}

fn check_name(name: &str) -> Result<(), Fault> {
    if name.starts_with("sg-") {
        let message = format!("Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*.");
        return Err(invalid_value(message));
    }
    if name == "default" {
        let message = "The security group name 'default' is reserved: it cannot be used for a new security group.";
        return Err(Fault::client("InvalidGroup.Reserved", message));
    }
    let valid = (1..=255).contains(&name.len()) && is_plain(name);
    let message = format!(
        "Value ({name}) for parameter GroupName is invalid. Valid names are 1 to 255 letters, digits and these: {PUNCTUATION}"
    );
    valid.then_some(()).ok_or_else(|| invalid_value(message))
}

fn check_description(text: &str) -> Result<(), Fault> {
    if text.is_empty() {
        return Err(missing_parameter("GroupDescription"));
    }
    let message = format!(
        "Value ({text}) for parameter GroupDescription is invalid. Invalid security group description. Valid descriptions are \
         strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*"
    );
    (text.len() <= 255 && is_plain(text)).then_some(()).ok_or_else(|| invalid_value(message))
}

/// `DescribeSecurityGroups`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeSecurityGroupsRequest) -> Result<DescribeSecurityGroupsResult, Fault> {
    dry_run(input.dry_run)?;
    let mut groups = all::<SecurityGroup>(cx, tx)?;
    if let Some(names) = input.group_names.as_deref().filter(|names| !names.is_empty()) {
        let vpc = default_vpc(cx, tx)?.map(|(id, _)| id).ok_or_else(no_default_vpc)?;
        groups.retain(|(_, group)| group.vpc == vpc && names.contains(&group.name));
        if let Some(name) = names.iter().find(|name| !groups.iter().any(|(_, group)| group.name == **name)) {
            return Err(no_such_name(name, &vpc));
        }
    }
    let query = Query {
        ids: input.group_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let views = groups.iter().map(|(id, spec)| views::group(place(cx), id, spec)).collect();
    let (groups, next_token) = select(views, query)?;
    Ok(DescribeSecurityGroupsResult { next_token, security_groups: Some(groups) })
}

/// There is no group of that name in the default VPC.
pub fn no_such_name(name: &str, vpc: &str) -> Fault {
    Fault::client("InvalidGroup.NotFound", format!("The security group '{name}' does not exist in default VPC '{vpc}'"))
}

/// `DescribeSecurityGroupRules`.
pub fn describe_rules(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeSecurityGroupRulesRequest,
) -> Result<DescribeSecurityGroupRulesResult, Fault> {
    dry_run(input.dry_run)?;
    let groups = all::<SecurityGroup>(cx, tx)?;
    let rules = groups.iter().flat_map(|(id, group)| group.rules.iter().map(|rule| views::group_rule(place(cx), id, rule)));
    let query = Query { ids: input.security_group_rule_ids.as_deref(), filters: input.filters.as_deref(), ..Query::default() };
    let (mut rules, _) = select(rules.collect(), query)?;
    rules.sort_by(|a, b| a.security_group_rule_id.cmp(&b.security_group_rule_id));
    let id = |rule: &api::ec2::SecurityGroupRule| rule.security_group_rule_id.clone().unwrap_or_default();
    let (rules, next_token) = page(rules, id, input.max_results, input.next_token.as_deref())?;
    Ok(DescribeSecurityGroupRulesResult { security_group_rules: Some(rules), next_token })
}

/// `DeleteSecurityGroup`. A group that an interface or a load balancer is in, or that another group's rule names, stays.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteSecurityGroupRequest) -> Result<DeleteSecurityGroupResult, Fault> {
    dry_run(input.dry_run)?;
    let id = named(cx, tx, input.group_id.as_deref(), input.group_name.as_deref())?;
    let group = tx.spec(&key::<SecurityGroup>(cx, &id))?.ok_or_else(|| Resource::SECURITY_GROUP.absent(&id))?;
    if group.name == "default" {
        let message = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(Fault::client("CannotDelete", message));
    }
    if in_use(cx, tx, &id)? {
        return Err(Fault::client("DependencyViolation", format!("resource {id} has a dependent object")));
    }
    tx.delete(&key::<SecurityGroup>(cx, &id))?;
    Ok(DeleteSecurityGroupResult { r#return: Some(true), group_id: Some(id) })
}

fn in_use(cx: &Cx, tx: &Tx, id: &str) -> Result<bool, Fault> {
    let held = |groups: &[String]| groups.iter().any(|group| group == id);
    let own = tx.spec(&key::<SecurityGroup>(cx, id))?;
    // A rule of a peered VPC's group doesn't hold it: it becomes stale.
    let beside = |group: &SecurityGroupSpec| own.as_ref().is_some_and(|own| own.vpc == group.vpc);
    let names = |rule: &SecurityGroupRule| matches!(&rule.permission.peer, Peer::Group(group) if group == id);
    Ok(all::<NetworkInterface>(cx, tx)?.iter().any(|(_, interface)| held(&interface.groups))
        || all::<LoadBalancer>(cx, tx)?.iter().any(|(_, balancer)| held(&balancer.groups))
        || all::<SecurityGroup>(cx, tx)?
            .iter()
            .any(|(other, group)| other != id && beside(group) && group.rules.iter().any(names)))
}

/// The id of the group that a request means, by id or by its name in the default VPC; none if there is none of that name.
pub fn find(cx: &Cx, read: &impl Read, id: Option<&str>, name: Option<&str>) -> Result<Option<String>, Fault> {
    let (None, Some(name)) = (id, name) else { return Ok(id.map(str::to_owned)) };
    let Some((vpc, _)) = default_vpc(cx, read)? else { return Ok(None) };
    Ok(group_named(cx, read, &vpc, name)?.map(|(id, _)| id))
}

/// The id of the group that a request means, or the error that there is none.
pub fn named(cx: &Cx, tx: &Tx, id: Option<&str>, name: Option<&str>) -> Result<String, Fault> {
    if let Some(id) = find(cx, tx, id, name)? {
        return Ok(id);
    }
    match name {
        Some(name) => Err(no_such_name(name, &default_vpc(cx, tx)?.ok_or_else(no_default_vpc)?.0)),
        None => Err(Fault::client("MissingParameter", "The request must contain the parameter groupName or groupId")),
    }
}
