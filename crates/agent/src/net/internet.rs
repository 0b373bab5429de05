//! The internet, as far as this host is concerned: a namespace that joins the routers of the VPCs which have public addresses, the
//! host's own users, and what is beyond the host.
//!
//! Public addresses are never addresses of anything: the routers translate them, one to one, at their border (EC2's internet
//! gateway). So they mean the same from everywhere, from another VPC and from the VPC itself.

use super::describe;
use super::error::{Error, Result};
use super::names::{self, EGRESS_LINK, HOST_LINK, Places};
use super::pasta::Pasta;
use super::space::{End, Space, Way, pair};
use super::tool::PASTA;
use super::{filter, ipv6, parameters};
use agent_proto::Missing;
use agent_proto::network::Vpc;
use logic::packet_filter::{INTERNET_LINK, internet_ruleset};
use logic::vpc::PUBLIC_POOL as POOL;
use model::{Cidr, Ipv6Cidr};
use netns::Namespace;
use nix::errno::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The host, as the internet sees it: what a security group has to allow for the host's users. Like the other addresses of links it is
/// from the pool's margin, which is not given to interfaces.
const HOST: Cidr = Cidr { address: Ipv4Addr::new(198, 19, 255, 254), prefix: 30 };
/// The internet, as the host sees it.
const TOWARDS_HOST: Cidr = Cidr { address: Ipv4Addr::new(198, 19, 255, 253), prefix: 30 };
/// The internet's address on every link to a router.
pub(crate) const HUB: Cidr = Cidr { address: Ipv4Addr::new(169, 254, 0, 1), prefix: 32 };
/// Every router's address on its link to the internet.
const BORDER: Cidr = Cidr { address: Ipv4Addr::new(169, 254, 0, 2), prefix: 32 };

/// The internet of one host.
pub(crate) struct Internet {
    /// The namespaces.
    pub(crate) places: Places,
    /// The host's own namespace.
    pub(crate) host: Arc<Namespace>,
    /// What the host's end of the link is called.
    pub(crate) host_end: String,
    /// Where the helper process writes its process id.
    pub(crate) pid_file: PathBuf,
    /// What could not be had the last time: it keeps no workload from running.
    pub(crate) shortcomings: Mutex<Vec<Missing>>,
}

impl Internet {
    /// Makes the namespace in the middle, from which these VPCs' public addresses will be reached; `None` if they have none.
    pub(crate) async fn hub(&self, wanted: &BTreeMap<&str, Outside>) -> Option<Result<Space>> {
        if wanted.is_empty() { None } else { Some(self.make_hub(wanted).await) }
    }

    /// Makes the internet reach exactly these VPCs' public addresses; without a [`Self::hub`], there is no internet. Answers what could not be
    /// done, by VPC id.
    pub(crate) async fn join(&self, hub: Option<Result<Space>>, wanted: &BTreeMap<&str, Outside>) -> BTreeMap<String, Error> {
        let mut faults = BTreeMap::new();
        for vpc in self.places.list("vpc-").iter().filter(|vpc| !wanted.contains_key(vpc.as_str())) {
            faults.extend(self.detach(vpc).await.err().map(|error| (vpc.clone(), error)));
        }
        match hub {
            None => faults.extend(self.remove().await.err().map(|error| (String::new(), error))),
            Some(Err(error)) => faults.extend(wanted.keys().map(|vpc| (vpc.to_string(), Error::Refused(error.to_string())))),
            Some(Ok(hub)) => {
                for (vpc, outside) in wanted {
                    faults.extend(self.attach(&hub, vpc, outside).await.err().map(|error| (vpc.to_string(), error)));
                }
            }
        }
        faults
    }

    /// Removes the internet. The routers' links to it go with it.
    pub(crate) async fn remove(&self) -> Result<()> {
        self.shortcomings.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.pasta().end().await?;
        Space::of(self.host.clone())?.delete_link(&self.host_end).await?;
        if let Some(hub) = Space::open(&self.places.internet())? {
            for link in hub.links().await?.keys().filter(|name| name.starts_with('v')) {
                hub.delete_link(link).await?;
            }
        }
        Ok(Namespace::remove(&self.places.internet())?)
    }

    async fn make_hub(&self, wanted: &BTreeMap<&str, Outside>) -> Result<Space> {
        let (hub, _) = Space::ensure(&self.places.internet())?;
        parameters::prepare_router(hub.namespace())?;
        hub.loopback().await?;
        // Both are programs that take their time; nothing is forwarded before both are done.
        let filtered = filter::load(&hub, internet_ruleset(HOST_LINK, EGRESS_LINK));
        let (filtered, beyond) = tokio::join!(filtered, self.reach_beyond());
        filtered?;
        hub.set_route(POOL, Way::Unreachable).await?;
        parameters::forward(hub.namespace())?;
        let addresses = wanted.values().flat_map(|it| it.ipv4.iter().copied()).collect();
        let blocks: Vec<_> = wanted.values().flat_map(|it| it.ipv6.iter().copied()).collect();
        let host = self.join_host(&hub, &addresses).await.err().map(|error| unreachable_from_host(&error));
        let host_ipv6 = match blocks.as_slice() {
            [] => None,
            blocks => self.join_host_ipv6(&hub, blocks).await.err().map(|error| ipv6::unreachable_from_host(&error)),
        };
        let beyond = beyond.err().map(|error| no_egress(&error));
        let shortcomings: Vec<_> = host.into_iter().chain(host_ipv6).chain(beyond).collect();
        shortcomings.iter().for_each(|it| tracing::warn!(what = it.what, costs = it.costs, "{}", it.remedy));
        *self.shortcomings.lock().unwrap_or_else(PoisonError::into_inner) = shortcomings;
        Ok(hub)
    }

    /// Lets the host's users reach public addresses, by one link and one route. Where another cloud on this host has that route, by one for each
    /// address: the more specific ones count, and two clouds hardly ever give the same of 130,000 addresses.
    async fn join_host(&self, hub: &Space, addresses: &BTreeSet<Ipv4Addr>) -> Result<()> {
        let host = Space::of(self.host.clone())?;
        let outer = match (host.link(&self.host_end).await?, hub.link(HOST_LINK).await?) {
            (Some(outer), Some(_)) => outer,
            _ => {
                host.delete_link(&self.host_end).await?;
                let near = End { space: &host, name: &self.host_end, mac: None };
                pair(near, End { space: hub, name: HOST_LINK, mac: None }).await?
            }
        };
        hub.set_addresses(hub.need(HOST_LINK).await?, &[TOWARDS_HOST]).await?;
        host.set_addresses(outer, &[HOST]).await?;
        let way = Way::Gateway(outer, TOWARDS_HOST.address.into());
        let taken = match host.add_route(POOL, way).await {
            Ok(()) => false,
            Err(cause) if cause.raw_os_error() == Some(Errno::EEXIST as i32) => !host.routes_by(outer).await?.contains(&POOL),
            Err(cause) => return Err(Error::Link { what: format!("add the route to {POOL}"), cause }),
        };
        let own = BTreeSet::new();
        set_single_routes(&host, outer, way, if taken { addresses } else { &own }).await
    }

    /// The same of IPv6.
    async fn join_host_ipv6(&self, hub: &Space, blocks: &[Ipv6Cidr]) -> Result<()> {
        ipv6::open_hub(hub).await?;
        ipv6::join_host(&Space::of(self.host.clone())?, &self.host_end, hub, blocks).await
    }

    /// Lets VPCs reach what is beyond the host, if the host itself does. That the program is not there is for [`super::probe`] to say.
    async fn reach_beyond(&self) -> Result<()> {
        let online = Space::of(self.host.clone())?.routes().await?.iter().any(|(network, _)| *network == Cidr::ANY);
        match PASTA.find() {
            Ok(_) if online => self.pasta().ensure(&self.host).await,
            _ => Ok(()),
        }
    }

    fn pasta(&self) -> Pasta {
        Pasta { namespace: self.places.internet(), pid_file: self.pid_file.clone(), name_server: None }
    }

    /// Joins a VPC's router, and sends its public addresses there.
    async fn attach(&self, hub: &Space, vpc: &str, outside: &Outside) -> Result<()> {
        let router = super::router::open(&self.places, vpc)?;
        let name = names::internet_port(vpc);
        let link = match (hub.link(&name).await?, router.link(INTERNET_LINK).await?) {
            (Some(link), Some(_)) => link,
            _ => {
                hub.delete_link(&name).await?;
                router.delete_link(INTERNET_LINK).await?;
                pair(End { space: hub, name: &name, mac: None }, End { space: &router, name: INTERNET_LINK, mac: None }).await?
            }
        };
        let border = router.need(INTERNET_LINK).await?;
        hub.set_addresses(link, &[HUB]).await?;
        router.set_addresses(border, &[BORDER]).await?;
        // An address may just have moved here from another VPC.
        let way = Way::Gateway(link, BORDER.address.into());
        for address in &outside.ipv4 {
            hub.set_route(Cidr { address: *address, prefix: 32 }, way).await?;
        }
        set_single_routes(hub, link, way, &outside.ipv4).await?;
        match outside.ipv6.as_slice() {
            [] => Ok(()),
            blocks => ipv6::attach((hub, &name), (&router, INTERNET_LINK), blocks).await,
        }
    }

    async fn detach(&self, vpc: &str) -> Result<()> {
        match Space::open(&self.places.vpc(vpc))? {
            Some(router) => router.delete_link(INTERNET_LINK).await,
            None => Ok(()),
        }
    }
}

fn unreachable_from_host(error: &Error) -> Missing {
    Missing {
        what: "a route to public addresses".into(),
        costs: "public addresses can't be reached from this host".into(),
        remedy: format!("{error}; see whether another cloud on this host has it: `ip route show root {POOL}`"),
        fatal: false,
    }
}

/// What it costs that there is no way beyond the host, and why there is none.
pub(crate) fn no_egress(error: &Error) -> Missing {
    Missing {
        what: PASTA.program.into(),
        costs: "workloads with a public address do not reach what is beyond this host".into(),
        remedy: error.to_string(),
        fatal: false,
    }
}

/// What of a VPC the internet knows.
pub(crate) struct Outside {
    /// Public addresses.
    ipv4: BTreeSet<Ipv4Addr>,
    /// Blocks from which something gets there.
    ipv6: Vec<Ipv6Cidr>,
}

/// What the internet is to know of VPCs, by their ids.
pub(crate) fn outside(vpcs: &[Vpc]) -> BTreeMap<&str, Outside> {
    vpcs.iter().map(|vpc| (vpc.id.as_str(), Outside::of(vpc))).filter(|(_, it)| !it.is_empty()).collect()
}

impl Outside {
    fn of(vpc: &Vpc) -> Self {
        let ipv6 = if describe::leads_ipv6_out(vpc) { vpc.ipv6.clone() } else { Vec::new() };
        Self { ipv4: public_addresses(vpc), ipv6 }
    }

    fn is_empty(&self) -> bool {
        self.ipv4.is_empty() && self.ipv6.is_empty()
    }
}

/// Sends exactly these addresses into the link, each by a route of its own. One that the host has for another cloud is left to that.
async fn set_single_routes(space: &Space, link: u32, way: Way, addresses: &BTreeSet<Ipv4Addr>) -> Result<()> {
    let wanted: Vec<_> = addresses.iter().map(|address| Cidr { address: *address, prefix: 32 }).collect();
    let present = space.routes_by(link).await?;
    for address in present.iter().filter(|it| it.prefix == 32 && !wanted.contains(it)) {
        space.delete_route(*address, way).await?;
    }
    for address in wanted.iter().filter(|it| !present.contains(it)) {
        let added = space.add_route(*address, way).await;
        added.map_err(|cause| Error::Link { what: format!("add the route to {address}"), cause })?;
    }
    Ok(())
}

/// The public addresses of the VPC's interfaces that lead to the internet.
fn public_addresses(vpc: &Vpc) -> BTreeSet<Ipv4Addr> {
    vpc.interfaces.iter().flat_map(|interface| describe::public_addresses(vpc, interface)).collect()
}
