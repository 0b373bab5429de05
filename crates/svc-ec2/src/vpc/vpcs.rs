//! VPCs: create, delete, and change.

use super::{
    blocks::{block, no_such_range},
    ipv6,
};
use crate::{
    access::{self, TAG},
    errors::{dry_run, has_dependencies, invalid_combination, invalid_value, no_association, refuse},
    quotas,
    records::{all, find, key, place},
    resource::Resource,
    tags, views,
};
use api::ec2::{
    self, AssociateVpcCidrBlockRequest, AssociateVpcCidrBlockResult, AttributeBooleanValue, CreateVpcRequest, CreateVpcResult,
    DeleteVpcRequest, DisassociateVpcCidrBlockRequest, DisassociateVpcCidrBlockResult, ModifyVpcAttributeRequest, Tenancy,
    VpcCidrBlockStateCode,
};
use front::{Cx, Service};
use logic::vpc::{Refused, Standard, check_vpc_block, dhcp_options_id, is_restricted, private_options, standard};
use model::{
    Cidr,
    ec2::{
        CidrAssociation, DhcpOptions, EgressOnlyInternetGateway, InternetGateway, Ipv6CidrAssociation, NetworkAcl,
        NetworkInterface, PeeringStatus, RouteTable, SecurityGroup, Subnet, Vpc, VpcEndpoint, VpcPeering, VpcPeeringSpec,
        VpcSpec,
    },
};
use spine::{Read, Tx};
use wire::Fault;

/// How many blocks a VPC can have (VPC user guide, "Amazon VPC quotas").
const MOST_BLOCKS: usize = 5;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateVpc>(
            access::on(|cx, _: &CreateVpcRequest| vec![access::one(cx, Resource::VPC, "*")])
                .tagging(TAG, |cx, i| access::tagging(cx, Resource::VPC, i.tag_specifications.as_deref())),
            create,
        )
        .op::<ec2::DeleteVpc>(access::on(|cx, i| vec![access::one(cx, Resource::VPC, &i.vpc_id)]), delete)
        .op::<ec2::ModifyVpcAttribute>(access::on(|cx, i| vec![access::one(cx, Resource::VPC, &i.vpc_id)]), modify)
        .op::<ec2::AssociateVpcCidrBlock>(access::on(|cx, i| vec![access::one(cx, Resource::VPC, &i.vpc_id)]), associate)
        .op::<ec2::DisassociateVpcCidrBlock>(
            access::found(|cx, snapshot, i: &DisassociateVpcCidrBlockRequest| {
                let vpc = all::<Vpc>(cx, snapshot)?.into_iter().find(|(_, vpc)| has_block(vpc, &i.association_id));
                Ok(vec![access::one(cx, Resource::VPC, vpc.as_ref().map_or("*", |(id, _)| id))])
            }),
            disassociate,
        )
}

/// `CreateVpc`.
fn create(cx: &Cx, tx: &mut Tx, input: &CreateVpcRequest) -> Result<CreateVpcResult, Fault> {
    dry_run(input.dry_run)?;
    refuse(&[
        ("Ipv6Pool", input.ipv6_pool.is_some()),
        ("Ipv6CidrBlock", input.ipv6_cidr_block.is_some()),
        ("Ipv4IpamPoolId", input.ipv4_ipam_pool_id.is_some()),
        ("Ipv4NetmaskLength", input.ipv4_netmask_length.is_some()),
        ("Ipv6IpamPoolId", input.ipv6_ipam_pool_id.is_some()),
        ("Ipv6NetmaskLength", input.ipv6_netmask_length.is_some()),
        ("Ipv6CidrBlockNetworkBorderGroup", input.ipv6_cidr_block_network_border_group.is_some()),
        ("VpcEncryptionControl", input.vpc_encryption_control.is_some()),
        ("InstanceTenancy other than default", input.instance_tenancy.is_some_and(|it| it != Tenancy::Default)),
    ])?;
    let cidr = vpc_block(input.cidr_block.as_deref())?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::VPC)?;
    quotas::VPCS.check_one::<Vpc>(cx, |_| true)?;
    let id = format!("vpc-{}", cx.env.hex(17));
    let spec = VpcSpec {
        cidr,
        more_cidrs: Vec::new(),
        ipv6: match input.amazon_provided_ipv6_cidr_block {
            Some(true) => vec![ipv6::block_for_vpc(cx, tx, &id, 0)?],
            _ => Vec::new(),
        },
        is_default: false,
        dhcp_options: default_options(cx, tx)?,
        dns_support: true,
        dns_hostnames: false,
        cidr_association: format!("vpc-cidr-assoc-{}", cx.env.hex(17)),
        tags,
    };
    tx.create(&key::<Vpc>(cx, &id), &spec)?;
    let Standard { group, route_table, acl } = standard(&id, &|prefix, _| format!("{prefix}-{}", cx.env.hex(17)));
    tx.create(&key::<SecurityGroup>(cx, group.0), &group.1)?;
    tx.create(&key::<RouteTable>(cx, route_table.0), &route_table.1)?;
    tx.create(&key::<NetworkAcl>(cx, acl.0), &acl.1)?;
    if !spec.ipv6.is_empty() {
        ipv6::open_to_ipv6(cx, tx, &id)?;
    }
    Ok(CreateVpcResult { vpc: Some(views::vpc(place(cx), &id, &spec)) })
}

fn vpc_block(text: Option<&str>) -> Result<Cidr, Fault> {
    let cidr = block(text, "cidrBlock")?;
    match check_vpc_block(cidr) {
        Ok(()) => Ok(cidr),
        Err(Refused::Range) => Err(Fault::client("InvalidVpc.Range", no_such_range(cidr))),
        Err(Refused::Public) => {
            Err(Fault::not_implemented("A VPC with addresses of 198.18.0.0/15, which the cloud's own public addresses are of,"))
        }
    }
}

/// The DHCP options of VPCs that get no others; made again if somebody has deleted them.
fn default_options(cx: &Cx, tx: &mut Tx) -> Result<String, Fault> {
    let id = dhcp_options_id(&cx.account, &cx.region);
    let at = key::<DhcpOptions>(cx, &id);
    if !tx.exists(&at)? {
        tx.create(&at, &private_options(&cx.region))?;
    }
    Ok(id)
}

/// `DeleteVpc`. What it came with goes with it; anything else has to be gone.
fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteVpcRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let id = &input.vpc_id;
    find::<Vpc>(cx, tx, id)?;
    let groups: Vec<_> = all::<SecurityGroup>(cx, tx)?.into_iter().filter(|(_, it)| it.vpc == *id).collect();
    let tables: Vec<_> = all::<RouteTable>(cx, tx)?.into_iter().filter(|(_, it)| it.vpc == *id).collect();
    let acls: Vec<_> = all::<NetworkAcl>(cx, tx)?.into_iter().filter(|(_, it)| it.vpc == *id).collect();
    let own_only = groups.iter().all(|(_, it)| it.name == "default")
        && tables.iter().all(|(_, it)| it.main_association.is_some())
        && acls.iter().all(|(_, it)| it.is_default);
    if !own_only || has_contents(cx, tx, id)? {
        return Err(has_dependencies("vpc", id));
    }
    groups.iter().try_for_each(|(id, _)| tx.delete(&key::<SecurityGroup>(cx, id)))?;
    tables.iter().try_for_each(|(id, _)| tx.delete(&key::<RouteTable>(cx, id)))?;
    acls.iter().try_for_each(|(id, _)| tx.delete(&key::<NetworkAcl>(cx, id)))?;
    Ok(tx.delete(&key::<Vpc>(cx, id))?)
}

fn has_contents(cx: &Cx, tx: &Tx, id: &str) -> Result<bool, Fault> {
    let peered = |it: &VpcPeeringSpec| {
        it.status == PeeringStatus::Active && [&it.requester, &it.accepter].iter().any(|side| side.vpc == id)
    };
    Ok(all::<Subnet>(cx, tx)?.iter().any(|(_, it)| it.vpc == id)
        || all::<InternetGateway>(cx, tx)?.iter().any(|(_, it)| it.vpc.as_deref() == Some(id))
        || all::<EgressOnlyInternetGateway>(cx, tx)?.iter().any(|(_, it)| it.vpc == id)
        || all::<NetworkInterface>(cx, tx)?.iter().any(|(_, it)| it.vpc == id)
        || all::<VpcEndpoint>(cx, tx)?.iter().any(|(_, it)| it.vpc == id)
        || all::<VpcPeering>(cx, tx)?.iter().any(|(_, it)| peered(it)))
}

/// `ModifyVpcAttribute`: one attribute at a time.
fn modify(cx: &Cx, tx: &mut Tx, input: &ModifyVpcAttributeRequest) -> Result<(), Fault> {
    let value = |it: &Option<AttributeBooleanValue>| it.as_ref().map(|it| it.value == Some(true));
    let (hostnames, support) = (value(&input.enable_dns_hostnames), value(&input.enable_dns_support));
    refuse(&[("EnableNetworkAddressUsageMetrics", value(&input.enable_network_address_usage_metrics) == Some(true))])?;
    if hostnames.is_some() && support.is_some() {
        return Err(invalid_value("Only one attribute can be modified at a time"));
    }
    let mut spec = VpcSpec::clone(&*find::<Vpc>(cx, tx, &input.vpc_id)?);
    spec.dns_support = support.unwrap_or(spec.dns_support);
    spec.dns_hostnames = hostnames.unwrap_or(spec.dns_hostnames);
    Ok(tx.put_spec(&key::<Vpc>(cx, &input.vpc_id), &spec)?)
}

fn has_block(vpc: &VpcSpec, association: &str) -> bool {
    vpc.cidr_association == association
        || vpc.more_cidrs.iter().any(|more| more.id == association)
        || vpc.ipv6.iter().any(|own| own.id == association)
}

/// `AssociateVpcCidrBlock`.
fn associate(cx: &Cx, tx: &mut Tx, input: &AssociateVpcCidrBlockRequest) -> Result<AssociateVpcCidrBlockResult, Fault> {
    refuse(&[
        ("Ipv6CidrBlockNetworkBorderGroup", input.ipv6_cidr_block_network_border_group.is_some()),
        ("Ipv6Pool", input.ipv6_pool.is_some()),
        ("Ipv6CidrBlock", input.ipv6_cidr_block.is_some()),
        ("Ipv4IpamPoolId", input.ipv4_ipam_pool_id.is_some()),
        ("Ipv4NetmaskLength", input.ipv4_netmask_length.is_some()),
        ("Ipv6IpamPoolId", input.ipv6_ipam_pool_id.is_some()),
        ("Ipv6NetmaskLength", input.ipv6_netmask_length.is_some()),
    ])?;
    if input.amazon_provided_ipv6_cidr_block == Some(true) {
        return associate_ipv6(cx, tx, input);
    }
    let cidr = vpc_block(input.cidr_block.as_deref())?;
    let mut spec = VpcSpec::clone(&*find::<Vpc>(cx, tx, &input.vpc_id)?);
    let present: Vec<Cidr> = spec.cidrs().collect();
    if present.len() >= MOST_BLOCKS {
        let message = format!("This network '{}' has met its maximum number of allowed CIDRs: {MOST_BLOCKS}", input.vpc_id);
        return Err(Fault::client("CidrLimitExceeded", message));
    }
    if present.iter().any(|it| it.overlaps(cidr)) || is_restricted(&present, cidr) {
        return Err(Fault::client("InvalidVpc.Range", format!("The CIDR '{cidr}' is restricted.")));
    }
    let more = CidrAssociation { id: format!("vpc-cidr-assoc-{}", cx.env.hex(17)), cidr };
    let shown = views::cidr_association(&more.id, cidr, VpcCidrBlockStateCode::Associating);
    spec.more_cidrs.push(more);
    tx.put_spec(&key::<Vpc>(cx, &input.vpc_id), &spec)?;
    Ok(AssociateVpcCidrBlockResult {
        ipv6_cidr_block_association: None,
        cidr_block_association: Some(shown),
        vpc_id: Some(input.vpc_id.clone()),
    })
}

fn associate_ipv6(cx: &Cx, tx: &mut Tx, input: &AssociateVpcCidrBlockRequest) -> Result<AssociateVpcCidrBlockResult, Fault> {
    if input.cidr_block.is_some() {
        return Err(invalid_combination("Only one of cidrBlock and amazonProvidedIpv6CidrBlock can be given"));
    }
    let id = &input.vpc_id;
    let mut spec = VpcSpec::clone(&*find::<Vpc>(cx, tx, id)?);
    let association = ipv6::block_for_vpc(cx, tx, id, spec.ipv6.len())?;
    let shown = views::vpc_ipv6(place(cx), &association, VpcCidrBlockStateCode::Associating);
    spec.ipv6.push(association);
    tx.put_spec(&key::<Vpc>(cx, id), &spec)?;
    if spec.ipv6.len() == 1 {
        ipv6::open_to_ipv6(cx, tx, id)?;
    }
    Ok(AssociateVpcCidrBlockResult {
        ipv6_cidr_block_association: Some(shown),
        cidr_block_association: None,
        vpc_id: Some(id.clone()),
    })
}

/// `DisassociateVpcCidrBlock`: not of the block that the VPC was made with, nor of one that has a subnet.
fn disassociate(cx: &Cx, tx: &mut Tx, input: &DisassociateVpcCidrBlockRequest) -> Result<DisassociateVpcCidrBlockResult, Fault> {
    let id = &input.association_id;
    let found = all::<Vpc>(cx, tx)?.into_iter().find(|(_, vpc)| has_block(vpc, id));
    let (vpc, spec) = found.ok_or_else(|| Fault::client("InvalidCidrBlockAssociationID.NotFound", no_association(id).message))?;
    if let Some(own) = spec.ipv6.iter().find(|own| own.id == *id) {
        return disassociate_ipv6(cx, tx, vpc, own);
    }
    let Some(more) = spec.more_cidrs.iter().find(|more| more.id == *id) else {
        let message = format!(
            "The vpc CIDR block with association ID {id} may not be disassociated. It is the primary IPv4 CIDR block of the VPC"
        );
        return Err(Fault::client("OperationNotPermitted", message));
    };
    if all::<Subnet>(cx, tx)?.iter().any(|(_, it)| it.vpc == vpc && more.cidr.overlaps(it.cidr)) {
        return Err(in_use(id));
    }
    tx.update_spec(&key::<Vpc>(cx, &vpc), |spec| spec.more_cidrs.retain(|more| more.id != *id))?;
    Ok(DisassociateVpcCidrBlockResult {
        ipv6_cidr_block_association: None,
        cidr_block_association: Some(views::cidr_association(id, more.cidr, VpcCidrBlockStateCode::Disassociating)),
        vpc_id: Some(vpc),
    })
}

fn in_use(association: &str) -> Fault {
    let message = format!("The vpc CIDR block with association ID {association} has dependencies and cannot be disassociated");
    Fault::client("DependencyViolation", message)
}

fn disassociate_ipv6(
    cx: &Cx,
    tx: &mut Tx,
    vpc: String,
    own: &Ipv6CidrAssociation,
) -> Result<DisassociateVpcCidrBlockResult, Fault> {
    let subnets = all::<Subnet>(cx, tx)?;
    if subnets.iter().filter_map(|(_, it)| it.ipv6.as_ref()).any(|part| own.cidr.covers(part.cidr)) {
        return Err(in_use(&own.id));
    }
    tx.update_spec(&key::<Vpc>(cx, &vpc), |spec| spec.ipv6.retain(|it| it.id != own.id))?;
    Ok(DisassociateVpcCidrBlockResult {
        ipv6_cidr_block_association: Some(views::vpc_ipv6(place(cx), own, VpcCidrBlockStateCode::Disassociating)),
        cidr_block_association: None,
        vpc_id: Some(vpc),
    })
}
