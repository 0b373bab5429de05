//! A VPC's router: a namespace that owns the addresses of the VPC's services and load balancers, and through which everything
//! goes that goes from one interface to another.

use super::describe::{describe, subnet, takes_others};
use super::error::{Error, Result};
use super::names::{self, Places};
use super::plug::{self, Plug};
use super::space::{Family, Space, Way};
use super::{filter, internet, ipv6, parameters, peering};
use agent_proto::network::{Attachment, Interface, Vpc};
use logic::packet_filter::{INSTANCE_METADATA, INTERNET_LINK, NAME_SERVER, TASK_METADATA, exits, vpc_ruleset};
use model::{Cidr, IpCidr, Ipv6Cidr};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
    for cidr in vpc.cidrs().map(IpCidr::from).chain(vpc.ipv6.iter().copied().map(IpCidr::from)) {
        router.set_route(cidr, Way::Nowhere).await?;
    }
    router.set_route(Cidr::ANY, Way::Aside).await?;
    parameters::forward(router.namespace())?;
    if !vpc.ipv6.is_empty() {
        // Nothing of the router's own speaks IPv6, so that what the routes lead nowhere needs no way aside.
        router.set_route(Ipv6Cidr::ANY, Way::Nowhere).await?;
        parameters::forward_ipv6(router.namespace())?;
    }
    Ok(router)
}

/// Makes the ways out of the VPC's subnets: for each a mark, and a table with a single route. What is not there yet leads nowhere.
pub(crate) async fn ensure_exits(places: &Places, wish: &Wish<'_>) -> Result<()> {
    let vpc = wish.vpc;
    let (router, exits) = (open(places, &vpc.id)?, exits(&wish.filter));
    lead_out(&router, vpc, &exits, Family::V4).await?;
    match vpc.ipv6.is_empty() {
        true => Ok(()),
        false => lead_out(&router, vpc, &exits, Family::V6).await,
    }
}

/// The ways out for packets of a family.
async fn lead_out(router: &Space, vpc: &Vpc, exits: &BTreeMap<String, u16>, family: Family) -> Result<()> {
    let marks = router.marks(family).await?;
    for gone in marks.iter().filter(|mark| !exits.values().any(|exit| exit == *mark)) {
        router.delete_mark(family, *gone).await?;
    }
    for (link, exit) in exits {
        let way = match (router.link(link).await?, gateway(vpc, link, family)) {
            (Some(index), Some(gateway)) => {
                if family == Family::V6 {
                    parameters::speak_ipv6(router.namespace(), link)?;
                }
                Way::Gateway(index, gateway)
            }
            _ => Way::Nowhere,
        };
        router.set_route_in((*exit).into(), family.everything(), way).await?;
        if !marks.contains(exit) {
            router.add_mark(family, *exit).await?;
        }
    }
    Ok(())
}

/// Who is at the other end of a way out.
fn gateway(vpc: &Vpc, link: &str, family: Family) -> Option<IpAddr> {
    let of_family = |ipv4: Ipv4Addr, ipv6: Ipv6Addr| if family == Family::V4 { ipv4.into() } else { ipv6.into() };
    if link == INTERNET_LINK {
        return Some(of_family(internet::HUB.address, ipv6::HUB));
    }
    if vpc.peerings.iter().any(|it| names::peering(&it.id) == link) {
        return Some(of_family(peering::FAR_END, peering::IPV6_FAR_END));
    }
    let interface = vpc.interfaces.iter().find(|it| names::port(&it.id) == link)?;
    match family {
        Family::V4 => Some(interface.address.into()),
        Family::V6 => interface.ipv6.first().map(|address| (*address).into()),
    }
}

/// Sends what is for the interfaces' addresses into the links that are up (one that is just being plugged in or taken out is led by whoever
/// does so), and what is for addresses that they no longer have nowhere.
async fn readdress(router: &Space, vpc: &Vpc) -> Result<()> {
    let (links, routes) = (router.links_up().await?, all_routes(router).await?);
    let plugged = vpc.interfaces.iter().filter_map(|it| Some((*links.get(&names::port(&it.id))?, it)));
    let plugged: BTreeMap<_, _> = plugged.collect();
    let has = |link: &u32, to: &IpCidr| plugged.get(link).is_some_and(|it| hosts(it).any(|own| own == *to));
    for (to, link) in routes.iter().filter(|(to, link)| plugged.contains_key(link) && !has(link, to)) {
        router.delete_route(*to, Way::Link(*link)).await?;
    }
    for (link, interface) in plugged {
        if !interface.ipv6.is_empty() {
            parameters::speak_ipv6(router.namespace(), &names::port(&interface.id))?;
        }
        for address in hosts(interface) {
            if !routes.contains(&(address, link)) {
                router.set_neighbour(link, address.address(), plug::mac(&interface.mac)?).await?;
                router.set_route(address, Way::Link(link)).await?;
            }
        }
    }
    Ok(())
}

/// The interface's addresses of both families as networks of one.
fn hosts(interface: &Interface) -> impl Iterator<Item = IpCidr> {
    let ipv4 = interface.addresses().map(|it| it.address.into());
    ipv4.chain(interface.ipv6.iter().map(|it| (*it).into())).map(IpCidr::host)
}

async fn all_routes(router: &Space) -> Result<Vec<(IpCidr, u32)>> {
    let ipv4 = router.routes().await?.into_iter().map(|(to, link)| (to.into(), link));
    Ok(ipv4.chain(router.ipv6_routes().await?.into_iter().map(|(to, link)| (to.into(), link))).collect())
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
        ipv6: interface.ipv6.clone(),
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

/// Each subnet's gateway, the name servers, the metadata services, the load balancers, and what gateway endpoints lead to. In order, each
/// once.
fn own_addresses(vpc: &Vpc) -> Vec<Cidr> {
    let gateways = vpc.subnets.iter().filter_map(|subnet| subnet.cidr.nth(1));
    let services = [name_server(vpc), NAME_SERVER, INSTANCE_METADATA, TASK_METADATA];
    let edge = vpc.interfaces.iter().filter(|it| it.attachment == Attachment::Edge).flat_map(Interface::addresses);
    let edge = edge.map(|it| it.address);
    let beyond = vpc.gateways.iter().copied();
    let mut addresses: Vec<_> =
        gateways.chain(services).chain(edge).chain(beyond).map(|address| Cidr { address, prefix: 32 }).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}
