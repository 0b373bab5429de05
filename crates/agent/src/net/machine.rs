//! How machines are plugged into their VPCs.
//!
//! A machine with a namespace is plugged in as workloads are ([`super::plug`]): each interface is `eth<device>` in it, with its addresses. One with a
//! kernel of its own gets a tap device in the router's namespace instead, in the place of the router's end of such a pair; its system is told its
//! addresses by DHCP, and finds the router and its neighbours by ARP, which the router answers.
//!
//! What the machine's own system does after that is its affair: it can't bear other addresses than its own past the router's filter.

use super::error::{Error, Result};
use super::names::{Places, port};
use super::plug::{Plug, ROUTER, lead, plug};
use super::space::Space;
use super::{arp, parameters, router, tap};
use crate::machine::Door;
use crate::network::{MachineInterface, Plugged, Tap};
use agent_proto::machine::{self, Machine};
use agent_proto::network::{Attachment, Interface, Vpc};
use std::net::IpAddr;

/// What is the same for all machines of a host.
pub(crate) struct Machines<'a> {
    /// The namespaces.
    pub(crate) places: &'a Places,
    /// Where names without a dot are looked for, unless the VPC says otherwise.
    pub(crate) domain: Option<&'a str>,
}

impl Machines<'_> {
    /// Plugs an interface in, or repairs what is plugged in.
    pub(crate) async fn plug(&self, vpc: &Vpc, id: &str, interface: &machine::Interface, door: &Door) -> Result<Plugged> {
        let meant = |attachment: &Attachment| matches!(attachment, Attachment::Machine(machine) if machine == id);
        let found = vpc.interfaces.iter().find(|it| it.id == interface.interface && meant(&it.attachment));
        let found =
            found.ok_or_else(|| Error::Refused(format!("{} is not attached to {id} in {}", interface.interface, vpc.id)))?;
        let router = router::open(self.places, &vpc.id)?;
        let wish = router::plug_of(vpc, found, interface.device)?;
        let tap = match inside(door)? {
            Some(inside) => {
                parameters::prepare_container(inside.namespace())?;
                plug(&router, &inside, &wish).await?;
                None
            }
            None => Some(self.plug_tap(vpc, &router, &wish).await?),
        };
        tracing::debug!(machine = id, interface = found.id, device = interface.device, "plugged in");
        let interface = MachineInterface {
            id: found.id.clone(),
            name: wish.name(),
            mac: found.mac.clone(),
            addresses: wish.addresses,
            ipv6: wish.ipv6,
            gateway: Some(IpAddr::V4(wish.gateway)),
            tap,
        };
        let domain = vpc.dhcp.domain.as_deref().or(self.domain);
        let search = domain.map(str::to_owned).into_iter().collect();
        Ok(Plugged { interface, name_servers: router::name_servers(vpc), search })
    }

    /// Makes the tap device, or repairs it.
    async fn plug_tap(&self, vpc: &Vpc, router: &Space, wish: &Plug) -> Result<Tap> {
        tap::ensure(router.namespace(), &wish.port)
            .map_err(|cause| Error::Link { what: format!("make {}", wish.port), cause })?;
        let outer = router.need(&wish.port).await?;
        router.set_mac(outer, ROUTER).await?;
        parameters::answer_for_neighbours(router.namespace(), &wish.port)?;
        router.up(outer).await?;
        lead(router, outer, wish).await?;
        Ok(Tap { netns: self.places.vpc(&vpc.id), name: wish.port.clone() })
    }

    /// Takes an interface out.
    pub(crate) async fn unplug(&self, vpc: &str, interface: &machine::Interface, door: &Door) -> Result<()> {
        match inside(door) {
            Ok(Some(inside)) => inside.delete_link(&name(interface.device)).await,
            // Its routes go with it.
            Ok(None) => match Space::open(&self.places.vpc(vpc))? {
                Some(router) => router.delete_link(&port(&interface.interface)).await,
                None => Ok(()),
            },
            // It went with the namespace.
            Err(Error::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the machine would answer for the primary address of its first interface: it is there, up, and has the address. A system of its own
    /// is asked.
    pub(crate) async fn reaches(&self, vpc: &Vpc, machine: &Machine, door: &Door) -> Result<bool> {
        let primary = machine.interfaces.iter().find(|it| it.device == 0);
        let Some(found) = primary.and_then(|it| vpc.interfaces.iter().find(|known| known.id == it.interface)) else {
            return Ok(false);
        };
        match inside(door)? {
            Some(inside) => has_address(&inside, found).await,
            None => self.answers(vpc, found).await,
        }
    }

    async fn answers(&self, vpc: &Vpc, interface: &Interface) -> Result<bool> {
        let router = router::open(self.places, &vpc.id)?;
        let wish = router::plug_of(vpc, interface, 0)?;
        let question = arp::Question { from: (ROUTER, wish.gateway), whose: interface.address };
        let (namespace, port) = (router.namespace().clone(), wish.port);
        let asked = tokio::task::spawn_blocking(move || namespace.run(|| arp::ask(&port, &question))).await;
        let asked = asked.map_err(|error| Error::Refused(error.to_string()))??;
        asked.map_err(|cause| Error::Link { what: "ask for an address".into(), cause })
    }
}

async fn has_address(inside: &Space, interface: &Interface) -> Result<bool> {
    if !inside.is_up(&name(0)).await? {
        return Ok(false);
    }
    let index = inside.need(&name(0)).await?;
    Ok(inside.addresses(index).await?.iter().any(|it| it.address == interface.address))
}

/// The machine's own namespace; none, if it has a kernel of its own.
fn inside(door: &Door) -> Result<Option<Space>> {
    match door {
        Door::Namespace(path) => {
            let space =
                Space::open(path)?.ok_or_else(|| Error::Refused(format!("there is no namespace at {}", path.display())))?;
            Ok(Some(space))
        }
        Door::Taps => Ok(None),
    }
}

fn name(device: u32) -> String {
    format!("eth{device}")
}
