//! What virtual machines are told by DHCP: an interface's address is given to whoever has its hardware address, in its VPC.

use super::attached;
use agent_proto::edge::Lease;
use logic::vpc::instance_dns_name;
use model::{
    Key,
    ec2::{DhcpOptions, Instance, InstanceSpec, InstanceState, MachineKind, NetworkInterfaceSpec, Subnet, Vpc},
};
use spine::{Read, Scope, StoreError};
use std::{collections::BTreeMap, net::Ipv4Addr};

/// The largest packet of a VPC's links.
const MTU: u16 = 1500;

/// What is told in each VPC that has virtual machines, by hardware address.
pub fn leases(read: &impl Read) -> Result<BTreeMap<String, BTreeMap<String, Lease>>, StoreError> {
    let mut found: BTreeMap<String, BTreeMap<String, Lease>> = BTreeMap::new();
    let interfaces = attached(read)?;
    for (key, row) in read.list::<Instance>(Scope::All)? {
        let is_off = matches!(row.plan.state, InstanceState::Stopped | InstanceState::Terminated);
        if row.spec.boot.machine != MachineKind::Guest || is_off {
            continue;
        }
        for (_, interface) in interfaces.get(&key.id).into_iter().flatten() {
            if let Some(lease) = lease(read, &key, &row.spec, interface)? {
                found.entry(interface.vpc.clone()).or_default().insert(interface.mac.clone(), lease);
            }
        }
    }
    Ok(found)
}

fn lease(
    read: &impl Read,
    place: &Key<Instance>,
    spec: &InstanceSpec,
    interface: &NetworkInterfaceSpec,
) -> Result<Option<Lease>, StoreError> {
    let subnet = read.spec(&Key::<Subnet>::new(&place.account, &place.region, interface.subnet.clone()))?;
    let vpc = read.spec(&Key::<Vpc>::new(&place.account, &place.region, interface.vpc.clone()))?;
    let (Some(subnet), Some(vpc)) = (subnet, vpc) else { return Ok(None) };
    let options = read.spec(&Key::<DhcpOptions>::new(&place.account, &place.region, vpc.dhcp_options.clone()))?;
    let texts = |name| options.as_ref().and_then(|options| options.get(name)).unwrap_or_default();
    let addresses = |name| texts(name).iter().filter_map(|text| text.parse().ok()).collect::<Vec<Ipv4Addr>>();
    // `AmazonProvidedDNS` is no address: it is the VPC's own, at its base plus two.
    let mut name_servers = addresses("domain-name-servers");
    if name_servers.is_empty() {
        name_servers.extend(vpc.cidr.nth(2));
    }
    let name = instance_dns_name(&spec.private_dns, &place.id, interface.address, &place.region);
    let (host, domain) = name.split_once('.').unwrap_or((&name, ""));
    let Some(gateway) = subnet.cidr.nth(1) else { return Ok(None) };
    Ok(Some(Lease {
        address: interface.address,
        prefix: subnet.cidr.prefix,
        gateway,
        name_servers,
        domain: Some(texts("domain-name").first().cloned().unwrap_or_else(|| domain.to_owned())),
        host_name: host.to_owned(),
        ntp_servers: addresses("ntp-servers"),
        mtu: MTU,
        ipv6: interface.ipv6.clone(),
    }))
}
