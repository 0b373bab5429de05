//! What hosts have to build: from EC2's records to the networks of `agent_proto`. Pure.

mod acls;
mod groups;
mod routes;

use crate::vpc::{Lists, gateway_addresses};
use agent_proto::network;
use model::{
    IpCidr, Key, Record, Region,
    ec2::{
        AttachedTo, ContainerHost, DhcpOptions, DhcpOptionsSpec, EgressOnlyInternetGateway, FlowLog, FlowLogSpec, FlowTraffic,
        InternetGateway, NatGateway, NetworkAcl, NetworkInterface, NetworkInterfaceSpec, PeeredVpc, PeeringStatus, PrefixList,
        PrivateAddress, RouteTable, SecurityGroup, Subnet, SubnetSpec, Vpc, VpcEndpoint, VpcPeering, VpcPeeringSpec, VpcSpec,
    },
};
use spine::{Read, Scope, Specs, StoreError};
use std::collections::BTreeMap;

/// The kinds of records that [`desired_networks`] reads.
pub const KINDS: &[&str] = &[
    Vpc::KIND,
    Subnet::KIND,
    SecurityGroup::KIND,
    NetworkInterface::KIND,
    InternetGateway::KIND,
    EgressOnlyInternetGateway::KIND,
    RouteTable::KIND,
    NetworkAcl::KIND,
    NatGateway::KIND,
    VpcPeering::KIND,
    VpcEndpoint::KIND,
    PrefixList::KIND,
    DhcpOptions::KIND,
    FlowLog::KIND,
    ContainerHost::KIND,
];

/// The VPCs that have an attached interface, of all accounts and regions, in the order of account, region and id.
pub fn desired_networks(read: &impl Read) -> Result<Vec<network::Vpc>, StoreError> {
    let world = World::read(read)?;
    let vpcs = read.specs::<Vpc>(Scope::All)?;
    let wanted = vpcs.iter().filter(|(key, _)| world.interfaces.of(&key.id).any(|(_, it)| it.attachment.is_some()));
    wanted.map(|(key, spec)| world.vpc(read, key, spec)).collect()
}

/// The records of all networks.
struct World {
    subnets: ByVpc<Subnet>,
    groups: ByVpc<SecurityGroup>,
    interfaces: ByVpc<NetworkInterface>,
    tables: ByVpc<RouteTable>,
    acls: ByVpc<NetworkAcl>,
    instances: ByVpc<ContainerHost>,
    flow_logs: ByVpc<FlowLog>,
    endpoints: ByVpc<VpcEndpoint>,
    peerings: Specs<VpcPeering>,
    lists: Specs<PrefixList>,
}

impl World {
    fn read(read: &impl Read) -> Result<Self, StoreError> {
        Ok(Self {
            subnets: ByVpc::<Subnet>::read(read, |it| &it.vpc)?,
            groups: ByVpc::<SecurityGroup>::read(read, |it| &it.vpc)?,
            interfaces: ByVpc::<NetworkInterface>::read(read, |it| &it.vpc)?,
            tables: ByVpc::<RouteTable>::read(read, |it| &it.vpc)?,
            acls: ByVpc::<NetworkAcl>::read(read, |it| &it.vpc)?,
            instances: ByVpc::<ContainerHost>::read(read, |it| &it.vpc)?,
            flow_logs: ByVpc::<FlowLog>::read(read, |it| &it.vpc)?,
            endpoints: ByVpc::<VpcEndpoint>::read(read, |it| &it.vpc)?,
            peerings: read.specs(Scope::All)?,
            lists: read.specs(Scope::All)?,
        })
    }

    fn vpc(&self, read: &impl Read, key: &Key<Vpc>, spec: &VpcSpec) -> Result<network::Vpc, StoreError> {
        let id = &key.id;
        let subnets = self.subnets.of(id).map(|(subnet, it)| self.subnet(read, key, &subnet.id, it));
        let options = read.spec(&Key::<DhcpOptions>::new(&key.account, &key.region, spec.dhcp_options.clone()))?;
        Ok(network::Vpc {
            more_cidrs: spec.more_cidrs.iter().map(|more| more.cidr).collect(),
            ipv6: spec.ipv6.iter().map(|own| own.cidr).collect(),
            subnets: subnets.collect::<Result<_, _>>()?,
            interfaces: self.interfaces.of(id).filter_map(|(key, it)| interface(&key.id, it)).collect(),
            instances: self.instances.of(id).map(|(key, _)| network::Instance { id: key.id.clone() }).collect(),
            groups: self.groups.of(id).map(|(key, it)| groups::group(&key.id, it, self.lists(&key.region))).collect(),
            acls: self.acls.of(id).map(|(key, it)| acls::acl(&key.id, it)).collect(),
            peerings: self.peerings(read, key)?,
            gateways: gateway_addresses(self.endpoints.of(id).map(|(key, it)| (&key.region, it))),
            flow_logs: self.flow_logs.of(id).filter_map(|(key, it)| flow_log(&key.id, it)).collect(),
            dhcp: options.map(|options| dhcp(&options)).unwrap_or_default(),
            ..network::Vpc::new(id, spec.cidr)
        })
    }

    /// The prefix lists that are known in a region.
    fn lists<'a>(&'a self, region: &'a Region) -> Lists<'a> {
        Lists { region, own: &self.lists }
    }

    /// The VPC's active connections, with the blocks that the other sides have by now.
    fn peerings(&self, read: &impl Read, vpc: &Key<Vpc>) -> Result<Vec<network::Peering>, StoreError> {
        let mut found = Vec::new();
        for (key, spec) in &self.peerings {
            let Some(other) = peer(key, spec, vpc) else { continue };
            let present = read.spec(&Key::<Vpc>::new(&other.account, &other.region, &other.vpc))?;
            let cidrs = present.map_or_else(|| other.cidrs.iter().copied().map(IpCidr::from).collect(), |vpc| blocks(&vpc));
            found.push(network::Peering { id: key.id.clone(), vpc: other.vpc.clone(), cidrs });
        }
        Ok(found)
    }

    fn subnet(&self, read: &impl Read, vpc: &Key<Vpc>, id: &str, spec: &SubnetSpec) -> Result<network::Subnet, StoreError> {
        let tables = self.tables.of(&vpc.id).map(|(_, table)| table);
        let table = logic::vpc::table_of(id, spec, tables.collect::<Vec<_>>());
        let routes = table.map(|table| routes::routes(read, vpc, table, self.lists(&vpc.region))).transpose()?;
        let holds = |associations: &[(String, String)]| associations.iter().any(|(subnet, _)| subnet == id);
        let acl = self.acls.of(&vpc.id).find(|(_, acl)| holds(&acl.associations));
        Ok(network::Subnet {
            routes: routes.unwrap_or_default(),
            acl: acl.map(|(key, _)| key.id.clone()),
            ipv6: spec.ipv6.iter().map(|own| own.cidr).collect(),
            ..network::Subnet::new(id, spec.cidr)
        })
    }
}

/// The blocks of a VPC, of either family.
pub fn blocks(vpc: &VpcSpec) -> Vec<IpCidr> {
    vpc.cidrs().map(IpCidr::from).chain(vpc.ipv6.iter().map(|own| own.cidr.into())).collect()
}

/// Records by the VPC that they are of.
struct ByVpc<R: Record> {
    all: Specs<R>,
    places: BTreeMap<String, Vec<usize>>,
}

impl<R: Record> ByVpc<R> {
    fn read(read: &impl Read, vpc: fn(&R::Spec) -> &str) -> Result<Self, StoreError> {
        let all = read.specs::<R>(Scope::All)?;
        let mut places = BTreeMap::<String, Vec<usize>>::new();
        for (place, (_, spec)) in all.iter().enumerate() {
            places.entry(vpc(spec).to_owned()).or_default().push(place);
        }
        Ok(Self { all, places })
    }

    fn of(&self, vpc: &str) -> impl Iterator<Item = (&Key<R>, &R::Spec)> {
        let places = self.places.get(vpc).map(Vec::as_slice).unwrap_or_default();
        places.iter().map(|place| (&self.all[*place].0, &*self.all[*place].1))
    }
}

/// The interface, if it is plugged into something.
fn interface(id: &str, spec: &NetworkInterfaceSpec) -> Option<network::Interface> {
    let attachment = match spec.attachment.as_ref()?.to.clone() {
        AttachedTo::Workload(workload) => network::Attachment::Workload(workload),
        AttachedTo::ContainerHost(host) => network::Attachment::Instance(host),
        AttachedTo::Instance(instance) => network::Attachment::Machine(instance),
        AttachedTo::Edge => network::Attachment::Edge,
        AttachedTo::NatGateway(gateway) => network::Attachment::NatGateway(gateway),
    };
    let address = |it: &PrivateAddress| network::PrivateAddress { address: it.address, public_address: it.public_address };
    Some(network::Interface {
        id: id.into(),
        subnet: spec.subnet.clone(),
        address: spec.address,
        public_address: spec.public_address,
        secondary: spec.secondary.iter().map(address).collect(),
        ipv6: spec.ipv6.clone(),
        source_dest_check: spec.source_dest_check,
        mac: spec.mac.clone(),
        groups: spec.groups.clone(),
        attachment,
    })
}

/// The other side of an active connection, if the VPC is one of its sides.
fn peer<'a>(key: &Key<VpcPeering>, spec: &'a VpcPeeringSpec, vpc: &Key<Vpc>) -> Option<&'a PeeredVpc> {
    let here = (&key.account, &key.region) == (&vpc.account, &vpc.region);
    let other = match (spec.requester.vpc == vpc.id, spec.accepter.vpc == vpc.id) {
        (true, _) => &spec.accepter,
        (_, true) => &spec.requester,
        _ => return None,
    };
    (here && spec.status == PeeringStatus::Active).then_some(other)
}

fn flow_log(id: &str, spec: &FlowLogSpec) -> Option<network::FlowLog> {
    let (kind, _) = spec.resource.split_once('-')?;
    Some(network::FlowLog {
        id: id.into(),
        source: match kind {
            "vpc" => network::FlowSource::Vpc,
            "subnet" => network::FlowSource::Subnet(spec.resource.clone()),
            _ => network::FlowSource::Interface(spec.resource.clone()),
        },
        traffic: match spec.traffic {
            FlowTraffic::Accept => network::Traffic::Accept,
            FlowTraffic::Reject => network::Traffic::Reject,
            FlowTraffic::All => network::Traffic::All,
        },
        interval_seconds: spec.interval_seconds,
    })
}

fn dhcp(spec: &DhcpOptionsSpec) -> network::DhcpOptions {
    let addresses = |name| spec.get(name).unwrap_or_default().iter().filter_map(|text| text.parse().ok()).collect();
    network::DhcpOptions {
        name_servers: addresses("domain-name-servers"),
        domain: spec.get("domain-name").and_then(|names| names.first().cloned()),
        ntp_servers: addresses("ntp-servers"),
    }
}
