//! The router's advertisement (RFC 4861, section 4.2). Pure.

use agent_proto::network::ROUTER_MAC;
use std::net::Ipv6Addr;

/// To whom it is said: everybody on the link, which is one.
pub(super) const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// The ICMPv6 type of an advertisement.
const ADVERTISEMENT: u8 = 134;
/// What a host's packets may pass before they are dropped, by default.
const HOPS: u8 = 64;
/// Addresses and everything else are to be had by DHCPv6 (M and O).
const MANAGED: u8 = 0xc0;
/// For how long it is a default router, in seconds: EC2's.
const LIFETIME: u16 = 1800;

/// The message, without its checksum. No prefix is said to be on the link: all that a machine sends goes to the router.
pub(super) fn advertisement(mtu: u16) -> Vec<u8> {
    let mut message = vec![ADVERTISEMENT, 0, 0, 0, HOPS, MANAGED];
    message.extend(LIFETIME.to_be_bytes());
    // Reachable and retransmission times: unspecified.
    message.extend([0; 8]);
    // Source link-layer address, and MTU, each in units of eight bytes.
    message.extend([1, 1]);
    message.extend(ROUTER_MAC);
    message.extend([5, 1, 0, 0]);
    message.extend(u32::from(mtu).to_be_bytes());
    message
}
