//! VPCs as the API shows them.

use super::Place;
use crate::{
    describe::{Described, Field, Text, each},
    resource::Resource,
    tags,
};
use api::ec2::{
    BlockPublicAccessMode, BlockPublicAccessStates, IpSource, Ipv6AddressAttribute, Tag, Tenancy, Vpc, VpcCidrBlockAssociation,
    VpcCidrBlockState, VpcCidrBlockStateCode, VpcIpv6CidrBlockAssociation, VpcState,
};
use model::{
    Cidr,
    ec2::{Ipv6CidrAssociation, VpcSpec},
};

/// A VPC.
pub fn vpc(place: Place<'_>, id: &str, spec: &VpcSpec) -> Vpc {
    let primary = cidr_association(&spec.cidr_association, spec.cidr, VpcCidrBlockStateCode::Associated);
    let more = spec.more_cidrs.iter().map(|more| cidr_association(&more.id, more.cidr, VpcCidrBlockStateCode::Associated));
    let ipv6 = spec.ipv6.iter().map(|own| vpc_ipv6(place, own, VpcCidrBlockStateCode::Associated));
    Vpc {
        owner_id: place.owner(),
        instance_tenancy: Some(Tenancy::Default),
        cidr_block_association_set: Some(std::iter::once(primary).chain(more).collect()),
        ipv6_cidr_block_association_set: (!spec.ipv6.is_empty()).then(|| ipv6.collect()),
        is_default: Some(spec.is_default),
        tags: tags::view_if_any(&spec.tags),
        block_public_access_states: Some(not_blocked()),
        vpc_id: Some(id.into()),
        state: Some(VpcState::Available),
        cidr_block: Some(spec.cidr.to_string()),
        dhcp_options_id: Some(spec.dhcp_options.clone()),
        ..Vpc::default()
    }
}

/// The association of a block with a VPC.
pub fn cidr_association(id: &str, cidr: Cidr, state: VpcCidrBlockStateCode) -> VpcCidrBlockAssociation {
    VpcCidrBlockAssociation {
        association_id: Some(id.into()),
        cidr_block: Some(cidr.to_string()),
        cidr_block_state: Some(VpcCidrBlockState { state: Some(state), status_message: None }),
    }
}

/// The association of a block of IPv6 with a VPC.
pub fn vpc_ipv6(place: Place<'_>, own: &Ipv6CidrAssociation, state: VpcCidrBlockStateCode) -> VpcIpv6CidrBlockAssociation {
    VpcIpv6CidrBlockAssociation {
        association_id: Some(own.id.clone()),
        ipv6_cidr_block: Some(own.cidr.to_string()),
        ipv6_cidr_block_state: Some(VpcCidrBlockState { state: Some(state), status_message: None }),
        network_border_group: Some(place.region.to_string()),
        ipv6_pool: Some("Amazon".into()),
        ipv6_address_attribute: Some(Ipv6AddressAttribute::Public),
        ip_source: Some(IpSource::Amazon),
    }
}

pub(super) fn not_blocked() -> BlockPublicAccessStates {
    BlockPublicAccessStates { internet_gateway_block_mode: Some(BlockPublicAccessMode::Off) }
}

impl Described for Vpc {
    const RESOURCE: Resource = Resource::VPC;
    const IDS: &'static str = "VpcIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("cidr", |it| it.cidr_block.texts()),
        ("cidr-block-association.cidr-block", |it| each(&it.cidr_block_association_set, |one| &one.cidr_block)),
        ("cidr-block-association.association-id", |it| each(&it.cidr_block_association_set, |one| &one.association_id)),
        ("cidr-block-association.state", |it| {
            it.cidr_block_association_set.iter().flatten().map(|_| "associated".into()).collect()
        }),
        ("dhcpOptionsId", |it| it.dhcp_options_id.texts()),
        ("dhcp-options-id", |it| it.dhcp_options_id.texts()),
        ("ipv6-cidr-block-association.ipv6-cidr-block", |it| {
            each(&it.ipv6_cidr_block_association_set, |one| &one.ipv6_cidr_block)
        }),
        ("ipv6-cidr-block-association.ipv6-pool", |it| each(&it.ipv6_cidr_block_association_set, |one| &one.ipv6_pool)),
        ("ipv6-cidr-block-association.association-id", |it| each(&it.ipv6_cidr_block_association_set, |one| &one.association_id)),
        ("ipv6-cidr-block-association.state", |it| {
            it.ipv6_cidr_block_association_set.iter().flatten().map(|_| "associated".into()).collect()
        }),
        ("is-default", |it| it.is_default.texts()),
        // The name of earlier documentation, which Terraform and many scripts use.
        ("isDefault", |it| it.is_default.texts()),
        ("owner-id", |it| it.owner_id.texts()),
        ("state", |it| it.state.iter().map(|state| state.as_str().into()).collect()),
        ("vpc-id", |it| it.vpc_id.texts()),
    ];

    fn id(&self) -> &str {
        self.vpc_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
