//! Which blocks of addresses VPCs and subnets can have (VPC user guide, "VPC CIDR blocks" and "Subnet CIDR blocks").

use super::PUBLIC_POOL;
use model::Cidr;
use std::net::Ipv4Addr;

const fn block(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Cidr {
    Cidr { address: Ipv4Addr::new(a, b, c, d), prefix }
}

/// Blocks that mean something of their own to every host.
const RESERVED: [Cidr; 5] =
    [block(0, 0, 0, 0, 8), block(127, 0, 0, 0, 8), block(169, 254, 0, 0, 16), block(224, 0, 0, 0, 4), block(240, 0, 0, 0, 4)];

/// RFC 1918.
const PRIVATE: [Cidr; 3] = [block(10, 0, 0, 0, 8), block(172, 16, 0, 0, 12), block(192, 168, 0, 0, 16)];

/// Why a block can't be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Larger than /16, smaller than /28, or reserved: `InvalidVpc.Range`.
    Range,
    /// The cloud's own public addresses are in it.
    Public,
}

/// Whether a VPC can be made with the block.
pub fn check_vpc_block(cidr: Cidr) -> Result<(), Refused> {
    if !has_size(cidr) || RESERVED.iter().any(|reserved| reserved.overlaps(cidr)) {
        return Err(Refused::Range);
    }
    if PUBLIC_POOL.overlaps(cidr) { Err(Refused::Public) } else { Ok(()) }
}

/// Whether VPCs and subnets can be of that size: /16 to /28.
pub fn has_size(cidr: Cidr) -> bool {
    (16..=28).contains(&cidr.prefix)
}

/// Whether a VPC with these blocks can't get that one besides (VPC user guide, "IPv4 CIDR block association restrictions"): private ranges
/// aren't mixed, nor are private blocks added to public ones; and a few blocks are never added.
pub fn is_restricted(present: &[Cidr], new: Cidr) -> bool {
    let range = |cidr: Cidr| PRIVATE.iter().position(|range| range.covers(cidr));
    let first = present.first().copied().and_then(range);
    let mixed = range(new).is_some_and(|new| first != Some(new));
    let low = present.iter().any(|it| block(10, 0, 0, 0, 15).covers(*it)) && block(10, 0, 0, 0, 16).overlaps(new);
    mixed || low || block(172, 31, 0, 0, 16).overlaps(new)
}

/// The first block of that size in `whole` that overlaps none of `taken`.
pub fn first_free(whole: Cidr, prefix: u8, taken: &[Cidr]) -> Option<Cidr> {
    let step = 1u64 << (32 - u32::from(prefix.min(32)));
    let blocks = (0..whole.size() / step).filter_map(|n| whole.nth(n * step)).map(|address| Cidr { address, prefix });
    blocks.into_iter().find(|block| !taken.iter().any(|it| it.overlaps(*block)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn vpcs_have_16_to_65536_addresses_that_are_nobody_elses() {
        for good in ["10.0.0.0/16", "10.0.0.0/28", "172.31.0.0/16", "8.8.8.0/24", "100.64.0.0/16"] {
            assert_eq!(check_vpc_block(cidr(good)), Ok(()), "{good}");
        }
        for bad in ["10.0.0.0/15", "10.0.0.0/29", "127.0.0.0/16", "169.254.0.0/20", "224.0.0.0/16", "0.0.0.0/16"] {
            assert_eq!(check_vpc_block(cidr(bad)), Err(Refused::Range), "{bad}");
        }
        assert_eq!(check_vpc_block(cidr("198.19.0.0/16")), Err(Refused::Public));
    }

    #[test]
    fn private_ranges_are_not_mixed() {
        for (present, new, restricted) in [
            ("10.0.0.0/16", "10.1.0.0/16", false),
            ("10.4.0.0/16", "172.16.0.0/16", true),
            ("10.4.0.0/16", "192.168.0.0/16", true),
            ("10.4.0.0/16", "100.64.0.0/16", false),
            ("10.1.0.0/16", "10.0.0.0/24", true),
            ("172.16.0.0/16", "172.31.0.0/24", true),
            ("172.16.0.0/16", "172.17.0.0/24", false),
            ("8.8.0.0/16", "10.4.0.0/16", true),
            ("8.8.0.0/16", "9.9.0.0/16", false),
        ] {
            assert_eq!(is_restricted(&[cidr(present)], cidr(new)), restricted, "{present} {new}");
        }
    }

    #[test]
    fn a_free_block_is_found_between_others() {
        let whole = cidr("172.31.0.0/16");
        let taken = ["172.31.0.0/20", "172.31.32.0/20"].map(cidr);
        assert_eq!(first_free(whole, 20, &taken), Some(cidr("172.31.16.0/20")));
        assert_eq!(first_free(whole, 20, &[whole]), None);
    }
}
