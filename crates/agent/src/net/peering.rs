//! Peering connections: a link between the routers of two VPCs.
//!
//! What goes over it is for the routes of the subnets on both sides to say. A router takes from the link what bears the other VPC's
//! addresses and is for an interface of its own; nothing is passed on further.

use super::error::Result;
use super::names::{self, Places};
use super::router;
use super::space::{End, Space, pair};
use agent_proto::network::{Peering, Vpc};
use model::Cidr;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// The ends of every such link, of the VPC with the lower id and of the other.
const ENDS: [Ipv4Addr; 2] = [Ipv4Addr::new(169, 254, 0, 5), Ipv4Addr::new(169, 254, 0, 6)];

/// The address at the other end of the link, seen from the VPC.
pub(crate) fn far_end(vpc: &Vpc, peering: &Peering) -> Ipv4Addr {
    ENDS[usize::from(vpc.id < peering.vpc)]
}

fn near_end(vpc: &Vpc, peering: &Peering) -> Ipv4Addr {
    ENDS[usize::from(vpc.id >= peering.vpc)]
}

/// Joins the routers of the VPCs that are peered and both here, and no others. Answers what could not be done, by VPC id.
pub(crate) async fn ensure(places: &Places, vpcs: &[Vpc]) -> BTreeMap<String, super::error::Error> {
    let mut faults = BTreeMap::new();
    for vpc in vpcs {
        let both = vpc.peerings.iter().filter_map(|peering| Some((peering, other_side(vpcs, vpc, peering)?)));
        let both: Vec<_> = both.collect();
        let wanted = both.iter().map(|(peering, _)| names::peering(&peering.id)).collect();
        faults.extend(collect(places, vpc, &wanted).await.err().map(|error| (vpc.id.clone(), error)));
        for (peering, (other, back)) in both.iter().filter(|(peering, _)| vpc.id < peering.vpc) {
            let joined = join(places, (vpc, peering), (other, back)).await;
            faults.extend(joined.err().map(|error| (vpc.id.clone(), error)));
        }
    }
    faults
}

/// The other VPC, and the connection as it sees it.
fn other_side<'a>(vpcs: &'a [Vpc], vpc: &Vpc, peering: &Peering) -> Option<(&'a Vpc, &'a Peering)> {
    let other = vpcs.iter().find(|it| it.id == peering.vpc)?;
    Some((other, other.peerings.iter().find(|it| it.id == peering.id && it.vpc == vpc.id)?))
}

async fn join(places: &Places, one: (&Vpc, &Peering), two: (&Vpc, &Peering)) -> Result<()> {
    let (near, far) = (router::open(places, &one.0.id)?, router::open(places, &two.0.id)?);
    let name = names::peering(&one.1.id);
    let whole = match (near.ends(&name).await?, far.ends(&name).await?) {
        (Some((near, other, _)), Some((far, back, _))) => (other, back) == (Some(far), Some(near)),
        _ => false,
    };
    if !whole {
        near.delete_link(&name).await?;
        far.delete_link(&name).await?;
        pair(End { space: &near, name: &name, mac: None }, End { space: &far, name: &name, mac: None }).await?;
    }
    for (router, address) in [(&near, near_end(one.0, one.1)), (&far, near_end(two.0, two.1))] {
        router.set_addresses(router.need(&name).await?, &[Cidr { address, prefix: 32 }]).await?;
    }
    Ok(())
}

/// Removes the links of connections that are no more.
async fn collect(places: &Places, vpc: &Vpc, wanted: &BTreeSet<String>) -> Result<()> {
    let Some(router) = Space::open(&places.vpc(&vpc.id))? else { return Ok(()) };
    for name in router.links().await?.keys().filter(|name| name.starts_with('p') && !wanted.contains(*name)) {
        router.delete_link(name).await?;
    }
    Ok(())
}
