//! What every VPC comes with, and what is a VPC's default.

use super::internal_domain;
use model::{
    Cidr, Region,
    ec2::{
        AclEntry, AclPeer, DhcpOptionsSpec, NetworkAclSpec, Peer, Permission, RouteTableSpec, SecurityGroupRule,
        SecurityGroupSpec, Tags,
    },
};

/// The records that are made with a VPC, each with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standard {
    /// The group named `default`, which allows everything among its members, and everything outwards.
    pub group: (String, SecurityGroupSpec),
    /// The main route table, which leads nowhere.
    pub route_table: (String, RouteTableSpec),
    /// The default network ACL, which lets everything through.
    pub acl: (String, NetworkAclSpec),
}

/// What the VPC comes with. `id` makes an id of a prefix and what it is for.
pub fn standard(vpc: &str, id: &dyn Fn(&str, &str) -> String) -> Standard {
    let group = id("sg", "group");
    Standard {
        group: (group.clone(), default_group(vpc, &group, [id("sgr", "ingress"), id("sgr", "egress")])),
        route_table: (id("rtb", "routes"), main_table(vpc, id("rtbassoc", "routes"))),
        acl: (id("acl", "acl"), default_acl(vpc)),
    }
}

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

fn main_table(vpc: &str, association: String) -> RouteTableSpec {
    RouteTableSpec {
        vpc: vpc.into(),
        routes: Vec::new(),
        main_association: Some(association),
        associations: Vec::new(),
        client_token: None,
        tags: Tags::new(),
    }
}

fn default_acl(vpc: &str) -> NetworkAclSpec {
    let entry = |egress| AclEntry {
        egress,
        number: 100,
        allow: true,
        peer: AclPeer::Ipv4(Cidr::ANY),
        protocol: None,
        ports: None,
        icmp: None,
    };
    NetworkAclSpec {
        vpc: vpc.into(),
        is_default: true,
        entries: vec![entry(true), entry(false)],
        associations: Vec::new(),
        client_token: None,
        tags: Tags::new(),
    }
}

/// The DHCP options of VPCs that get no others: the cloud's name servers, and its domain of private names.
pub fn private_options(region: &Region) -> DhcpOptionsSpec {
    let options = [("domain-name", internal_domain(region)), ("domain-name-servers", "AmazonProvidedDNS".into())];
    DhcpOptionsSpec { options: options.map(|(name, value)| (name.into(), vec![value])).into(), tags: Tags::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_group_allows_its_own_members() {
        let made = standard("vpc-1", &|prefix, what| format!("{prefix}-{what}"));
        assert_eq!(made.group.1.rules[0].permission.peer, Peer::Group("sg-group".into()));
        assert!(made.route_table.1.main_association.is_some() && made.acl.1.is_default);
    }
}
