//! Ranges of addresses, as `IpAddress` conditions have them.

use std::net::IpAddr;

/// A network in CIDR notation, of either family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    base: IpAddr,
    prefix: u32,
}

impl Network {
    /// `203.0.113.0/24`, `2001:db8::/32`, or one address.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let base: IpAddr = address.parse().ok()?;
        let longest = if base.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok().filter(|it| *it <= longest)?,
            Some(_) => return None,
            None => longest,
        };
        Some(Self { base, prefix })
    }

    /// Whether the address is in it. An IPv4 address mapped into IPv6 counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                (base.to_bits() ^ address.to_bits()).checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                (base.to_bits() ^ address.to_bits()).checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_and_single_addresses() {
        let table = [
            ("203.0.113.0/24", "203.0.113.77", true),
            ("203.0.113.5/24", "203.0.113.77", true),
            ("203.0.113.0/24", "203.0.114.0", false),
            ("203.0.113.7", "203.0.113.7", true),
            ("203.0.113.7", "203.0.113.8", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "1.2.3.4", false),
            ("2001:DB8:1234:5678::/64", "2001:db8:1234:5678::9", true),
            ("2001:DB8:1234:5678::/64", "2001:db8:1234:5679::9", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ];
        for (network, address, inside) in table {
            let network = Network::parse(network).unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), inside, "{network:?} {address}");
        }
        for text in ["", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "x/8"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
