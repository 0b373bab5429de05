//! The table in the form in which requests are served from it. It is made anew for each table and swapped whole; a request that
//! is under way goes on with the one that it began with.

mod compile;
mod tls;

pub(crate) use compile::compile;

use crate::target::Live;
use agent_proto::edge::{BalancerAttributes, GatewayDoor, HealthCheck, InstanceMetadataService, Lease, Metadata};
use logic::{
    balancer::{choice::Algorithm, entry, redirect::Redirect},
    route_match::{Condition, Pattern},
};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

/// A socket at which requests or questions come in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Door {
    /// A balancer's own address in its VPC.
    Inside { vpc: Arc<str>, address: SocketAddrV4 },
    /// A port of the host's loopback address, shared by all internet-facing balancers that listen there.
    Host(u16),
    /// The socket at which the front hands over requests.
    Front,
    /// A name server of a VPC.
    Names { vpc: Arc<str>, address: Ipv4Addr },
    /// Where the workloads of a VPC ask for credentials.
    Credentials { vpc: Arc<str>, address: SocketAddrV4 },
    /// Where the instances of a VPC ask for their metadata.
    Instances { vpc: Arc<str>, address: SocketAddrV4 },
    /// Where the machines of a VPC learn their addresses.
    Leases { vpc: Arc<str> },
    /// Where they hear of routers of IPv6, and learn their addresses of it.
    Ipv6Leases { vpc: Arc<str> },
    /// Where the workloads of a VPC reach the cloud's API; at an endpoint, if it is one's.
    Api { vpc: Arc<str>, address: SocketAddrV4, endpoint: Option<Arc<str>> },
}

/// All that is served.
#[derive(Default)]
pub(crate) struct Routes {
    /// Which listeners are behind a door, by port.
    pub(crate) doors: BTreeMap<Door, Vec<Arc<Listener>>>,
    /// The groups to which a listener refers, by ARN.
    pub(crate) groups: BTreeMap<String, Arc<Group>>,
    /// Names by VPC.
    pub(crate) zones: BTreeMap<String, Arc<Names>>,
    /// What workloads find, by VPC.
    pub(crate) metadata: BTreeMap<String, Arc<Metadata>>,
    /// What instances find, by VPC.
    pub(crate) instances: BTreeMap<String, Arc<InstanceMetadataService>>,
    /// What interfaces are told, by VPC and hardware address.
    pub(crate) leases: BTreeMap<String, BTreeMap<String, Lease>>,
    /// What gateway endpoints lead to, by VPC.
    pub(crate) gateways: BTreeMap<String, GatewayDoor>,
    /// What of the table could not be used, by listener ARN.
    pub(crate) faults: BTreeMap<String, String>,
}

impl Routes {
    /// The gateway endpoint by which somebody has come to an address in a VPC, if it was one.
    pub(crate) fn gateway(&self, vpc: &str, at: SocketAddrV4, from: IpAddr) -> Option<&str> {
        let door = self.gateways.get(vpc).filter(|door| door.address == at)?;
        let IpAddr::V4(from) = from else { return None };
        door.endpoints.iter().find(|(subnet, _)| subnet.contains(from)).map(|(_, endpoint)| endpoint.as_str())
    }
}

/// What the name server of a VPC knows by itself.
#[derive(Default)]
pub(crate) struct Names {
    /// Addresses by name, lower case, without the final dot. One that begins with `*.` is of all names below.
    pub(crate) addresses: BTreeMap<String, Vec<Ipv4Addr>>,
    /// Addresses of IPv6 by name, likewise.
    pub(crate) ipv6: BTreeMap<String, Vec<Ipv6Addr>>,
    /// Names by address.
    pub(crate) pointers: BTreeMap<Ipv4Addr, String>,
}

/// A load balancer.
pub(crate) struct Balancer {
    pub(crate) dns_name: String,
    pub(crate) vpc: Arc<str>,
    pub(crate) addresses: Vec<Ipv4Addr>,
    pub(crate) idle_timeout: Duration,
    pub(crate) attributes: BalancerAttributes,
}

/// A listener with its rules.
pub(crate) struct Listener {
    pub(crate) arn: String,
    pub(crate) port: u16,
    pub(crate) balancer: Arc<Balancer>,
    /// Present on HTTPS listeners.
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) rules: Vec<Rule>,
    /// All that `host-header` conditions name.
    host_patterns: Vec<Pattern>,
}

/// A rule.
pub(crate) struct Rule {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) action: Action,
}

/// What is done with a request.
pub(crate) enum Action {
    Forward { groups: Vec<(Arc<Group>, u32)>, stickiness: Option<Duration> },
    Redirect { permanent: bool, to: Redirect },
    FixedResponse { status: u16, content_type: Option<String>, body: String },
}

/// A target group.
pub(crate) struct Group {
    pub(crate) arn: String,
    pub(crate) vpc: Arc<str>,
    pub(crate) tls: bool,
    pub(crate) http2: bool,
    pub(crate) algorithm: Algorithm,
    pub(crate) stickiness: Option<Duration>,
    pub(crate) slow_start: Option<Duration>,
    pub(crate) check: HealthCheck,
    pub(crate) targets: Vec<Arc<Target>>,
    /// From where its targets are dialled for checks: an address of the balancer.
    pub(crate) dialled_from: Ipv4Addr,
    /// Counts its requests.
    pub(crate) turn: AtomicU64,
}

/// A target as registered, and what is known of it.
pub(crate) struct Target {
    pub(crate) id: String,
    pub(crate) address: SocketAddrV4,
    pub(crate) live: Arc<Live>,
}

impl Target {
    /// What a sticky client's cookie names it by.
    pub(crate) fn label(&self) -> String {
        format!("{}:{}", self.id, self.address.port())
    }
}

impl Routes {
    /// The listener for a request: of those behind the door that speak TLS or don't, the one that the host (and the port, where
    /// the front named one) tells. Otherwise the names that would have been understood.
    pub(crate) fn listener(
        &self,
        door: &Door,
        secure: bool,
        host: &str,
        port: Option<u16>,
    ) -> Result<Arc<Listener>, Vec<String>> {
        let behind = || self.behind(door, secure).filter(|listener| port.is_none_or(|port| port == listener.port));
        if let Door::Inside { .. } = door {
            return behind().next().cloned().ok_or_else(Vec::new);
        }
        let listeners: Vec<_> = behind().collect();
        let candidates = listeners
            .iter()
            .map(|listener| entry::Candidate { dns_name: &listener.balancer.dns_name, host_patterns: &listener.host_patterns });
        match entry::choose(candidates, host) {
            Some(chosen) => Ok(listeners[chosen].clone()),
            None => Err(listeners.iter().map(|listener| format!("{}:{}", listener.balancer.dns_name, listener.port)).collect()),
        }
    }

    /// The TLS configuration for a client that names this server.
    pub(crate) fn tls(&self, door: &Door, server_name: &str) -> Option<Arc<rustls::ServerConfig>> {
        let chosen = self.listener(door, true, server_name, None).ok();
        chosen.or_else(|| self.behind(door, true).next().cloned())?.tls.clone()
    }

    /// Whether any listener behind the door speaks TLS.
    pub(crate) fn has_tls(&self, door: &Door) -> bool {
        self.behind(door, true).next().is_some()
    }

    /// Whether all of them do.
    pub(crate) fn is_only_tls(&self, door: &Door) -> bool {
        self.has_tls(door) && self.behind(door, false).next().is_none()
    }

    /// After how long a silent connection at the door is closed.
    pub(crate) fn idle_timeout(&self, door: &Door) -> Duration {
        let all = self.doors.get(door).into_iter().flatten();
        all.map(|listener| listener.balancer.idle_timeout).max().unwrap_or(Duration::from_secs(60))
    }

    fn behind(&self, door: &Door, secure: bool) -> impl Iterator<Item = &Arc<Listener>> {
        self.doors.get(door).into_iter().flatten().filter(move |listener| listener.tls.is_some() == secure)
    }
}
