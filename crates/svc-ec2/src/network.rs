//! What hosts have to build: from EC2's records to the networks of `agent_proto`. Pure.

use agent_proto::network;
use model::{
    Key,
    ec2::{
        AttachedTo, ContainerHost, InternetGateway, NetworkInterface, NetworkInterfaceSpec, Peer, Permission, RouteTable,
        RouteTableSpec, SecurityGroup, SecurityGroupRule, SecurityGroupSpec, Subnet, SubnetSpec, Vpc, VpcSpec,
    },
};
use spine::{Read, Scope, Specs, StoreError};

/// The kinds of records that [`desired_networks`] reads.
pub const KINDS: &[&str] = {
    use model::Record;
    &[
        Vpc::KIND,
        Subnet::KIND,
        SecurityGroup::KIND,
        NetworkInterface::KIND,
        InternetGateway::KIND,
        RouteTable::KIND,
        ContainerHost::KIND,
    ]
};

/// The VPCs that have an attached interface, of all accounts and regions, in the order of account, region and id.
pub fn desired_networks(read: &impl Read) -> Result<Vec<network::Vpc>, StoreError> {
    let world = World::read(read)?;
    let vpcs = read.specs::<Vpc>(Scope::All)?;
    Ok(vpcs.iter().map(|(key, spec)| world.vpc(key, spec)).filter(|vpc| !vpc.interfaces.is_empty()).collect())
}

/// The records of all networks.
struct World {
    subnets: Specs<Subnet>,
    groups: Specs<SecurityGroup>,
    interfaces: Specs<NetworkInterface>,
    gateways: Specs<InternetGateway>,
    tables: Specs<RouteTable>,
    instances: Specs<ContainerHost>,
}

impl World {
    fn read(read: &impl Read) -> Result<Self, StoreError> {
        Ok(Self {
            subnets: read.specs(Scope::All)?,
            groups: read.specs(Scope::All)?,
            interfaces: read.specs(Scope::All)?,
            gateways: read.specs(Scope::All)?,
            tables: read.specs(Scope::All)?,
            instances: read.specs(Scope::All)?,
        })
    }

    fn vpc(&self, key: &Key<Vpc>, spec: &VpcSpec) -> network::Vpc {
        let id = &key.id;
        let instances = self.instances.iter().filter(|(_, instance)| instance.vpc == *id);
        let interfaces = self.interfaces.iter().filter(|(_, interface)| interface.vpc == *id);
        network::Vpc {
            subnets: self.subnets.iter().filter(|(_, it)| it.vpc == *id).map(|(key, it)| self.subnet(&key.id, it)).collect(),
            interfaces: interfaces.filter_map(|(key, spec)| interface(&key.id, spec)).collect(),
            instances: instances.map(|(key, _)| network::Instance { id: key.id.clone() }).collect(),
            groups: self.groups.iter().filter(|(_, it)| it.vpc == *id).map(|(key, it)| group(&key.id, it)).collect(),
            ..network::Vpc::new(id, spec.cidr)
        }
    }

    fn subnet(&self, id: &str, spec: &SubnetSpec) -> network::Subnet {
        let tables: Vec<&RouteTableSpec> = self.tables.iter().map(|(_, table)| &**table).collect();
        let gateways = || self.gateways.iter().map(|(key, gateway)| (key.id.as_str(), &**gateway));
        let table = logic::vpc::table_of(id, spec, tables.iter().copied());
        let internet = network::Route { destination: model::Cidr::ANY, target: network::Target::InternetGateway };
        let is_public = table.is_some_and(|table| logic::vpc::reaches_internet(table, gateways()));
        network::Subnet { routes: is_public.then_some(internet).into_iter().collect(), ..network::Subnet::new(id, spec.cidr) }
    }
}

/// The interface, if it is plugged into something.
fn interface(id: &str, spec: &NetworkInterfaceSpec) -> Option<network::Interface> {
    let attachment = match &spec.attachment.as_ref()?.to {
        AttachedTo::Workload(workload) => network::Attachment::Workload(workload.clone()),
        AttachedTo::ContainerHost(host) => network::Attachment::Instance(host.clone()),
        AttachedTo::Instance(instance) => network::Attachment::Machine(instance.clone()),
        AttachedTo::Edge => network::Attachment::Edge,
    };
    Some(network::Interface {
        id: id.into(),
        subnet: spec.subnet.clone(),
        address: spec.address,
        public_address: spec.public_address,
        secondary: vec![],
        source_dest_check: true,
        mac: spec.mac.clone(),
        groups: spec.groups.clone(),
        attachment,
    })
}

fn group(id: &str, spec: &SecurityGroupSpec) -> network::SecurityGroup {
    let rules = |egress| {
        let chosen = spec.rules.iter().filter(move |rule: &&SecurityGroupRule| rule.egress == egress);
        chosen.filter_map(|rule| allowed(&rule.permission)).collect()
    };
    network::SecurityGroup { id: id.into(), ingress: rules(false), egress: rules(true) }
}

/// The permission for packets of IPv4; `None` if it is for none.
fn allowed(permission: &Permission) -> Option<network::Rule> {
    let peer = match &permission.peer {
        Peer::Ipv4(cidr) => network::Peer::Cidr(*cidr),
        Peer::Group(group) => network::Peer::Group(group.clone()),
        Peer::Ipv6(_) => return None,
    };
    let port = |port: Option<i32>, open: u16| port.and_then(|port| u16::try_from(port).ok()).unwrap_or(open);
    let (from, to) = (port(permission.from_port, 0), port(permission.to_port, u16::MAX));
    let icmp = |number: Option<i32>| number.and_then(|number| u8::try_from(number).ok());
    let protocol = match permission.protocol.as_str() {
        "-1" => network::Protocol::All,
        "tcp" => network::Protocol::Tcp(from, to),
        "udp" => network::Protocol::Udp(from, to),
        "icmp" => network::Protocol::Icmp(icmp(permission.from_port), icmp(permission.to_port)),
        "icmpv6" => return None,
        number => network::Protocol::Number(number.parse().ok()?),
    };
    Some(network::Rule { protocol, peer })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Cidr;

    fn permission(protocol: &str, from_port: Option<i32>, to_port: Option<i32>, peer: Peer) -> Permission {
        Permission { protocol: protocol.into(), from_port, to_port, peer }
    }

    fn protocol(name: &str, from: Option<i32>, to: Option<i32>) -> Option<network::Protocol> {
        allowed(&permission(name, from, to, Peer::Ipv4(Cidr::ANY))).map(|rule| rule.protocol)
    }

    #[test]
    fn protocols_become_the_hosts() {
        use network::Protocol::{All, Icmp, Number, Tcp, Udp};
        assert_eq!(protocol("-1", None, None), Some(All));
        assert_eq!(protocol("tcp", Some(80), Some(81)), Some(Tcp(80, 81)));
        assert_eq!(protocol("udp", Some(0), Some(65535)), Some(Udp(0, 65535)));
        assert_eq!(protocol("icmp", Some(-1), Some(-1)), Some(Icmp(None, None)));
        assert_eq!(protocol("icmp", Some(8), Some(0)), Some(Icmp(Some(8), Some(0))));
        assert_eq!(protocol("50", None, None), Some(Number(50)));
        assert_eq!(protocol("icmpv6", None, None), None);
    }

    #[test]
    fn a_rule_for_ipv6_allows_nothing_of_ipv4() {
        assert_eq!(allowed(&permission("-1", None, None, Peer::Ipv6("::/0".into()))), None);
    }
}
