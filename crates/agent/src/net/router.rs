//! A VPC's router: a namespace that owns the addresses of the VPC's services and load balancers, and through which everything
//! goes that goes from one interface to another.

use super::describe::{describe, subnet};
use super::error::{Error, Result};
use super::names::{self, Places};
use super::plug::{self, Plug};
use super::space::{Space, Way};
use super::{filter, parameters};
use agent_proto::network::{Attachment, Interface, Vpc};
use logic::packet_filter::{INSTANCE_METADATA, NAME_SERVER, TASK_METADATA, vpc_ruleset};
use model::Cidr;
use std::net::Ipv4Addr;

/// Makes the VPC's router what the VPC says. It forwards nothing before its filter is loaded.
pub(crate) async fn ensure(places: &Places, vpc: &Vpc) -> Result<Space> {
    let (router, _) = Space::ensure(&places.vpc(&vpc.id))?;
    parameters::prepare_router(router.namespace())?;
    filter::load(&router, vpc_ruleset(&describe(vpc))).await?;
    let loopback = router.loopback().await?;
    router.set_addresses(loopback, &own_addresses(vpc)).await?;
    router.set_route(vpc.cidr, Way::Nowhere).await?;
    parameters::forward(router.namespace())?;
    Ok(router)
}

/// The VPC's router, which has to be there.
pub(crate) fn open(places: &Places, vpc: &str) -> Result<Space> {
    Space::open(&places.vpc(vpc))?.ok_or_else(|| Error::Refused(format!("the network of {vpc} is not up")))
}

/// How an interface of the VPC is plugged into its router.
pub(crate) fn plug_of(vpc: &Vpc, interface: &Interface) -> Result<Plug> {
    let subnet =
        subnet(vpc, interface).ok_or_else(|| Error::Refused(format!("{} is in no subnet of {}", interface.id, vpc.id)))?;
    let gateway = subnet.cidr.nth(1).ok_or_else(|| Error::Refused(format!("{} is too small for a router", subnet.id)))?;
    let address = Cidr { address: interface.address, prefix: subnet.cidr.prefix };
    Ok(Plug { port: names::port(&interface.id), mac: plug::mac(&interface.mac)?, address, gateway })
}

/// The VPC's name server: its base plus two.
pub(crate) fn name_server(vpc: &Vpc) -> Ipv4Addr {
    vpc.cidr.nth(2).unwrap_or(NAME_SERVER)
}

/// Whether anything is plugged into the router, by workloads that have not left or instances that are in use.
pub(crate) async fn is_in_use(router: &Space) -> Result<bool> {
    Ok(router.links().await?.keys().any(|name| name.starts_with('h')))
}

/// Each subnet's gateway, the name servers, the metadata services, and the load balancers. In order, each once.
fn own_addresses(vpc: &Vpc) -> Vec<Cidr> {
    let gateways = vpc.subnets.iter().filter_map(|subnet| subnet.cidr.nth(1));
    let services = [name_server(vpc), NAME_SERVER, INSTANCE_METADATA, TASK_METADATA];
    let edge = vpc.interfaces.iter().filter(|it| it.attachment == Attachment::Edge).map(|it| it.address);
    let mut addresses: Vec<_> = gateways.chain(services).chain(edge).map(|address| Cidr { address, prefix: 32 }).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}
