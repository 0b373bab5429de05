//! Network ACLs, and which subnets have them.

use super::tokens::{Asked, asked};
use crate::{
    access::{self, TAG},
    describe::{Described, Field, Query, Text, each, select},
    errors::{different_networks, dry_run, has_dependencies, invalid_value, no_association},
    quotas,
    records::{Named, all, chosen, find, key, place},
    resource::Resource,
    tags,
    views::Place,
};
use api::ec2::{
    self, CreateNetworkAclRequest, CreateNetworkAclResult, DeleteNetworkAclRequest, DescribeNetworkAclsRequest,
    DescribeNetworkAclsResult, IcmpTypeCode, NetworkAcl as View, NetworkAclAssociation, NetworkAclEntry, PortRange,
    ReplaceNetworkAclAssociationRequest, ReplaceNetworkAclAssociationResult, RuleAction, Tag,
};
use front::{Cx, Service};
use model::{
    Cidr,
    ec2::{AclEntry, AclPeer, NetworkAcl, NetworkAclSpec, Vpc},
};
use spine::{Read, Tx};
use wire::Fault;

/// The number of the entries that deny what no other entry matches.
const LAST: i32 = 32767;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateNetworkAcl>(
            access::on(|cx, i: &CreateNetworkAclRequest| {
                vec![access::one(cx, Resource::NETWORK_ACL, "*"), access::one(cx, Resource::VPC, &i.vpc_id)]
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::NETWORK_ACL, i.tag_specifications.as_deref())),
            create,
        )
        .op::<ec2::DeleteNetworkAcl>(access::on(|cx, i| vec![access::one(cx, Resource::NETWORK_ACL, &i.network_acl_id)]), delete)
        .op::<ec2::DescribeNetworkAcls>(access::all(), describe)
        .op::<ec2::ReplaceNetworkAclAssociation>(
            access::found(|cx, snapshot, i: &ReplaceNetworkAclAssociationRequest| {
                let subnet = associated(cx, snapshot, &i.association_id)?.map(|(_, subnet)| subnet);
                let subnet = access::one(cx, Resource::SUBNET, subnet.as_deref().unwrap_or("*"));
                Ok(vec![access::one(cx, Resource::NETWORK_ACL, &i.network_acl_id), subnet])
            }),
            replace_association,
        )
}

/// `CreateNetworkAcl`: it denies everything, and no subnet has it.
fn create(cx: &Cx, tx: &mut Tx, input: &CreateNetworkAclRequest) -> Result<CreateNetworkAclResult, Fault> {
    dry_run(input.dry_run)?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::NETWORK_ACL)?;
    find::<Vpc>(cx, tx, &input.vpc_id)?;
    let answer = |id: &str, spec: &NetworkAclSpec| CreateNetworkAclResult {
        network_acl: Some(view(place(cx), id, spec)),
        client_token: input.client_token.clone(),
    };
    let client_token = match asked::<NetworkAcl>(cx, tx, input.client_token.as_deref(), input, |it| it.client_token.as_ref())? {
        Asked::Before((id, spec)) => return Ok(answer(&id, &spec)),
        Asked::New(token) => token,
    };
    quotas::NETWORK_ACLS.check_one::<NetworkAcl>(cx, |acl| acl.vpc == input.vpc_id)?;
    let spec = NetworkAclSpec {
        vpc: input.vpc_id.clone(),
        is_default: false,
        entries: Vec::new(),
        associations: Vec::new(),
        client_token,
        tags,
    };
    let id = format!("acl-{}", cx.env.hex(17));
    tx.create(&key::<NetworkAcl>(cx, &id), &spec)?;
    Ok(answer(&id, &spec))
}

/// `DeleteNetworkAcl`: of one that no subnet has, and not of the default one.
fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteNetworkAclRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let id = &input.network_acl_id;
    let acl = find::<NetworkAcl>(cx, tx, id)?;
    if acl.is_default {
        return Err(invalid_value(format!("cannot delete default network ACL {id}")));
    }
    if !acl.associations.is_empty() {
        return Err(has_dependencies("networkAcl", id));
    }
    Ok(tx.delete(&key::<NetworkAcl>(cx, id))?)
}

/// The ACL with an association, and the subnet that it is with.
fn associated(cx: &Cx, read: &impl Read, id: &str) -> Result<Option<(Named<NetworkAcl>, String)>, Fault> {
    let subnet = |acl: &NetworkAclSpec| {
        acl.associations.iter().find(|(_, association)| association == id).map(|(subnet, _)| subnet.clone())
    };
    Ok(all::<NetworkAcl>(cx, read)?.into_iter().find_map(|acl| subnet(&acl.1).map(|subnet| (acl, subnet))))
}

/// `ReplaceNetworkAclAssociation`: the association gets a new id.
fn replace_association(
    cx: &Cx,
    tx: &mut Tx,
    input: &ReplaceNetworkAclAssociationRequest,
) -> Result<ReplaceNetworkAclAssociationResult, Fault> {
    dry_run(input.dry_run)?;
    let (id, new_id) = (&input.association_id, &input.network_acl_id);
    let new = find::<NetworkAcl>(cx, tx, new_id)?;
    let ((old_id, old), subnet) = associated(cx, tx, id)?.ok_or_else(|| no_association(id))?;
    if old.vpc != new.vpc {
        return Err(different_networks(&format!("network acl {new_id}"), &format!("subnet {subnet}")));
    }
    let association = format!("aclassoc-{}", cx.env.hex(17));
    tx.update_spec(&key::<NetworkAcl>(cx, old_id), |acl| acl.associations.retain(|(_, it)| it != id))?;
    tx.update_spec(&key::<NetworkAcl>(cx, new_id), |acl| acl.associations.push((subnet, association.clone())))?;
    Ok(ReplaceNetworkAclAssociationResult { new_association_id: Some(association) })
}

/// `DescribeNetworkAcls`.
fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeNetworkAclsRequest) -> Result<DescribeNetworkAclsResult, Fault> {
    dry_run(input.dry_run)?;
    let views = chosen::<NetworkAcl>(cx, tx, input.network_acl_ids.as_deref())?
        .iter()
        .map(|(id, spec)| view(place(cx), id, spec))
        .collect();
    let query = Query {
        ids: input.network_acl_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (acls, next_token) = select(views, query)?;
    Ok(DescribeNetworkAclsResult { network_acls: Some(acls), next_token })
}

fn view(place: Place<'_>, id: &str, spec: &NetworkAclSpec) -> View {
    let association = |(subnet, association): &(String, String)| NetworkAclAssociation {
        network_acl_association_id: Some(association.clone()),
        network_acl_id: Some(id.into()),
        subnet_id: Some(subnet.clone()),
    };
    let mut entries: Vec<&AclEntry> = spec.entries.iter().collect();
    entries.sort_by_key(|entry| (!entry.egress, entry.number));
    let side = |egress| entries.iter().filter(move |it| it.egress == egress).map(|it| entry(it)).chain([last(egress)]);
    View {
        associations: Some(spec.associations.iter().map(association).collect()),
        entries: Some(side(true).chain(side(false)).collect()),
        is_default: Some(spec.is_default),
        network_acl_id: Some(id.into()),
        tags: Some(tags::view(&spec.tags)),
        vpc_id: Some(spec.vpc.clone()),
        owner_id: place.owner(),
    }
}

fn entry(it: &AclEntry) -> NetworkAclEntry {
    let (cidr_block, ipv6_cidr_block) = match &it.peer {
        AclPeer::Ipv4(cidr) => (Some(cidr.to_string()), None),
        AclPeer::Ipv6(cidr) => (None, Some(cidr.clone())),
    };
    NetworkAclEntry {
        cidr_block,
        egress: Some(it.egress),
        icmp_type_code: it.icmp.map(|(kind, code)| IcmpTypeCode { code: Some(code), r#type: Some(kind) }),
        ipv6_cidr_block,
        port_range: it.ports.map(|(from, to)| PortRange { from: Some(from.into()), to: Some(to.into()) }),
        protocol: Some(it.protocol.map_or_else(|| "-1".into(), |number| number.to_string())),
        rule_action: Some(if it.allow { RuleAction::Allow } else { RuleAction::Deny }),
        rule_number: Some(it.number),
    }
}

/// What no other entry matches is denied.
fn last(egress: bool) -> NetworkAclEntry {
    NetworkAclEntry {
        cidr_block: Some(Cidr::ANY.to_string()),
        egress: Some(egress),
        protocol: Some("-1".into()),
        rule_action: Some(RuleAction::Deny),
        rule_number: Some(LAST),
        ..NetworkAclEntry::default()
    }
}

fn of_entries(acl: &View, texts: impl Fn(&NetworkAclEntry) -> Vec<String>) -> Vec<String> {
    acl.entries.iter().flatten().flat_map(texts).collect()
}

impl Described for View {
    const RESOURCE: Resource = Resource::NETWORK_ACL;
    const IDS: &'static str = "NetworkAclIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("association.association-id", |it| each(&it.associations, |one| &one.network_acl_association_id)),
        ("association.network-acl-id", |it| each(&it.associations, |one| &one.network_acl_id)),
        ("association.subnet-id", |it| each(&it.associations, |one| &one.subnet_id)),
        ("default", |it| it.is_default.texts()),
        ("entry.cidr", |it| each(&it.entries, |one| &one.cidr_block)),
        ("entry.icmp.code", |it| of_entries(it, |one| one.icmp_type_code.iter().flat_map(|it| it.code.texts()).collect())),
        ("entry.icmp.type", |it| of_entries(it, |one| one.icmp_type_code.iter().flat_map(|it| it.r#type.texts()).collect())),
        ("entry.ipv6-cidr", |it| each(&it.entries, |one| &one.ipv6_cidr_block)),
        ("entry.port-range.from", |it| of_entries(it, |one| one.port_range.iter().flat_map(|it| it.from.texts()).collect())),
        ("entry.port-range.to", |it| of_entries(it, |one| one.port_range.iter().flat_map(|it| it.to.texts()).collect())),
        ("entry.protocol", |it| each(&it.entries, |one| &one.protocol)),
        ("entry.rule-action", |it| of_entries(it, |one| one.rule_action.iter().map(|it| it.as_str().into()).collect())),
        ("entry.egress", |it| each(&it.entries, |one| &one.egress)),
        ("entry.rule-number", |it| each(&it.entries, |one| &one.rule_number)),
        ("network-acl-id", |it| it.network_acl_id.texts()),
        ("owner-id", |it| it.owner_id.texts()),
        ("vpc-id", |it| it.vpc_id.texts()),
    ];

    fn id(&self) -> &str {
        self.network_acl_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
