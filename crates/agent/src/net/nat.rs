//! NAT gateways: a namespace with an interface of the VPC, that passes on what is led to it with its own addresses as the source.
//!
//! Whether that is a public one's way to the internet or a private one's to another network is for the routes of its own subnet to say, and
//! its public address is put on at the router's border like any other.

use super::error::{Error, Result};
use super::names::{INNER, Places};
use super::plug::plug;
use super::space::Space;
use super::{filter, parameters, router};
use agent_proto::network::{Attachment, Interface, Vpc};
use logic::packet_filter::nat_ruleset;
use netns::Namespace;
use std::collections::BTreeSet;

/// The NAT gateways of a VPC: their ids and interfaces.
pub(crate) fn gateways(vpc: &Vpc) -> impl Iterator<Item = (&str, &Interface)> {
    vpc.interfaces.iter().filter_map(|it| match &it.attachment {
        Attachment::NatGateway(id) => Some((id.as_str(), it)),
        _ => None,
    })
}

/// Makes a NAT gateway what the VPC says.
pub(crate) async fn ensure(places: &Places, router: &Space, vpc: &Vpc, id: &str, interface: &Interface) -> Result<()> {
    if !id.starts_with("nat-") {
        return Err(Error::Refused(format!("not the id of a NAT gateway: {id}")));
    }
    let (space, _) = Space::ensure(&places.nat_gateway(id))?;
    parameters::prepare_router(space.namespace())?;
    let addresses: Vec<_> = interface.addresses().map(|it| it.address).collect();
    filter::load(&space, nat_ruleset(&addresses)).await?;
    plug(router, &space, &router::plug_of(vpc, interface, 0)?).await?;
    parameters::forward(space.namespace())
}

/// Removes the NAT gateways that are not wanted.
pub(crate) async fn collect(places: &Places, wanted: &BTreeSet<&str>) -> Result<()> {
    for id in places.list("nat-").iter().filter(|id| !wanted.contains(id.as_str())) {
        remove(places, id).await?;
    }
    Ok(())
}

/// Removes a NAT gateway.
pub(crate) async fn remove(places: &Places, id: &str) -> Result<()> {
    if let Some(space) = Space::open(&places.nat_gateway(id))? {
        space.delete_link(INNER).await?;
    }
    Ok(Namespace::remove(&places.nat_gateway(id))?)
}
