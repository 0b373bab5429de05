//! The network that an account has in a region before it has made anything (VPC user guide, "Default VPC components").

use super::{fingerprint, zone_id, zone_name};
use model::{
    AccountId, Cidr, Region,
    ec2::{
        InternetGatewaySpec, Peer, Permission, RouteTableSpec, SecurityGroupRule, SecurityGroupSpec, SubnetSpec, Tags, VpcSpec,
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
    /// Attached to the VPC.
    pub gateway: (String, InternetGatewaySpec),
}

/// The id of the default VPC, which is a function of account and region.
pub fn default_vpc_id(account: &AccountId, region: &Region) -> String {
    id("vpc", account, region, "vpc")
}

/// The id of the DHCP options that every VPC of an account in a region has.
pub fn dhcp_options_id(account: &AccountId, region: &Region) -> String {
    id("dopt", account, region, "dopt")
}

/// The default network of an account in a region. All ids are functions of the two.
pub fn default_network(account: &AccountId, region: &Region) -> DefaultNetwork {
    let id = |prefix: &str, what: &str| id(prefix, account, region, what);
    let (vpc, group, gateway) = (default_vpc_id(account, region), id("sg", "group"), id("igw", "gateway"));
    let subnets = (0..3).map(|index| (id("subnet", &format!("subnet {index}")), subnet(&vpc, region, index)));
    DefaultNetwork {
        subnets: subnets.collect(),
        route_table: (id("rtb", "routes"), route_table(&vpc, &gateway, id("rtbassoc", "routes"))),
        gateway: (gateway, InternetGatewaySpec { vpc: Some(vpc.clone()), tags: Tags::new() }),
        group: (group.clone(), default_group(&vpc, &group, [id("sgr", "ingress"), id("sgr", "egress")])),
        vpc: (vpc, default_vpc(id("vpc-cidr-assoc", "cidr"), dhcp_options_id(account, region))),
    }
}

fn id(prefix: &str, account: &AccountId, region: &Region, what: &str) -> String {
    format!("{prefix}-{}", fingerprint(&format!("{account} {region} {what}"), 17))
}

fn default_vpc(cidr_association: String, dhcp_options: String) -> VpcSpec {
    VpcSpec {
        cidr: Cidr { address: Ipv4Addr::new(172, 31, 0, 0), prefix: 16 },
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
        zone: zone_name(region, index),
        zone_id: zone_id(region, index),
        default_for_zone: true,
        map_public_ip: true,
        tags: Tags::new(),
    }
}

fn route_table(vpc: &str, gateway: &str, association: String) -> RouteTableSpec {
    RouteTableSpec {
        vpc: vpc.into(),
        routes: vec![(Cidr::ANY, gateway.into())],
        main_association: Some(association),
        associations: Vec::new(),
        tags: Tags::new(),
    }
}

/// The group named `default` that every VPC has.
fn default_group(vpc: &str, group: &str, [ingress, egress]: [String; 2]) -> SecurityGroupSpec {
    let rule = |id, egress, peer| SecurityGroupRule {
        id,
        egress,
        permission: Permission { protocol: "-1".into(), from_port: None, to_port: None, peer },
        description: None,
        tags: Tags::new(),
    };
    SecurityGroupSpec {
        vpc: vpc.into(),
        name: "default".into(),
        description: "default VPC security group".into(),
        rules: vec![rule(ingress, false, Peer::Group(group.into())), rule(egress, true, Peer::Ipv4(Cidr::ANY))],
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
        assert_eq!(network.group.1.rules[0].permission.peer, Peer::Group(network.group.0.clone()));
    }
}
