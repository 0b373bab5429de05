//! Managed prefix lists: those of users, and AWS's own.

mod ops;
mod views;

pub use views::{GATEWAY_SERVICES, aws_blocks, aws_list_id};

use crate::{
    access::{self, TAG},
    records::{all, find, key},
    resource::Resource,
};
use api::ec2::{
    self, CreateManagedPrefixListRequest, DeleteManagedPrefixListRequest, GetManagedPrefixListAssociationsRequest,
    GetManagedPrefixListEntriesRequest, ModifyManagedPrefixListRequest,
};
use front::{Cx, Service};
use model::{
    Cidr, Region,
    ec2::{Destination, Peer, PrefixList, RouteTable, SecurityGroup},
};
use spine::{Read, Specs, Tx};
use wire::Fault;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateManagedPrefixList>(
            access::on(|cx, _: &CreateManagedPrefixListRequest| vec![access::one(cx, Resource::PREFIX_LIST, "*")])
                .tagging(TAG, |cx, i| access::tagging(cx, Resource::PREFIX_LIST, i.tag_specifications.as_deref())),
            ops::create,
        )
        .op::<ec2::ModifyManagedPrefixList>(
            access::on(|cx, i: &ModifyManagedPrefixListRequest| vec![access::one(cx, Resource::PREFIX_LIST, &i.prefix_list_id)]),
            ops::modify,
        )
        .op::<ec2::RestoreManagedPrefixListVersion>(
            access::on(|cx, i| vec![access::one(cx, Resource::PREFIX_LIST, &i.prefix_list_id)]),
            ops::restore,
        )
        .op::<ec2::DeleteManagedPrefixList>(
            access::on(|cx, i: &DeleteManagedPrefixListRequest| vec![access::one(cx, Resource::PREFIX_LIST, &i.prefix_list_id)]),
            ops::delete,
        )
        .op::<ec2::DescribeManagedPrefixLists>(access::all(), views::describe)
        .op::<ec2::DescribePrefixLists>(access::all(), views::describe_aws)
        .op::<ec2::GetManagedPrefixListEntries>(
            access::on(|cx, i: &GetManagedPrefixListEntriesRequest| {
                vec![access::one(cx, Resource::PREFIX_LIST, &i.prefix_list_id)]
            }),
            views::entries,
        )
        .op::<ec2::GetManagedPrefixListAssociations>(
            access::on(|cx, i: &GetManagedPrefixListAssociationsRequest| {
                vec![access::one(cx, Resource::PREFIX_LIST, &i.prefix_list_id)]
            }),
            views::associations,
        )
}

/// The prefix lists that are known in a region, for whoever needs their blocks.
#[derive(Clone, Copy)]
pub struct Lists<'a> {
    /// The region.
    pub region: &'a Region,
    /// The users' lists, of all regions.
    pub own: &'a Specs<PrefixList>,
}

impl Lists<'_> {
    /// The blocks of the list of that id; none of one that isn't there.
    pub fn blocks(&self, id: &str) -> Vec<Cidr> {
        match self.own.iter().find(|(key, _)| key.id == id) {
            Some((_, list)) => list.entries().iter().map(|entry| entry.cidr).collect(),
            None => aws_blocks(self.region, id).unwrap_or_default(),
        }
    }
}

/// The list that a route or a rule names has to be there.
pub fn check(cx: &Cx, tx: &Tx, id: &str) -> Result<(), Fault> {
    if views::aws_lists(cx).iter().any(|list| list.id == id) {
        return Ok(());
    }
    find::<PrefixList>(cx, tx, id).map(drop)
}

/// What names a list in its rules or routes: security groups and route tables.
fn users(cx: &Cx, read: &impl Read, id: &str) -> Result<Vec<String>, Fault> {
    let group = |peer: &Peer| matches!(peer, Peer::PrefixList(list) if list == id);
    let route = |destination: &Destination| matches!(destination, Destination::PrefixList(list) if list == id);
    let groups = all::<SecurityGroup>(cx, read)?.into_iter();
    let groups = groups.filter(|(_, it)| it.rules.iter().any(|rule| group(&rule.permission.peer))).map(|(id, _)| id);
    let tables = all::<RouteTable>(cx, read)?.into_iter();
    let tables = tables.filter(|(_, it)| it.routes.iter().any(|it| route(&it.destination))).map(|(id, _)| id);
    Ok(tables.chain(groups).collect())
}

/// The user's list with that id; AWS's own can't be changed.
fn own(cx: &Cx, tx: &Tx, id: &str) -> Result<std::sync::Arc<model::ec2::PrefixListSpec>, Fault> {
    if views::aws_lists(cx).iter().any(|list| list.id == id) {
        let message = format!("You are not authorized to change the prefix list '{id}', which AWS owns");
        return Err(Fault::client("UnauthorizedOperation", message).status(403));
    }
    tx.spec(&key::<PrefixList>(cx, id))?.ok_or_else(|| Resource::PREFIX_LIST.absent(id))
}
