//! Reading EC2's records where a call stands.

pub use front::records::{Named, all, key};

use super::{tagged::Tagged, views::Place};
use front::Cx;
use model::ec2::{KeyPair, PlacementGroup, SecurityGroup, Vpc};
use spine::Read;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use wire::Fault;

/// Where things are shown in answer to a call.
pub fn place(cx: &Cx) -> Place<'_> {
    Place { account: &cx.account, region: &cx.region }
}

/// The spec of the resource with that id, which has to be there.
pub fn find<R: Tagged>(cx: &Cx, read: &impl Read, id: &str) -> Result<Arc<R::Spec>, Fault> {
    // The store takes no such keys, and there is nothing under them.
    if id.is_empty() || id.len() > 255 {
        return Err(R::RESOURCE.absent(id));
    }
    read.spec(&key::<R>(cx, id))?.ok_or_else(|| R::RESOURCE.absent(id))
}

/// The records that are asked for: those with the ids, as far as they are there, in their order; without ids, all. No other is read.
pub fn chosen<R: Tagged>(cx: &Cx, read: &impl Read, ids: Option<&[String]>) -> Result<Vec<Named<R>>, Fault> {
    let Some(ids) = ids.filter(|ids| !ids.is_empty()) else { return all::<R>(cx, read) };
    ids.iter().try_for_each(|id| R::RESOURCE.check(id))?;
    let mut found = Vec::new();
    for id in ids.iter().collect::<BTreeSet<_>>() {
        found.extend(read.spec(&key::<R>(cx, id))?.map(|spec| (id.clone(), spec)));
    }
    Ok(found)
}

/// The default VPC, if it is still there.
pub fn default_vpc(cx: &Cx, read: &impl Read) -> Result<Option<Named<Vpc>>, Fault> {
    Ok(all::<Vpc>(cx, read)?.into_iter().find(|(_, vpc)| vpc.is_default))
}

/// The security group of that name in a VPC.
pub fn group_named(cx: &Cx, read: &impl Read, vpc: &str, name: &str) -> Result<Option<Named<SecurityGroup>>, Fault> {
    Ok(all::<SecurityGroup>(cx, read)?.into_iter().find(|(_, group)| group.vpc == vpc && group.name == name))
}

/// The key pair of that name.
pub fn key_pair_named(cx: &Cx, read: &impl Read, name: &str) -> Result<Option<Named<KeyPair>>, Fault> {
    Ok(all::<KeyPair>(cx, read)?.into_iter().find(|(_, pair)| pair.name == name))
}

/// The placement group of that name.
pub fn placement_group_named(cx: &Cx, read: &impl Read, name: &str) -> Result<Option<Named<PlacementGroup>>, Fault> {
    Ok(all::<PlacementGroup>(cx, read)?.into_iter().find(|(_, group)| group.name == name))
}

/// The names of all security groups, by id.
pub fn group_names(cx: &Cx, read: &impl Read) -> Result<BTreeMap<String, String>, Fault> {
    Ok(all::<SecurityGroup>(cx, read)?.into_iter().map(|(id, group)| (id, group.name.clone())).collect())
}
