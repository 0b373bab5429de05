//! What the steps of an instance do to its interfaces and volumes.

use super::near;
use crate::{instances::load::belongings, vpc::remove_interface};
use logic::vpc::{ELASTIC_POOL, free_public_address};
use model::{
    Env, Key,
    ec2::{Instance, InstanceSpec, NetworkInterface, NetworkInterfaceSpec},
};
use spine::{Read, Scope, StoreError, Tx};
use std::{collections::BTreeSet, net::Ipv4Addr};

/// Gives the primary interface a public address, if it is to have one with each start and has none: not even an Elastic one. Where all are
/// taken it starts without.
pub fn give_public_address(tx: &mut Tx, env: &Env, key: &Key<Instance>, spec: &InstanceSpec) -> Result<(), StoreError> {
    if !spec.public_address {
        return Ok(());
    }
    let found = belongings(tx, key, spec)?;
    let Some((id, primary)) = found.interfaces.first().filter(|(_, primary)| primary.public_address.is_none()) else {
        return Ok(());
    };
    let all = tx.specs::<NetworkInterface>(Scope::All)?;
    let taken: BTreeSet<Ipv4Addr> = all.iter().flat_map(|(_, it)| it.addresses()).filter_map(|it| it.public_address).collect();
    let address = free_public_address(&env.hex(17), &taken).ok();
    tx.put_spec(
        &near::<NetworkInterface>(key, id),
        &NetworkInterfaceSpec { public_address: address, ..NetworkInterfaceSpec::clone(primary) },
    )
}

/// Takes the public addresses that are nobody's: those that aren't Elastic.
pub fn release_public_addresses(tx: &mut Tx, key: &Key<Instance>, spec: &InstanceSpec) -> Result<(), StoreError> {
    for (id, interface) in belongings(tx, key, spec)?.interfaces {
        if interface.public_address.is_some_and(|address| !ELASTIC_POOL.contains(address)) {
            let key = near::<NetworkInterface>(key, &id);
            tx.put_spec(&key, &NetworkInterfaceSpec { public_address: None, ..NetworkInterfaceSpec::clone(&interface) })?;
        }
    }
    Ok(())
}

/// Takes the interfaces from an instance that has ended: those that go with it are deleted, the rest is free. The reconciler of volumes does
/// the same with its volumes, as soon as it sees the end.
pub fn release(tx: &mut Tx, key: &Key<Instance>, spec: &InstanceSpec) -> Result<(), StoreError> {
    let found = belongings(tx, key, spec)?;
    for (id, interface) in found.interfaces {
        let key = near::<NetworkInterface>(key, &id);
        if interface.attachment.as_ref().is_some_and(|attachment| attachment.delete_on_termination) {
            remove_interface(tx, &key)?;
        } else {
            let elastic = interface.public_address.filter(|address| ELASTIC_POOL.contains(*address));
            let free =
                NetworkInterfaceSpec { attachment: None, public_address: elastic, ..NetworkInterfaceSpec::clone(&interface) };
            tx.put_spec(&key, &free)?;
        }
    }
    Ok(())
}
