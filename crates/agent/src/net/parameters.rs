//! Kernel parameters of a namespace (`net.*` of `sysctl`).

use super::error::{Error, Result};
use netns::Namespace;
use std::fs;

/// Everything that forwards packets. Interfaces made later inherit what `default` says.
///
/// Addresses are checked by the packet filter, by interface, so the kernel's own reverse path filter is off.
const ROUTER: &[(&str, &str)] = &[
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/default/rp_filter", "0"),
    ("ipv4/conf/all/send_redirects", "0"),
    ("ipv4/conf/default/send_redirects", "0"),
    NO_IPV6,
];

/// No interface that is made later speaks IPv6; the loopback interface, which is there already, goes on doing so.
const NO_IPV6: (&str, &str) = ("ipv6/conf/default/disable_ipv6", "1");

/// Prepares a namespace to be a router; it forwards nothing before [`forward`].
pub(crate) fn prepare_router(namespace: &Namespace) -> Result<()> {
    set(namespace, ROUTER)
}

/// Has a router take packets only from where it would send the answers, by links that are made later.
pub(crate) fn check_sources(namespace: &Namespace) -> Result<()> {
    set(namespace, &[("ipv4/conf/default/rp_filter", "1")])
}

/// Lets a namespace forward packets.
pub(crate) fn forward(namespace: &Namespace) -> Result<()> {
    set(namespace, &[("ipv4/ip_forward", "1")])
}

/// Lets a namespace forward packets of IPv6 also.
pub(crate) fn forward_ipv6(namespace: &Namespace) -> Result<()> {
    set(namespace, &[("ipv6/conf/all/forwarding", "1")])
}

/// Lets one interface speak IPv6. Its addresses are given to it: it neither asks whether somebody has them nor listens to routers.
pub(crate) fn speak_ipv6(namespace: &Namespace, link: &str) -> Result<()> {
    for (name, value) in [("accept_dad", "0"), ("accept_ra", "0"), ("disable_ipv6", "0")] {
        set(namespace, &[(&format!("ipv6/conf/{link}/{name}"), value)])?;
    }
    Ok(())
}

/// Lets ports that are mapped to containers answer at the loopback address too.
pub(crate) fn route_loopback(namespace: &Namespace) -> Result<()> {
    set(namespace, &[("ipv4/conf/all/route_localnet", "1")])
}

/// Lets anyone in the namespace bind low ports and send pings, as Docker does: the namespace is a container's own.
pub(crate) fn prepare_container(namespace: &Namespace) -> Result<()> {
    set(namespace, &[("ipv4/ip_unprivileged_port_start", "0"), ("ipv4/ping_group_range", "0 2147483647"), NO_IPV6])
}

/// Lets a router answer a link's questions for whatever it would send elsewhere (proxy ARP), at once.
pub(crate) fn answer_for_neighbours(namespace: &Namespace, link: &str) -> Result<()> {
    let (proxy, delay) = (format!("ipv4/conf/{link}/proxy_arp"), format!("ipv4/neigh/{link}/proxy_delay"));
    set(namespace, &[(&proxy, "1"), (&delay, "0")])
}

fn set(namespace: &Namespace, parameters: &[(&str, &str)]) -> Result<()> {
    namespace.run(|| parameters.iter().try_for_each(|(name, value)| write(name, value)))?
}

/// Writes unless it is so already; a kernel without IPv6 has nothing to turn off.
fn write(name: &str, value: &str) -> Result<()> {
    let path = format!("/proc/sys/net/{name}");
    let present = fs::read_to_string(&path).unwrap_or_default();
    if present.split_whitespace().eq(value.split_whitespace()) || (present.is_empty() && name.starts_with("ipv6")) {
        return Ok(());
    }
    fs::write(&path, value).map_err(|cause| Error::Parameter { path, value: value.into(), cause })
}
