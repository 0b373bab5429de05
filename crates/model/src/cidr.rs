//! IPv4 networks in CIDR notation (RFC 4632).

use serde::{Deserialize, Serialize};
use std::{fmt, net::Ipv4Addr, str::FromStr};

/// An IPv4 network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cidr {
    /// The network's address.
    pub address: Ipv4Addr,
    /// 0 to 32.
    pub prefix: u8,
}

/// The text is no IPv4 network in CIDR notation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an IPv4 CIDR block: {0}")]
pub struct InvalidCidr(String);

impl Cidr {
    /// All addresses.
    pub const ANY: Self = Self { address: Ipv4Addr::UNSPECIFIED, prefix: 0 };

    /// The network of that length which the address is in: its host bits are cleared, a prefix beyond 32 counts as 32.
    pub fn new(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        Self { address: Ipv4Addr::from(u32::from(address) & mask(prefix)), prefix }
    }

    /// How many addresses there are.
    pub fn size(self) -> u64 {
        1 << (32 - u32::from(self.prefix.min(32)))
    }

    /// The address that stands at `offset` from the network's own; `None` beyond its end.
    pub fn nth(self, offset: u64) -> Option<Ipv4Addr> {
        let offset = u32::try_from(offset).ok().filter(|it| u64::from(*it) < self.size())?;
        u32::from(self.address).checked_add(offset).map(Ipv4Addr::from)
    }

    /// The last address.
    pub fn last(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.address) | !mask(self.prefix))
    }

    /// Whether the address is in the network.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix) == u32::from(self.address) & mask(self.prefix)
    }

    /// Whether all of `other` is in the network.
    pub fn covers(self, other: Cidr) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }

    /// Whether there is an address in both.
    pub fn overlaps(self, other: Cidr) -> bool {
        self.covers(other) || other.covers(self)
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0)
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Cidr {
    type Err = InvalidCidr;

    /// Accepts `a.b.c.d/n` with `n` from 0 to 32; host bits stay as they are.
    fn from_str(text: &str) -> Result<Self, InvalidCidr> {
        let parse = || {
            let (address, prefix) = text.split_once('/')?;
            let digits = !prefix.is_empty() && prefix.len() <= 2 && prefix.bytes().all(|b| b.is_ascii_digit());
            let prefix = prefix.parse().ok().filter(|prefix| digits && *prefix <= 32)?;
            Some(Self { address: address.parse().ok()?, prefix })
        };
        parse().ok_or_else(|| InvalidCidr(text.chars().take(64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn reads_and_writes_the_notation() {
        assert_eq!(cidr("172.31.16.0/20").to_string(), "172.31.16.0/20");
        for text in ["", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/+8", "10.0.0.0/008", "::/0"] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }

    #[test]
    fn knows_its_addresses() {
        let net = cidr("10.1.2.0/30");
        assert_eq!((net.size(), net.nth(3), net.nth(4)), (4, Some(net.last()), None));
        assert_eq!(Cidr::ANY.size(), 1 << 32);
        assert_eq!(Cidr::ANY.last(), Ipv4Addr::BROADCAST);
        assert!(Cidr::ANY.contains(Ipv4Addr::LOCALHOST));
        assert_eq!(Cidr::new(Ipv4Addr::new(10, 1, 2, 3), 24), cidr("10.1.2.0/24"));
    }

    #[test]
    fn knows_how_two_lie_to_each_other() {
        assert!(cidr("10.0.0.0/8").covers(cidr("10.9.0.0/16")));
        assert!(!cidr("10.9.0.0/16").covers(cidr("10.0.0.0/8")));
        assert!(cidr("10.9.0.0/16").overlaps(cidr("10.0.0.0/8")));
        assert!(!cidr("10.9.0.0/16").overlaps(cidr("10.8.0.0/16")));
    }
}
