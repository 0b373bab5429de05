//! Packets of IPv6: what is of interest in them, and how they are made (RFC 8200; checksums: section 8.1). Pure.

use agent_proto::network::ROUTER_ADDRESS;
use std::net::Ipv6Addr;

const UDP: u8 = 17;
const ICMPV6: u8 = 58;
/// The ICMPv6 type of a router solicitation.
const SOLICITATION: u8 = 133;
/// Where clients of DHCPv6 hear, and servers.
const CLIENT: u16 = 546;
const SERVER: u16 = 547;
/// The lengths of the headers.
const HEADER: usize = 40;
const UDP_HEADER: usize = 8;

/// What was heard.
#[derive(Debug, PartialEq)]
pub(super) struct Heard<'a> {
    /// From whom.
    pub(super) from: Ipv6Addr,
    /// What.
    pub(super) what: What<'a>,
}

/// What was heard.
#[derive(Debug, PartialEq)]
pub(super) enum What<'a> {
    /// Somebody looks for routers.
    Solicitation,
    /// A client's message of DHCPv6.
    Dhcp(&'a [u8]),
}

/// Reads a packet; `None` if it is neither. Who asks has only the link's address yet.
pub(super) fn read(packet: &[u8]) -> Option<Heard<'_>> {
    let (header, rest) = packet.split_at_checked(HEADER)?;
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let (from, body) = (address(&header[8..24])?, rest.get(..length)?);
    if header[0] >> 4 != 6 || !from.is_unicast_link_local() {
        return None;
    }
    let what = match header[6] {
        ICMPV6 if body.first() == Some(&SOLICITATION) => What::Solicitation,
        UDP => {
            let (udp, message) = body.split_at_checked(UDP_HEADER)?;
            let ports = [u16::from_be_bytes([udp[0], udp[1]]), u16::from_be_bytes([udp[2], udp[3]])];
            What::Dhcp(Some(message).filter(|_| ports == [CLIENT, SERVER])?)
        }
        _ => return None,
    };
    Some(Heard { from, what })
}

fn address(bytes: &[u8]) -> Option<Ipv6Addr> {
    <[u8; 16]>::try_from(bytes).ok().map(Ipv6Addr::from)
}

/// A message of ICMPv6 from the router, whose checksum is zero yet. It comes from the link itself, as its hop limit says.
pub(super) fn icmpv6(to: Ipv6Addr, mut message: Vec<u8>) -> Vec<u8> {
    let sum = checksum(to, ICMPV6, &message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    with_header(to, ICMPV6, &message)
}

/// A message of DHCPv6 from the router.
pub(super) fn udp(to: Ipv6Addr, message: &[u8]) -> Vec<u8> {
    let length = (UDP_HEADER + message.len()) as u16;
    let mut datagram: Vec<u8> = [SERVER, CLIENT, length, 0].iter().flat_map(|part| part.to_be_bytes()).collect();
    datagram.extend(message);
    // A sum of zero is written as its other form: zero means that there is none.
    let sum = match checksum(to, UDP, &datagram) {
        0 => u16::MAX,
        sum => sum,
    };
    datagram[6..8].copy_from_slice(&sum.to_be_bytes());
    with_header(to, UDP, &datagram)
}

fn with_header(to: Ipv6Addr, protocol: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((body.len() as u16).to_be_bytes());
    packet.extend([protocol, 255]);
    packet.extend(ROUTER_ADDRESS.octets());
    packet.extend(to.octets());
    packet.extend(body);
    packet
}

/// Over the body and what of the header doesn't change on the way.
fn checksum(to: Ipv6Addr, protocol: u8, body: &[u8]) -> u16 {
    let mut bytes = [ROUTER_ADDRESS.octets(), to.octets()].concat();
    bytes.extend((body.len() as u32).to_be_bytes());
    bytes.extend([0, 0, 0, protocol]);
    bytes.extend(body);
    let sum: u32 = bytes.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) as u16).wrapping_add((folded >> 16) as u16)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const HOST: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7);

    /// A packet from a host.
    fn from_host(protocol: u8, body: &[u8]) -> Vec<u8> {
        let mut packet = with_header("ff02::2".parse().unwrap(), protocol, body);
        packet[8..24].copy_from_slice(&HOST.octets());
        packet
    }

    /// A host looks for routers.
    pub(crate) fn solicitation() -> Vec<u8> {
        from_host(ICMPV6, &[SOLICITATION, 0, 0, 0, 0, 0, 0, 0])
    }

    #[test]
    fn what_is_of_interest_is_read() {
        assert_eq!(read(&solicitation()), Some(Heard { from: HOST, what: What::Solicitation }));
        let question = [&[2, 34, 2, 35, 0, 11, 0, 0][..], b"abc"].concat();
        assert_eq!(read(&from_host(UDP, &question)), Some(Heard { from: HOST, what: What::Dhcp(b"abc") }));
        for (at, byte) in [(0, 0x40), (8, 0x20), (40, 134)] {
            let mut other = solicitation();
            other[at] = byte;
            assert_eq!(read(&other), None);
        }
        for whole in [solicitation(), from_host(UDP, &question)] {
            for length in 0..whole.len() {
                assert_eq!(read(&whole[..length]), None, "what is cut off isn't read");
            }
        }
    }

    /// RFC 1071: the sum over everything with its checksum is all ones.
    #[test]
    fn sums_are_right() {
        for body in [&b"even"[..], b"odd"] {
            let packet = udp(HOST, body);
            assert_eq!((packet[6], packet[7], packet.len()), (UDP, 255, 48 + body.len()));
            assert!(matches!(checksum(HOST, UDP, &packet[40..]), 0 | u16::MAX));
        }
        let packet = icmpv6(HOST, vec![134, 0, 0, 0, 64, 0xc0]);
        assert_eq!(checksum(HOST, ICMPV6, &packet[40..]), 0);
    }
}
