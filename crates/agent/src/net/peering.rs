//! Peering connections: a link between the routers of two VPCs.
//!
//! What goes over it is for the routes of the subnets on both sides to say. A router takes from the link what bears the other VPC's
//! addresses and is for an interface of its own; nothing is passed on further.

use super::error::Result;
use super::names::{self, Places};
use super::plug::ROUTER;
use super::space::{End, Space, pair};
use super::{parameters, router};
use agent_proto::network::{Peering, Vpc};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Who is at the other end of every such link, as routes have it. Nobody has this address: both sides know the hardware address behind it,
/// which is all that a route needs a gateway for.
pub(crate) const FAR_END: Ipv4Addr = Ipv4Addr::new(169, 254, 0, 5);

/// The same of IPv6.
pub(crate) const IPV6_FAR_END: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 5);

/// Joins the routers of the VPCs that are peered and both here, and no others. Answers what could not be done, by VPC id.
pub(crate) async fn ensure(places: &Places, vpcs: &[Vpc]) -> BTreeMap<String, super::error::Error> {
    let mut faults = BTreeMap::new();
    for vpc in vpcs {
        let both = vpc.peerings.iter().filter_map(|peering| Some((peering, other_side(vpcs, vpc, peering)?)));
        let both: Vec<_> = both.collect();
        let wanted = both.iter().map(|(peering, _)| names::peering(&peering.id)).collect();
        faults.extend(collect(places, vpc, &wanted).await.err().map(|error| (vpc.id.clone(), error)));
        for (peering, other) in both.iter().filter(|(peering, _)| vpc.id < peering.vpc) {
            faults.extend(join(places, vpc, other, &peering.id).await.err().map(|error| (vpc.id.clone(), error)));
        }
    }
    faults
}

/// The other VPC, if it knows of the connection too.
fn other_side<'a>(vpcs: &'a [Vpc], vpc: &Vpc, peering: &Peering) -> Option<&'a Vpc> {
    let other = vpcs.iter().find(|it| it.id == peering.vpc)?;
    other.peerings.iter().any(|it| it.id == peering.id && it.vpc == vpc.id).then_some(other)
}

async fn join(places: &Places, one: &Vpc, two: &Vpc, peering: &str) -> Result<()> {
    let (near, far) = (router::open(places, &one.id)?, router::open(places, &two.id)?);
    let name = names::peering(peering);
    let whole = match (near.ends(&name).await?, far.ends(&name).await?) {
        (Some((near, other, _)), Some((far, back, _))) => (other, back) == (Some(far), Some(near)),
        _ => false,
    };
    if !whole {
        near.delete_link(&name).await?;
        far.delete_link(&name).await?;
        let end = |space| End { space, name: &name, mac: Some(ROUTER) };
        pair(end(&near), end(&far)).await?;
    }
    let ipv6 = !one.ipv6.is_empty() && !two.ipv6.is_empty();
    for router in [&near, &far] {
        let link = router.need(&name).await?;
        router.set_neighbour(link, FAR_END.into(), ROUTER).await?;
        if ipv6 {
            parameters::speak_ipv6(router.namespace(), &name)?;
            router.set_neighbour(link, IPV6_FAR_END.into(), ROUTER).await?;
        }
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
