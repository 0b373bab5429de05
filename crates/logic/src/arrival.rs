//! What the edge says of a connection that it passes on to the server, before the connection's own bytes: a header of the PROXY protocol, version 2
//! (HAProxy, proxy-protocol.txt, section 2.2), with the endpoint as AWS PrivateLink tells it (Elastic Load Balancing user guide, "Proxy protocol"). Pure.

use std::net::{IpAddr, SocketAddrV4};

/// How each header begins.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, a connection that is passed on.
const PROXIED: u8 = 0x21;
/// TCP over IPv4: two addresses, two ports.
const TCP: u8 = 0x11;
const ADDRESSES: usize = 12;
/// The type of AWS's own values, and among them that of an endpoint's id.
const AWS: u8 = 0xea;
const ENDPOINT: u8 = 1;

/// The length of a header's beginning, which says how long the rest is.
pub const PREFIX: usize = 16;

/// How a connection came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Who opened it.
    pub source: IpAddr,
    /// The VPC endpoint at which it was taken: `vpce-…`.
    pub endpoint: Option<String>,
}

impl Arrival {
    /// The header of a connection that was taken at this address.
    pub fn header(&self, at: SocketAddrV4) -> Vec<u8> {
        let source = match self.source {
            IpAddr::V4(source) => source.octets(),
            // Endpoints speak IPv4 alone.
            IpAddr::V6(_) => [0; 4],
        };
        let mut rest = [source, at.ip().octets()].concat();
        rest.extend([0, 0]);
        rest.extend(at.port().to_be_bytes());
        if let Some(endpoint) = &self.endpoint {
            rest.push(AWS);
            rest.extend((endpoint.len() as u16 + 1).to_be_bytes());
            rest.push(ENDPOINT);
            rest.extend(endpoint.as_bytes());
        }
        let mut header = [&SIGNATURE[..], &[PROXIED, TCP], &(rest.len() as u16).to_be_bytes()].concat();
        header.extend(rest);
        header
    }

    /// How many bytes follow a header's beginning; `None` if it isn't one.
    pub fn rest(prefix: &[u8; PREFIX]) -> Option<usize> {
        let length = u16::from_be_bytes([prefix[14], prefix[15]]);
        (prefix.starts_with(SIGNATURE) && prefix[12..14] == [PROXIED, TCP]).then_some(length.into())
    }

    /// Reads what follows; `None` if it can't be.
    pub fn read(rest: &[u8]) -> Option<Self> {
        let (addresses, mut values) = rest.split_at_checked(ADDRESSES)?;
        let source = <[u8; 4]>::try_from(&addresses[..4]).ok()?.into();
        let mut endpoint = None;
        while let Some((head, after)) = values.split_at_checked(3) {
            let (value, after) = after.split_at_checked(u16::from_be_bytes([head[1], head[2]]).into())?;
            if let (AWS, [ENDPOINT, id @ ..]) = (head[0], value) {
                endpoint = Some(String::from_utf8(id.to_vec()).ok()?);
            }
            values = after;
        }
        Some(Self { source, endpoint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        for endpoint in [None, Some("vpce-0123456789abcdef0".to_owned())] {
            let arrival = Arrival { source: [10, 0, 0, 7].into(), endpoint };
            let header = arrival.header("10.0.0.9:80".parse().unwrap());
            let (prefix, rest) = header.split_at(PREFIX);
            assert_eq!(Arrival::rest(prefix.try_into().unwrap()), Some(rest.len()));
            assert_eq!(Arrival::read(rest), Some(arrival));
            assert_eq!(Arrival::read(&rest[..ADDRESSES - 1]), None);
        }
        assert_eq!(Arrival::rest(b"GET / HTTP/1.1\r\n"), None);
    }
}
