//! What the edge gives to tasks at their link-local address: from records to its table. Pure.

use super::load::hosted_key;
use agent_proto::{
    edge::{Metadata, RoleCredentials},
    record::Hosted,
    workload::Network,
};
use front::current_credentials;
use logic::packet_filter::{API_PORT, TASK_METADATA};
use model::{
    Key, Record,
    ec2::{ContainerHost, NetworkInterface},
    iam::WorkloadCredentials,
};
use spine::{Read, Row, Scope, StoreError};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddrV4},
};

/// The kinds of records that [`metadata`] reads. (A key is made together with the record that names it.)
pub const METADATA_KINDS: &[&str] = &[Hosted::KIND, NetworkInterface::KIND, ContainerHost::KIND, WorkloadCredentials::KIND];

/// What workloads find, by VPC id, for each VPC that has any.
pub fn metadata(read: &impl Read) -> Result<BTreeMap<String, Metadata>, StoreError> {
    let mut found = BTreeMap::new();
    let mut addresses = BTreeMap::new();
    for (key, hosted) in read.specs::<Hosted>(Scope::All)? {
        if let Some((vpc, address)) = place(read, &key, &hosted.workload.network)? {
            found.entry(vpc.clone()).or_insert_with(nothing);
            addresses.insert(key, (vpc, address));
        }
    }
    for (key, row) in read.list::<WorkloadCredentials>(Scope::All)? {
        let Some(task) = key.id.strip_prefix("ecs/") else { continue };
        let place = addresses.get(&hosted_key(&Key::new(&key.account, &key.region, task)));
        let Some((here, address)) = place.and_then(|(vpc, address)| Some((found.get_mut(vpc)?, *address))) else { continue };
        here.credentials.extend(credentials(read, &row, address)?);
    }
    Ok(found)
}

fn nothing() -> Metadata {
    Metadata {
        credentials_at: SocketAddrV4::new(TASK_METADATA, 80),
        api_at: SocketAddrV4::new(TASK_METADATA, API_PORT),
        credentials: BTreeMap::new(),
    }
}

/// The VPC that a workload is in, and the address that its packets bear there: its own, or that of the instance behind which it hides.
fn place(read: &impl Read, key: &Key<Hosted>, network: &Network) -> Result<Option<(String, Ipv4Addr)>, StoreError> {
    let (vpc, interface) = match network {
        Network::Interface { vpc, interface } => (vpc, interface.clone()),
        Network::Host { vpc, instance } | Network::Bridge { vpc, instance } => {
            let instance = read.spec(&Key::<ContainerHost>::new(&key.account, &key.region, instance.clone()))?;
            let Some(instance) = instance else { return Ok(None) };
            (vpc, instance.interface.clone())
        }
        Network::None => return Ok(None),
    };
    let interface = read.spec(&Key::<NetworkInterface>::new(&key.account, &key.region, interface))?;
    Ok(interface.map(|interface| (vpc.clone(), interface.address)))
}

/// The credentials of a task at that address, by their id.
fn credentials(
    read: &impl Read,
    row: &Row<WorkloadCredentials>,
    address: Ipv4Addr,
) -> Result<Option<(String, RoleCredentials)>, StoreError> {
    let now = current_credentials(read, row)?;
    Ok(now.map(|now| {
        let given = RoleCredentials {
            sources: BTreeSet::from([address]),
            role_arn: row.spec.role.clone(),
            access_key_id: now.access_key_id,
            secret_access_key: now.secret_access_key,
            token: now.token,
            issued: now.issued,
            expiration: now.expiration,
        };
        (row.spec.id.clone(), given)
    }))
}
