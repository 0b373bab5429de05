//! Subnets as the API shows them.

use super::{Place, vpc::not_blocked};
use crate::{
    describe::{Described, Field, Text, each, nothing},
    resource::Resource,
    tags,
};
use api::ec2::{
    HostnameType, IpSource, Ipv6AddressAttribute, PrivateDnsNameOptionsOnLaunch, Subnet, SubnetCidrBlockState,
    SubnetCidrBlockStateCode, SubnetIpv6CidrBlockAssociation, SubnetState, Tag,
};
use model::ec2::{Ipv6CidrAssociation, SubnetSpec};

/// A subnet in which `used` interfaces have an address.
pub fn subnet(place: Place<'_>, id: &str, spec: &SubnetSpec, used: u64) -> Subnet {
    let names = &spec.private_dns;
    let free = logic::vpc::usable(spec.cidr).saturating_sub(used);
    Subnet {
        availability_zone_id: Some(spec.zone_id.clone()),
        map_customer_owned_ip_on_launch: Some(false),
        owner_id: place.owner(),
        assign_ipv6_address_on_creation: Some(spec.assign_ipv6),
        ipv6_cidr_block_association_set: Some(
            spec.ipv6.iter().map(|own| subnet_ipv6(own, SubnetCidrBlockStateCode::Associated)).collect(),
        ),
        tags: tags::view_if_any(&spec.tags),
        subnet_arn: Some(place.arn(Resource::SUBNET, id).to_string()),
        enable_dns64: Some(false),
        ipv6_native: Some(false),
        private_dns_name_options_on_launch: Some(PrivateDnsNameOptionsOnLaunch {
            hostname_type: Some(if names.resource_name { HostnameType::ResourceName } else { HostnameType::IpName }),
            enable_resource_name_dns_a_record: Some(names.a_record),
            enable_resource_name_dns_aaaa_record: Some(names.aaaa_record),
        }),
        block_public_access_states: Some(not_blocked()),
        subnet_id: Some(id.into()),
        state: Some(SubnetState::Available),
        vpc_id: Some(spec.vpc.clone()),
        cidr_block: Some(spec.cidr.to_string()),
        available_ip_address_count: Some(i32::try_from(free).unwrap_or(i32::MAX)),
        availability_zone: Some(spec.zone.clone()),
        default_for_az: Some(spec.default_for_zone),
        map_public_ip_on_launch: Some(spec.map_public_ip),
        ..Subnet::default()
    }
}

/// The association of a block of IPv6 with a subnet.
pub fn subnet_ipv6(own: &Ipv6CidrAssociation, state: SubnetCidrBlockStateCode) -> SubnetIpv6CidrBlockAssociation {
    SubnetIpv6CidrBlockAssociation {
        association_id: Some(own.id.clone()),
        ipv6_cidr_block: Some(own.cidr.to_string()),
        ipv6_cidr_block_state: Some(SubnetCidrBlockState { state: Some(state), status_message: None }),
        ipv6_address_attribute: Some(Ipv6AddressAttribute::Public),
        ip_source: Some(IpSource::Amazon),
    }
}

fn dns_options(subnet: &Subnet) -> PrivateDnsNameOptionsOnLaunch {
    subnet.private_dns_name_options_on_launch.clone().unwrap_or_default()
}

impl Described for Subnet {
    const RESOURCE: Resource = Resource::SUBNET;
    const IDS: &'static str = "SubnetIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("availability-zone", |it| it.availability_zone.texts()),
        ("availabilityZone", |it| it.availability_zone.texts()),
        ("availability-zone-id", |it| it.availability_zone_id.texts()),
        ("availabilityZoneId", |it| it.availability_zone_id.texts()),
        ("available-ip-address-count", |it| it.available_ip_address_count.texts()),
        ("cidr-block", |it| it.cidr_block.texts()),
        ("cidr", |it| it.cidr_block.texts()),
        ("cidrBlock", |it| it.cidr_block.texts()),
        ("customer-owned-ipv4-pool", nothing),
        ("default-for-az", |it| it.default_for_az.texts()),
        ("defaultForAz", |it| it.default_for_az.texts()),
        ("enable-dns64", |it| it.enable_dns64.texts()),
        ("enable-lni-at-device-index", nothing),
        ("ipv6-cidr-block-association.ipv6-cidr-block", |it| {
            each(&it.ipv6_cidr_block_association_set, |one| &one.ipv6_cidr_block)
        }),
        ("ipv6-cidr-block-association.association-id", |it| each(&it.ipv6_cidr_block_association_set, |one| &one.association_id)),
        ("ipv6-cidr-block-association.state", |it| {
            it.ipv6_cidr_block_association_set.iter().flatten().map(|_| "associated".into()).collect()
        }),
        ("ipv6-native", |it| it.ipv6_native.texts()),
        ("map-customer-owned-ip-on-launch", |it| it.map_customer_owned_ip_on_launch.texts()),
        ("map-public-ip-on-launch", |it| it.map_public_ip_on_launch.texts()),
        ("outpost-arn", nothing),
        ("owner-id", |it| it.owner_id.texts()),
        ("private-dns-name-options-on-launch.hostname-type", |it| {
            dns_options(it).hostname_type.iter().map(|kind| kind.as_str().into()).collect()
        }),
        ("private-dns-name-options-on-launch.enable-resource-name-dns-a-record", |it| {
            dns_options(it).enable_resource_name_dns_a_record.texts()
        }),
        ("private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record", |it| {
            dns_options(it).enable_resource_name_dns_aaaa_record.texts()
        }),
        ("state", |it| it.state.iter().map(|state| state.as_str().into()).collect()),
        ("subnet-arn", |it| it.subnet_arn.texts()),
        ("subnet-id", |it| it.subnet_id.texts()),
        ("vpc-id", |it| it.vpc_id.texts()),
    ];

    fn id(&self) -> &str {
        self.subnet_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
