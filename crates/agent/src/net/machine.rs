//! How machines are plugged into their VPCs.
//!
//! A machine with a namespace is plugged in as workloads are ([`super::plug`]): each interface is `eth<device>` in it, with its addresses. What
//! the machine's own system does to them after that is its affair: it can't bear other addresses than its own past the router's filter.

use super::error::{Error, Result};
use super::names::Places;
use super::plug::plug;
use super::space::Space;
use super::{parameters, router};
use crate::machine::Door;
use crate::network::{MachineInterface, Plugged};
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
        let (router, inside) = (router::open(self.places, &vpc.id)?, inside(door)?);
        parameters::prepare_container(inside.namespace())?;
        let wish = router::plug_of(vpc, found, interface.device)?;
        plug(&router, &inside, &wish).await?;
        tracing::debug!(machine = id, interface = found.id, device = interface.device, "plugged in");
        let interface = MachineInterface {
            id: found.id.clone(),
            name: wish.name(),
            mac: found.mac.clone(),
            addresses: wish.addresses,
            gateway: Some(IpAddr::V4(wish.gateway)),
            tap: None,
        };
        let domain = vpc.dhcp.domain.as_deref().or(self.domain);
        let search = domain.map(str::to_owned).into_iter().collect();
        Ok(Plugged { interface, name_servers: router::name_servers(vpc), search })
    }

    /// Takes an interface out.
    pub(crate) async fn unplug(&self, interface: &machine::Interface, door: &Door) -> Result<()> {
        match inside(door) {
            Ok(inside) => inside.delete_link(&name(interface.device)).await,
            // It went with the namespace.
            Err(Error::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the machine would answer for the primary address of its first interface: it is there, up, and has the address.
    pub(crate) async fn reaches(&self, vpc: &Vpc, machine: &Machine, door: &Door) -> Result<bool> {
        let primary = machine.interfaces.iter().find(|it| it.device == 0);
        let Some(found) = primary.and_then(|it| vpc.interfaces.iter().find(|known| known.id == it.interface)) else {
            return Ok(false);
        };
        has_address(&inside(door)?, found).await
    }
}

async fn has_address(inside: &Space, interface: &Interface) -> Result<bool> {
    if !inside.is_up(&name(0)).await? {
        return Ok(false);
    }
    let index = inside.need(&name(0)).await?;
    Ok(inside.addresses(index).await?.iter().any(|it| it.address == interface.address))
}

/// The machine's own namespace.
fn inside(door: &Door) -> Result<Space> {
    match door {
        Door::Namespace(path) => {
            Space::open(path)?.ok_or_else(|| Error::Refused(format!("there is no namespace at {}", path.display())))
        }
        Door::Taps => Err(Error::Refused("tap devices are not built yet".into())),
    }
}

fn name(device: u32) -> String {
    format!("eth{device}")
}
