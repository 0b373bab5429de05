//! The network that an account has in a region before it has made anything (VPC user guide, "Default VPC components").

use super::{Standard, fingerprint, private_options, standard, zone_id, zone_name};
use model::{
    AccountId, Cidr, Region,
    ec2::{
        Destination, DhcpOptionsSpec, InternetGatewaySpec, NetworkAclSpec, PrivateDnsOptions, Route, RouteTableSpec, RouteTarget,
        SecurityGroupSpec, SubnetSpec, Tags, VpcSpec,
    },
};
use std::net::Ipv4Addr;

/// The records of a default network, each with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultNetwork {
    /// 172.31.0.0/16.
    pub vpc: (String, VpcSpec),
    /// A /20 in each Availability Zone.
    pub subnets: Vec<(String, SubnetSpec)>,
    /// Allows everything among its members, and everything outwards.
    pub group: (String, SecurityGroupSpec),
    /// The main route table, which sends everything to the gateway.
    pub route_table: (String, RouteTableSpec),
    /// Lets everything through; all of the subnets have it.
    pub acl: (String, NetworkAclSpec),
    /// Attached to the VPC.
    pub gateway: (String, InternetGatewaySpec),
    /// Those of all of the region's VPCs that get no others.
    pub dhcp_options: (String, DhcpOptionsSpec),
}

/// The id of the default VPC that an account begins with, which is a function of account and region.
pub fn default_vpc_id(account: &AccountId, region: &Region) -> String {
    id(account, region)("vpc", "vpc")
}

/// The id of the DHCP options that every VPC of an account in a region has unless it gets others.
pub fn dhcp_options_id(account: &AccountId, region: &Region) -> String {
    id(account, region)("dopt", "dopt")
}

/// The network that an account begins with in a region. All ids are functions of the two.
pub fn default_network(account: &AccountId, region: &Region) -> DefaultNetwork {
    default_network_with(account, region, &id(account, region))
}

/// The same with other ids: of a default VPC that is made in place of one that was deleted. `id` gets a prefix and what it is for.
pub fn default_network_with(account: &AccountId, region: &Region, id: &dyn Fn(&str, &str) -> String) -> DefaultNetwork {
    let (vpc, gateway) = (id("vpc", "vpc"), id("igw", "gateway"));
    let subnets: Vec<_> = (0..3).map(|index| (id("subnet", &format!("subnet {index}")), subnet(&vpc, region, index))).collect();
    let Standard { group, mut route_table, mut acl } = standard(&vpc, id);
    route_table.1.routes =
        vec![Route { destination: Destination::Ipv4(Cidr::ANY), target: RouteTarget::InternetGateway(gateway.clone()) }];
    acl.1.associations = subnets.iter().map(|(subnet, spec)| (subnet.clone(), id("aclassoc", &spec.zone))).collect();
    DefaultNetwork {
        subnets,
        group,
        route_table,
        acl,
        gateway: (gateway, InternetGatewaySpec { vpc: Some(vpc.clone()), tags: Tags::new() }),
        dhcp_options: (dhcp_options_id(account, region), private_options(region)),
        vpc: (vpc, default_vpc(id("vpc-cidr-assoc", "cidr"), dhcp_options_id(account, region))),
    }
}

fn id(account: &AccountId, region: &Region) -> impl Fn(&str, &str) -> String {
    let place = format!("{account} {region}");
    move |prefix, what| format!("{prefix}-{}", fingerprint(&format!("{place} {what}"), 17))
}

fn default_vpc(cidr_association: String, dhcp_options: String) -> VpcSpec {
    VpcSpec {
        cidr: Cidr { address: Ipv4Addr::new(172, 31, 0, 0), prefix: 16 },
        more_cidrs: Vec::new(),
        ipv6: Vec::new(),
        is_default: true,
        dhcp_options,
        dns_support: true,
        dns_hostnames: true,
        cidr_association,
        tags: Tags::new(),
    }
}

fn subnet(vpc: &str, region: &Region, index: usize) -> SubnetSpec {
    SubnetSpec {
        vpc: vpc.into(),
        cidr: Cidr { address: Ipv4Addr::new(172, 31, 16 * index as u8, 0), prefix: 20 },
        ipv6: None,
        assign_ipv6: false,
        zone: zone_name(region, index),
        zone_id: zone_id(region, index),
        default_for_zone: true,
        map_public_ip: true,
        private_dns: PrivateDnsOptions::default(),
        reservations: Vec::new(),
        tags: Tags::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn network(region: &str) -> DefaultNetwork {
        default_network(&AccountId::parse("123456789012").unwrap(), &Region::parse(region).unwrap())
    }

    #[test]
    fn is_a_function_of_account_and_region() {
        assert_eq!(network("eu-west-1"), network("eu-west-1"));
        assert_ne!(network("eu-west-1").vpc.0, network("eu-west-2").vpc.0);
    }

    #[test]
    fn subnets_are_apart_inside_the_vpc_with_ids_of_their_own() {
        let network = network("eu-west-1");
        let ids: BTreeSet<_> = network.subnets.iter().map(|(id, _)| id).collect();
        assert_eq!(ids.len(), 3);
        for (index, (_, subnet)) in network.subnets.iter().enumerate() {
            assert!(network.vpc.1.cidr.covers(subnet.cidr));
            assert!(network.subnets[..index].iter().all(|(_, other)| !other.cidr.overlaps(subnet.cidr)));
        }
    }

    #[test]
    fn ids_look_like_those_of_ec2() {
        let network = network("us-east-1");
        let suffix = network.vpc.0.strip_prefix("vpc-").unwrap();
        assert!(suffix.len() == 17 && suffix.bytes().all(|b| b.is_ascii_hexdigit()));
    }

    #[test]
    fn every_subnet_has_the_acl() {
        let network = network("eu-west-1");
        let held: BTreeSet<_> = network.acl.1.associations.iter().map(|(subnet, _)| subnet).collect();
        assert_eq!(held, network.subnets.iter().map(|(id, _)| id).collect());
        let distinct: BTreeSet<_> = network.acl.1.associations.iter().map(|(_, association)| association).collect();
        assert_eq!(distinct.len(), 3);
    }
}
