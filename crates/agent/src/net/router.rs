//! A VPC's router: a namespace that owns the addresses of the VPC's services and load balancers, and through which everything
//! goes that goes from one interface to another.

use super::describe::{describe, subnet, takes_others};
use super::error::{Error, Result};
use super::names::{self, Places};
use super::plug::{self, Plug};
use super::space::{Space, Way};
use super::{filter, internet, parameters, peering};
use agent_proto::network::{Attachment, Interface, Vpc};
use logic::packet_filter::{INSTANCE_METADATA, INTERNET_LINK, NAME_SERVER, TASK_METADATA, exits, vpc_ruleset};
use model::Cidr;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// A VPC that is wished for, and what its packet filter has to know of it.
pub(crate) struct Wish<'a> {
    /// The VPC.
    pub(crate) vpc: &'a Vpc,
    filter: logic::packet_filter::Vpc,
}

impl<'a> Wish<'a> {
    /// All of them.
    pub(crate) fn of(vpcs: &'a [Vpc]) -> Vec<Self> {
        vpcs.iter().map(|vpc| Self { vpc, filter: describe(vpc, vpcs) }).collect()
    }
}

/// Makes the VPC's router what the VPC says, but for the ways out of it, which are made last. It forwards nothing before its filter is
/// loaded, and addresses that have changed hands lead nowhere wrong before it is. `before_change` is waited for before another filter takes
/// the place of the one that is loaded.
pub(crate) async fn ensure(places: &Places, wish: &Wish<'_>, before_change: impl Future<Output = ()>) -> Result<Space> {
    let vpc = wish.vpc;
    let (router, _) = Space::ensure(&places.vpc(&vpc.id))?;
    parameters::prepare_router(router.namespace())?;
    let filter = filter::Ruleset::of(vpc_ruleset(&wish.filter));
    if !filter.is_loaded(&router).await? {
        before_change.await;
        readdress(&router, vpc).await?;
        filter.load(&router).await?;
    }
    let loopback = router.loopback().await?;
    router.set_addresses(loopback, &own_addresses(vpc)).await?;
    for cidr in vpc.cidrs() {
        router.set_route(cidr, Way::Nowhere).await?;
    }
    router.set_route(Cidr::ANY, Way::Aside).await?;
    parameters::forward(router.namespace())?;
    Ok(router)
}

/// Makes the ways out of the VPC's subnets: for each a mark, and a table with a single route. What is not there yet leads nowhere.
pub(crate) async fn ensure_exits(places: &Places, wish: &Wish<'_>) -> Result<()> {
    let vpc = wish.vpc;
    let router = open(places, &vpc.id)?;
    let (exits, marks) = (exits(&wish.filter), router.marks().await?);
    for gone in marks.iter().filter(|mark| !exits.values().any(|exit| exit == *mark)) {
        router.delete_mark(*gone).await?;
    }
    for (link, exit) in &exits {
        let way = match router.link(link).await? {
            Some(index) => gateway(vpc, link).map_or(Way::Nowhere, |gateway| Way::Gateway(index, gateway)),
            None => Way::Nowhere,
        };
        router.set_route_in((*exit).into(), Cidr::ANY, way).await?;
        if !marks.contains(exit) {
            router.add_mark(*exit).await?;
        }
    }
    Ok(())
}

/// Who is at the other end of a way out.
fn gateway(vpc: &Vpc, link: &str) -> Option<Ipv4Addr> {
    if link == INTERNET_LINK {
        return Some(internet::HUB.address);
    }
    if vpc.peerings.iter().any(|it| names::peering(&it.id) == link) {
        return Some(peering::FAR_END);
    }
    vpc.interfaces.iter().find(|it| names::port(&it.id) == link).map(|it| it.address)
}

/// Sends what is for the interfaces' addresses into the links that are there, and what is for addresses that they no longer have nowhere.
async fn readdress(router: &Space, vpc: &Vpc) -> Result<()> {
    let (links, routes) = (router.links().await?, router.routes().await?);
    let plugged = vpc.interfaces.iter().filter_map(|it| Some((*links.get(&names::port(&it.id))?, it)));
    let plugged: BTreeMap<_, _> = plugged.collect();
    let has = |link: &u32, to: &Cidr| plugged.get(link).is_some_and(|it| it.addresses().any(|own| own.address == to.address));
    for (to, link) in routes.iter().filter(|(to, link)| plugged.contains_key(link) && !has(link, to)) {
        router.delete_route(*to, Way::Link(*link)).await?;
    }
    for (link, interface) in plugged {
        for address in interface.addresses().map(|it| Cidr { address: it.address, prefix: 32 }) {
            if !routes.contains(&(address, link)) {
                router.set_neighbour(link, address.address, plug::mac(&interface.mac)?).await?;
                router.set_route(address, Way::Link(link)).await?;
            }
        }
    }
    Ok(())
}

/// The VPC's router, which has to be there.
pub(crate) fn open(places: &Places, vpc: &str) -> Result<Space> {
    Space::open(&places.vpc(vpc))?.ok_or_else(|| Error::Refused(format!("the network of {vpc} is not up")))
}

/// How an interface of the VPC is plugged into its router, as `eth<device>` of whatever it is plugged into.
pub(crate) fn plug_of(vpc: &Vpc, interface: &Interface, device: u32) -> Result<Plug> {
    let subnet =
        subnet(vpc, interface).ok_or_else(|| Error::Refused(format!("{} is in no subnet of {}", interface.id, vpc.id)))?;
    let gateway = subnet.cidr.nth(1).ok_or_else(|| Error::Refused(format!("{} is too small for a router", subnet.id)))?;
    let port = names::port(&interface.id);
    Ok(Plug {
        exit: takes_others(interface).then(|| exits(&describe(vpc, &[])).get(&port).copied()).flatten(),
        port,
        device,
        mac: plug::mac(&interface.mac)?,
        addresses: interface.addresses().map(|it| Cidr { address: it.address, prefix: subnet.cidr.prefix }).collect(),
        gateway,
    })
}

/// The VPC's name server: its base plus two.
pub(crate) fn name_server(vpc: &Vpc) -> Ipv4Addr {
    vpc.cidr.nth(2).unwrap_or(NAME_SERVER)
}

/// The name servers that the VPC's interfaces are told of.
pub(crate) fn name_servers(vpc: &Vpc) -> Vec<IpAddr> {
    match vpc.dhcp.name_servers.as_slice() {
        [] => vec![IpAddr::V4(name_server(vpc))],
        others => others.to_vec(),
    }
}

/// Whether anything is plugged into the router, by workloads that have not left or instances that are in use.
pub(crate) async fn is_in_use(router: &Space) -> Result<bool> {
    Ok(router.links().await?.keys().any(|name| name.starts_with('h')))
}

/// Each subnet's gateway, the name servers, the metadata services, and the load balancers. In order, each once.
fn own_addresses(vpc: &Vpc) -> Vec<Cidr> {
    let gateways = vpc.subnets.iter().filter_map(|subnet| subnet.cidr.nth(1));
    let services = [name_server(vpc), NAME_SERVER, INSTANCE_METADATA, TASK_METADATA];
    let edge = vpc.interfaces.iter().filter(|it| it.attachment == Attachment::Edge).flat_map(Interface::addresses);
    let edge = edge.map(|it| it.address);
    let mut addresses: Vec<_> = gateways.chain(services).chain(edge).map(|address| Cidr { address, prefix: 32 }).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}
