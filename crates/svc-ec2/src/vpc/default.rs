//! The default VPC and its subnets, made again after somebody has deleted them.

use super::subnets;
use crate::{
    access,
    errors::{dry_run, invalid_combination, refuse},
    first_touch::lay_down,
    records::{all, default_vpc, place},
    resource::Resource,
    views,
};
use api::ec2::{self, CreateDefaultSubnetRequest, CreateDefaultSubnetResult, CreateDefaultVpcRequest, CreateDefaultVpcResult};
use front::{Cx, Service};
use logic::vpc::{default_network_with, first_free};
use model::{
    Cidr,
    ec2::{PrivateDnsOptions, Subnet, SubnetSpec, Tags},
};
use spine::Tx;
use wire::Fault;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateDefaultVpc>(
            access::on(|cx, _: &CreateDefaultVpcRequest| vec![access::one(cx, Resource::VPC, "*")]),
            create_vpc,
        )
        .op::<ec2::CreateDefaultSubnet>(
            access::on(|cx, _: &CreateDefaultSubnetRequest| vec![access::one(cx, Resource::SUBNET, "*")]),
            create_subnet,
        )
}

/// `CreateDefaultVpc`.
fn create_vpc(cx: &Cx, tx: &mut Tx, input: &CreateDefaultVpcRequest) -> Result<CreateDefaultVpcResult, Fault> {
    dry_run(input.dry_run)?;
    if default_vpc(cx, tx)?.is_some() {
        let message = "A Default VPC already exists for this account in this region.";
        return Err(Fault::client("DefaultVpcAlreadyExists", message));
    }
    let network = default_network_with(&cx.account, &cx.region, &|prefix, _| format!("{prefix}-{}", cx.env.hex(17)));
    let shown = views::vpc(place(cx), &network.vpc.0, &network.vpc.1);
    lay_down(cx, tx, network)?;
    Ok(CreateDefaultVpcResult { vpc: Some(shown) })
}

/// `CreateDefaultSubnet`: a /20 of the default VPC.
fn create_subnet(cx: &Cx, tx: &mut Tx, input: &CreateDefaultSubnetRequest) -> Result<CreateDefaultSubnetResult, Fault> {
    dry_run(input.dry_run)?;
    refuse(&[("Ipv6Native", input.ipv6_native == Some(true))])?;
    if input.availability_zone.is_none() && input.availability_zone_id.is_none() {
        return Err(invalid_combination("Either AvailabilityZone or AvailabilityZoneId must be specified"));
    }
    let (zone, zone_id) = subnets::zone(cx, input.availability_zone.as_deref(), input.availability_zone_id.as_deref())?;
    let (vpc, spec) = default_vpc(cx, tx)?
        .ok_or_else(|| Fault::client("DefaultVpcDoesNotExist", "No default VPC exists for this account in this region."))?;
    let present: Vec<_> = all::<Subnet>(cx, tx)?.into_iter().filter(|(_, it)| it.vpc == vpc).collect();
    if let Some((id, _)) = present.iter().find(|(_, it)| it.default_for_zone && it.zone == zone) {
        let message = format!("'{id}' is already the default subnet in {zone}.");
        return Err(Fault::client("DefaultSubnetAlreadyExistsInAvailabilityZone", message));
    }
    let taken: Vec<Cidr> = present.iter().map(|(_, it)| it.cidr).collect();
    let cidr = first_free(spec.cidr, 20, &taken).ok_or_else(|| {
        Fault::client("InsufficientCidrBlocks", format!("No available CIDR blocks in the default VPC '{vpc}'."))
    })?;
    let subnet = SubnetSpec {
        vpc,
        cidr,
        ipv6: None,
        assign_ipv6: false,
        zone,
        zone_id,
        default_for_zone: true,
        map_public_ip: true,
        private_dns: PrivateDnsOptions::default(),
        reservations: Vec::new(),
        tags: Tags::new(),
    };
    let id = subnets::make(cx, tx, &subnet)?;
    Ok(CreateDefaultSubnetResult { subnet: Some(views::subnet(place(cx), &id, &subnet, 0)) })
}
