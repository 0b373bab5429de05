//! IPv6 networks in CIDR notation (RFC 4291, section 2.3), and networks of either family.

use crate::Cidr;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

/// An IPv6 network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ipv6Cidr {
    /// The network's address.
    pub address: Ipv6Addr,
    /// 0 to 128.
    pub prefix: u8,
}

/// The text is no network in CIDR notation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a CIDR block: {0}")]
pub struct InvalidIpCidr(String);

impl Ipv6Cidr {
    /// All addresses.
    pub const ANY: Self = Self { address: Ipv6Addr::UNSPECIFIED, prefix: 0 };

    /// The network of that length which the address is in: its host bits are cleared, a prefix beyond 128 counts as 128.
    pub fn new(address: Ipv6Addr, prefix: u8) -> Self {
        let prefix = prefix.min(128);
        Self { address: Ipv6Addr::from(u128::from(address) & mask(prefix)), prefix }
    }

    /// The address that stands at `offset` from the network's own; `None` beyond its end.
    pub fn nth(self, offset: u128) -> Option<Ipv6Addr> {
        (offset & mask(self.prefix) == 0).then(|| Ipv6Addr::from(u128::from(self.address) | offset))
    }

    /// The `n`th of the networks of that length in this one; `None` beyond the last.
    pub fn part(self, prefix: u8, n: u64) -> Option<Self> {
        let width = prefix.checked_sub(self.prefix).filter(|_| prefix <= 128)?;
        let fits = width >= 64 || n < 1 << width;
        let offset = u128::from(n).checked_shl(128 - u32::from(prefix)).unwrap_or(0);
        fits.then(|| Self { address: Ipv6Addr::from(u128::from(self.address) | offset), prefix })
    }

    /// The last address.
    pub fn last(self) -> Ipv6Addr {
        Ipv6Addr::from(u128::from(self.address) | !mask(self.prefix))
    }

    /// Whether the address is in the network.
    pub fn contains(self, address: Ipv6Addr) -> bool {
        u128::from(address) & mask(self.prefix) == u128::from(self.address) & mask(self.prefix)
    }

    /// Whether all of `other` is in the network.
    pub fn covers(self, other: Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }

    /// Whether there is an address in both.
    pub fn overlaps(self, other: Self) -> bool {
        self.covers(other) || other.covers(self)
    }
}

fn mask(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0)
}

impl fmt::Display for Ipv6Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Ipv6Cidr {
    type Err = InvalidIpCidr;

    /// Accepts an address, a slash and a number from 0 to 128; host bits stay as they are.
    fn from_str(text: &str) -> Result<Self, InvalidIpCidr> {
        let parse = || {
            let (address, prefix) = text.split_once('/')?;
            let digits = !prefix.is_empty() && prefix.len() <= 3 && prefix.bytes().all(|b| b.is_ascii_digit());
            let prefix = prefix.parse().ok().filter(|prefix| digits && *prefix <= 128)?;
            Some(Self { address: address.parse().ok()?, prefix })
        };
        parse().ok_or_else(|| InvalidIpCidr(text.chars().take(64).collect()))
    }
}

/// A network of either family, in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IpCidr {
    /// Of IPv4.
    V4(Cidr),
    /// Of IPv6.
    V6(Ipv6Cidr),
}

impl IpCidr {
    /// Whether it is a network of IPv6.
    pub fn is_ipv6(self) -> bool {
        matches!(self, Self::V6(_))
    }

    /// The network of one address.
    pub fn host(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(Cidr { address, prefix: 32 }),
            IpAddr::V6(address) => Self::V6(Ipv6Cidr { address, prefix: 128 }),
        }
    }

    /// The network's address.
    pub fn address(self) -> IpAddr {
        match self {
            Self::V4(cidr) => cidr.address.into(),
            Self::V6(cidr) => cidr.address.into(),
        }
    }

    /// The length of its prefix.
    pub fn prefix(self) -> u8 {
        match self {
            Self::V4(cidr) => cidr.prefix,
            Self::V6(cidr) => cidr.prefix,
        }
    }

    /// The same with its host bits cleared.
    pub fn network(self) -> Self {
        match self {
            Self::V4(cidr) => Self::V4(Cidr::new(cidr.address, cidr.prefix)),
            Self::V6(cidr) => Self::V6(Ipv6Cidr::new(cidr.address, cidr.prefix)),
        }
    }

    /// The network, if it is of IPv4.
    pub fn ipv4(self) -> Option<Cidr> {
        match self {
            Self::V4(cidr) => Some(cidr),
            Self::V6(_) => None,
        }
    }

    /// Whether the address is in the network.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self, address) {
            (Self::V4(cidr), IpAddr::V4(address)) => cidr.contains(address),
            (Self::V6(cidr), IpAddr::V6(address)) => cidr.contains(address),
            _ => false,
        }
    }
}

impl From<Cidr> for IpCidr {
    fn from(cidr: Cidr) -> Self {
        Self::V4(cidr)
    }
}

impl From<Ipv6Cidr> for IpCidr {
    fn from(cidr: Ipv6Cidr) -> Self {
        Self::V6(cidr)
    }
}

impl fmt::Display for IpCidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(cidr) => cidr.fmt(f),
            Self::V6(cidr) => cidr.fmt(f),
        }
    }
}

impl FromStr for IpCidr {
    type Err = InvalidIpCidr;

    /// Reads either notation; host bits stay as they are.
    fn from_str(text: &str) -> Result<Self, InvalidIpCidr> {
        text.parse().map(Self::V4).or_else(|_| text.parse().map(Self::V6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Ipv6Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn reads_and_writes_the_notation() {
        assert_eq!(cidr("2001:DB8::1/32").to_string(), "2001:db8::1/32");
        for text in ["", "::", "::/", "::/129", "::/+8", "::/0008", "10.0.0.0/8", "fe80::1%1/64"] {
            assert!(text.parse::<Ipv6Cidr>().is_err(), "{text}");
        }
    }

    #[test]
    fn knows_its_parts() {
        let net = cidr("2001:db8:0:4500::/56");
        assert_eq!(net.part(64, 1), Some(cidr("2001:db8:0:4501::/64")));
        assert_eq!((net.part(64, 255).is_some(), net.part(64, 256), net.part(48, 0)), (true, None, None));
        assert_eq!(cidr("::/0").part(64, u64::MAX), Some(cidr("ffff:ffff:ffff:ffff::/64")));
        assert_eq!(cidr("2001:db8::/126").nth(3), Some(cidr("2001:db8::/126").last()));
        assert_eq!(cidr("2001:db8::/126").nth(4), None);
        assert_eq!(Ipv6Cidr::new(cidr("2001:db8::1/0").address, 32), cidr("2001:db8::/32"));
    }

    #[test]
    fn knows_how_two_lie_to_each_other() {
        assert!(cidr("2001:db8::/32").covers(cidr("2001:db8:1::/48")) && !cidr("2001:db8:1::/48").covers(cidr("2001:db8::/32")));
        assert!(
            cidr("2001:db8:1::/48").overlaps(cidr("2001:db8::/32")) && !cidr("2001:db8::/48").overlaps(cidr("2001:db8:1::/48"))
        );
        assert!(Ipv6Cidr::ANY.contains(Ipv6Addr::LOCALHOST));
    }

    #[test]
    fn families_are_told_apart() {
        let both = ["10.0.0.0/8", "2001:db8::/32"].map(|text| text.parse::<IpCidr>().unwrap());
        assert!(both[0].contains([10, 1, 1, 1].into()) && !both[0].contains(Ipv6Addr::LOCALHOST.into()));
        let written = serde_json::to_string(&both).unwrap();
        assert_eq!(written, r#"[{"address":"10.0.0.0","prefix":8},{"address":"2001:db8::","prefix":32}]"#);
        assert_eq!(serde_json::from_str::<[IpCidr; 2]>(&written).unwrap(), both);
    }
}
