//! Attributes that are those of the one interface that an instance has.

use crate::{
    errors::dry_run,
    instances::load::{self, Loaded},
    records::{Named, find, key},
};
use front::{Answer, Cx};
use model::ec2::{Instance, NetworkInterface, SecurityGroup};
use spine::Tx;
use wire::Fault;

/// The only interface; of an instance with several, each has its own attributes.
fn only_interface(cx: &Cx, tx: &Tx, loaded: &Loaded) -> Answer<Named<NetworkInterface>> {
    let mut interfaces = load::belongings(tx, &key::<Instance>(cx, &loaded.id), &loaded.spec)?.interfaces;
    match (interfaces.pop(), interfaces.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => {
            let message = format!(
                "There are multiple interfaces attached to instance '{}'. Please specify an interface ID for the operation instead.",
                loaded.id
            );
            Err(Fault::client("InvalidInstanceID", message))
        }
    }
}

/// Puts the instance into other security groups.
pub fn set_groups(cx: &Cx, tx: &mut Tx, loaded: &Loaded, groups: &[String], dry: Option<bool>) -> Answer<()> {
    let (id, interface) = only_interface(cx, tx, loaded)?;
    for group in groups {
        if find::<SecurityGroup>(cx, tx, group)?.vpc != interface.vpc {
            let message = format!("You have specified two resources that belong to different networks: {group} and {id}.");
            return Err(Fault::client("InvalidGroup.NotFound", message));
        }
    }
    dry_run(dry)?;
    Ok(tx.update_spec(&key::<NetworkInterface>(cx, id), |interface| interface.groups = groups.to_vec())?)
}

/// Lets the instance pass on what isn't for it, or not.
pub fn set_source_dest_check(cx: &Cx, tx: &mut Tx, loaded: &Loaded, check: bool, dry: Option<bool>) -> Answer<()> {
    let (id, _) = only_interface(cx, tx, loaded)?;
    dry_run(dry)?;
    Ok(tx.update_spec(&key::<NetworkInterface>(cx, id), |interface| interface.source_dest_check = check)?)
}
