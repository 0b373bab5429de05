//! What instances find at their metadata service: from records to the edge's table (pure), and the reconcilers that give instances the
//! credentials of their roles and the documents that say who they are.
//!
//! * `events`: what is planned. * `leases`: what virtual machines are told by DHCP. * `tree`: the values of one instance. * `identity`: the instance identity document and its signatures. * `profiles`: credentials.

mod events;
mod identity;
mod leases;
mod profiles;
mod tree;

pub use identity::Identities;
pub use leases::leases;
pub use profiles::Profiles;

use agent_proto::edge::{InstanceMetadata, InstanceMetadataService, RoleCredentials};
use front::current_credentials;
use logic::packet_filter::{API_PORT, INSTANCE_METADATA, TASK_METADATA};
use model::{
    Key, Record,
    ec2::{
        AttachedTo, DhcpOptions, Instance, InstanceIdentity, InstanceState, NetworkInterface, PushedKey, SecurityGroup, Subnet,
        Volume, Vpc,
    },
    iam::{InstanceProfile, Named, Role, WorkloadCredentials},
};
use spine::{Read, Row, Scope, Specs, StoreError};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddrV4},
};

/// The kinds of records that [`instance_metadata`] and [`leases`] read. (An access key is made together with the record that names it.)
pub const METADATA_KINDS: &[&str] = &[
    Instance::KIND,
    NetworkInterface::KIND,
    Subnet::KIND,
    Vpc::KIND,
    Volume::KIND,
    SecurityGroup::KIND,
    InstanceProfile::KIND,
    WorkloadCredentials::KIND,
    InstanceIdentity::KIND,
    PushedKey::KIND,
    DhcpOptions::KIND,
];

/// What the instances of each VPC find, by the VPC's id.
pub fn instance_metadata(read: &impl Read) -> Result<BTreeMap<String, InstanceMetadataService>, StoreError> {
    let mut found = BTreeMap::new();
    let interfaces = attached(read)?;
    for (key, row) in read.list::<Instance>(Scope::All)? {
        if matches!(row.plan.state, InstanceState::Stopped | InstanceState::Terminated) {
            continue;
        }
        let Some(own) = interfaces.get(&key.id) else { continue };
        for (_, interface) in own {
            let service = found.entry(interface.vpc.clone()).or_insert_with(nothing);
            service.addresses.extend(addresses(interface).map(|address| (address, key.id.clone())));
        }
        let service = found.entry(row.spec.vpc.clone()).or_insert_with(nothing);
        service.instances.insert(key.id.clone(), metadata(read, &key, &row, own)?);
    }
    Ok(found)
}

fn nothing() -> InstanceMetadataService {
    InstanceMetadataService {
        at: SocketAddrV4::new(INSTANCE_METADATA, 80),
        api_at: SocketAddrV4::new(TASK_METADATA, API_PORT),
        addresses: BTreeMap::new(),
        instances: BTreeMap::new(),
    }
}

/// The interfaces of each instance, by its id.
fn attached(read: &impl Read) -> Result<BTreeMap<String, Specs<NetworkInterface>>, StoreError> {
    let mut found: BTreeMap<String, Specs<NetworkInterface>> = BTreeMap::new();
    for (key, interface) in read.specs::<NetworkInterface>(Scope::All)? {
        if let Some(AttachedTo::Instance(id)) = interface.attachment.as_ref().map(|attachment| attachment.to.clone()) {
            found.entry(id).or_default().push((key, interface));
        }
    }
    for interfaces in found.values_mut() {
        interfaces.sort_by_key(|(_, interface)| tree::device(interface));
    }
    Ok(found)
}

fn addresses(interface: &model::ec2::NetworkInterfaceSpec) -> impl Iterator<Item = Ipv4Addr> + '_ {
    interface.addresses().map(|it| it.address)
}

fn metadata(
    read: &impl Read,
    key: &Key<Instance>,
    row: &Row<Instance>,
    interfaces: &Specs<NetworkInterface>,
) -> Result<InstanceMetadata, StoreError> {
    let tree = tree::Tree::of(read, key, row, interfaces)?;
    let role = role(read, key)?;
    let options = &row.spec.metadata;
    Ok(InstanceMetadata {
        enabled: options.enabled,
        tokens_required: options.tokens_required,
        hop_limit: u8::try_from(options.hop_limit).unwrap_or(1),
        listings: tree.listings(),
        values: tree.values(role.is_some()),
        user_data: row.spec.user_data.clone(),
        role,
    })
}

/// The credentials of the instance's role, by the role's name.
fn role(read: &impl Read, key: &Key<Instance>) -> Result<Option<(String, RoleCredentials)>, StoreError> {
    let Some(row) = read.get(&credentials_key(key))? else { return Ok(None) };
    let Some(now) = current_credentials(read, &row)? else { return Ok(None) };
    let name = row.spec.role.rsplit('/').next().unwrap_or_default().to_owned();
    let given = RoleCredentials {
        // The service asks whose an address is before it gives anything.
        sources: Default::default(),
        role_arn: row.spec.role.clone(),
        access_key_id: now.access_key_id,
        secret_access_key: now.secret_access_key,
        token: now.token,
        issued: now.issued,
        expiration: now.expiration,
    };
    Ok(Some((name, given)))
}

/// Where the credentials of an instance's role stand.
fn credentials_key(instance: &Key<Instance>) -> Key<WorkloadCredentials> {
    Key::new(&instance.account, &instance.region, format!("ec2/{}", instance.id))
}

/// The role of an instance profile: its name and its ARN.
fn role_of(read: &impl Read, instance: &Key<Instance>, profile: &str) -> Result<Option<(String, String)>, StoreError> {
    let profile = read.spec(&Key::<InstanceProfile>::named(&instance.account, profile))?;
    let Some(role) = profile.and_then(|profile| profile.role.clone()) else { return Ok(None) };
    let role = read.spec(&Key::<Role>::named(&instance.account, &role))?;
    Ok(role.map(|role| (role.name.clone(), Role::arn(&instance.account, &role).to_string())))
}
