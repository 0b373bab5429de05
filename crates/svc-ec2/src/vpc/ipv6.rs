//! Blocks of IPv6: VPCs get theirs of the cloud, subnets a /64 of their VPC's.

use crate::{
    access,
    errors::{invalid_value, missing_parameter, refuse},
    records::{all, find, key},
    resource::Resource,
};
use api::ec2::{
    self, AssociateSubnetCidrBlockRequest, AssociateSubnetCidrBlockResult, DisassociateSubnetCidrBlockRequest,
    DisassociateSubnetCidrBlockResult, SubnetCidrBlockStateCode,
};
use front::{Cx, Service};
use logic::vpc::{SUBNET_PREFIX, free_vpc_block, open_acl, open_group};
use model::{
    Ipv6Cidr,
    ec2::{Ipv6CidrAssociation, NetworkAcl, NetworkInterface, SecurityGroup, Subnet, SubnetSpec, Vpc, VpcSpec},
};
use spine::{Read, Scope, Tx};
use wire::Fault;

/// How many blocks of IPv6 a VPC can have (VPC user guide, "Amazon VPC quotas").
const MOST: usize = 5;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::AssociateSubnetCidrBlock>(access::on(|cx, i| vec![access::one(cx, Resource::SUBNET, &i.subnet_id)]), associate)
        .op::<ec2::DisassociateSubnetCidrBlock>(
            access::found(|cx, snapshot, i: &DisassociateSubnetCidrBlockRequest| {
                let found = associated(cx, snapshot, &i.association_id)?;
                Ok(vec![access::one(cx, Resource::SUBNET, found.as_ref().map_or("*", |(id, _)| id))])
            }),
            disassociate,
        )
}

/// Another block for a VPC. It is the VPC's alone in all of the cloud.
pub fn block_for_vpc(cx: &Cx, tx: &Tx, id: &str, present: usize) -> Result<Ipv6CidrAssociation, Fault> {
    if present >= MOST {
        let message = format!("This network '{id}' has met its maximum number of allowed IPv6 CIDRs: {MOST}");
        return Err(Fault::client("CidrLimitExceeded", message));
    }
    let vpcs = tx.specs::<Vpc>(Scope::All)?;
    let taken: Vec<Ipv6Cidr> = vpcs.iter().flat_map(|(_, vpc)| vpc.ipv6.iter().map(|own| own.cidr)).collect();
    let cidr = free_vpc_block(&format!("{id} {present}"), &taken);
    let cidr = cidr.ok_or_else(|| Fault::client("InsufficientCidrBlocks", "There are no IPv6 CIDR blocks left."))?;
    Ok(Ipv6CidrAssociation { id: format!("vpc-cidr-assoc-{}", cx.env.hex(17)), cidr })
}

/// Groups and ACLs of a VPC that let everything of IPv4 pass, as they do from the beginning, do the same for IPv6 with its first block (VPC
/// user guide, "Security group rules" and "Default network ACL").
pub fn open_to_ipv6(cx: &Cx, tx: &mut Tx, vpc: &str) -> Result<(), Fault> {
    for (id, group) in all::<SecurityGroup>(cx, tx)?.iter().filter(|(_, it)| it.vpc == vpc) {
        if let Some(open) = open_group(group, || format!("sgr-{}", cx.env.hex(17))) {
            tx.put_spec(&key::<SecurityGroup>(cx, id), &open)?;
        }
    }
    for (id, acl) in all::<NetworkAcl>(cx, tx)?.iter().filter(|(_, it)| it.vpc == vpc && it.is_default) {
        if let Some(open) = open_acl(acl) {
            tx.put_spec(&key::<NetworkAcl>(cx, id), &open)?;
        }
    }
    Ok(())
}

/// The block of a subnet that a request names: a /64 of its VPC's that no other subnet has.
pub fn block_for_subnet(cx: &Cx, tx: &Tx, vpc: &VpcSpec, vpc_id: &str, text: &str) -> Result<Ipv6CidrAssociation, Fault> {
    let malformed = || {
        let message = format!("Value ({text}) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block.");
        invalid_value(message)
    };
    let cidr: Ipv6Cidr = text.parse().map_err(|_| malformed())?;
    let cidr = Ipv6Cidr::new(cidr.address, cidr.prefix);
    if cidr.prefix != SUBNET_PREFIX || !vpc.ipv6.iter().any(|own| own.cidr.covers(cidr)) {
        return Err(Fault::client("InvalidSubnet.Range", format!("The CIDR '{cidr}' is invalid.")));
    }
    let others = all::<Subnet>(cx, tx)?;
    let mut taken = others.iter().filter(|(_, it)| it.vpc == vpc_id).filter_map(|(_, it)| it.ipv6.as_ref());
    if taken.any(|own| own.cidr.overlaps(cidr)) {
        return Err(Fault::client("InvalidSubnet.Conflict", format!("The CIDR '{cidr}' conflicts with another subnet")));
    }
    Ok(Ipv6CidrAssociation { id: format!("subnet-cidr-assoc-{}", cx.env.hex(17)), cidr })
}

/// `AssociateSubnetCidrBlock`.
fn associate(cx: &Cx, tx: &mut Tx, input: &AssociateSubnetCidrBlockRequest) -> Result<AssociateSubnetCidrBlockResult, Fault> {
    refuse(&[("Ipv6IpamPoolId", input.ipv6_ipam_pool_id.is_some()), ("Ipv6NetmaskLength", input.ipv6_netmask_length.is_some())])?;
    let id = &input.subnet_id;
    let mut spec = SubnetSpec::clone(&*find::<Subnet>(cx, tx, id)?);
    let text = input.ipv6_cidr_block.as_deref().ok_or_else(|| missing_parameter("ipv6CidrBlock"))?;
    let vpc = find::<Vpc>(cx, tx, &spec.vpc)?;
    if spec.ipv6.is_some() {
        let message = format!("The maximum number of IPv6 CIDR blocks of the subnet '{id}' has been reached: 1");
        return Err(Fault::client("SubnetLimitExceeded", message));
    }
    let association = block_for_subnet(cx, tx, &vpc, &spec.vpc, text)?;
    let shown = crate::views::subnet_ipv6(&association, SubnetCidrBlockStateCode::Associating);
    spec.ipv6 = Some(association);
    tx.put_spec(&key::<Subnet>(cx, id), &spec)?;
    Ok(AssociateSubnetCidrBlockResult { ipv6_cidr_block_association: Some(shown), subnet_id: Some(id.clone()) })
}

fn associated(cx: &Cx, read: &impl Read, association: &str) -> Result<Option<(String, Ipv6CidrAssociation)>, Fault> {
    let subnets = all::<Subnet>(cx, read)?.into_iter();
    let mut held = subnets.filter_map(|(id, spec)| Some((id, spec.ipv6.clone()?)));
    Ok(held.find(|(_, own)| own.id == association))
}

/// `DisassociateSubnetCidrBlock`: of a block that no interface has an address of.
fn disassociate(
    cx: &Cx,
    tx: &mut Tx,
    input: &DisassociateSubnetCidrBlockRequest,
) -> Result<DisassociateSubnetCidrBlockResult, Fault> {
    let id = &input.association_id;
    let (subnet, association) = associated(cx, tx, id)?.ok_or_else(|| {
        let message = format!("The subnet CIDR block with association ID {id} does not exist");
        Fault::client("InvalidCidrBlockAssociationID.NotFound", message)
    })?;
    if all::<NetworkInterface>(cx, tx)?.iter().any(|(_, it)| it.subnet == subnet && !it.ipv6.is_empty()) {
        let message = format!("The subnet CIDR block with association ID {id} has dependencies and cannot be disassociated");
        return Err(Fault::client("DependencyViolation", message));
    }
    tx.update_spec(&key::<Subnet>(cx, &subnet), |spec| {
        spec.ipv6 = None;
        spec.assign_ipv6 = false;
    })?;
    let shown = crate::views::subnet_ipv6(&association, SubnetCidrBlockStateCode::Disassociating);
    Ok(DisassociateSubnetCidrBlockResult { ipv6_cidr_block_association: Some(shown), subnet_id: Some(subnet) })
}
