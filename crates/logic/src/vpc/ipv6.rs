//! Addresses of IPv6: which block a VPC gets, which part of it a subnet, and which address an interface.
//!
//! All are of 2001:db8::/32, which the internet doesn't route (RFC 3849). Private addresses (fc00::/7) would not be routed either, but
//! programs prefer IPv4 to them (RFC 6724, section 2.1), which they don't at AWS.

use super::fnv1a;
use model::{Ipv6Cidr, ec2::NetworkInterfaceSpec};
use std::{collections::BTreeSet, net::Ipv6Addr};

/// Where blocks of VPCs come from. The last one is not given to VPCs.
pub const IPV6_POOL: Ipv6Cidr = Ipv6Cidr { address: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), prefix: 32 };

/// How long the prefix of a VPC's block is (VPC user guide, "VPC CIDR blocks").
pub const VPC_PREFIX: u8 = 56;

/// How long the prefix of a subnet's block is ("Subnet CIDR blocks").
pub const SUBNET_PREFIX: u8 = 64;

/// How many blocks are given to VPCs.
const BLOCKS: u64 = (1 << (VPC_PREFIX - 32)) - 1;

/// The first addresses of a subnet that interfaces can't have; nor can they have the last.
const RESERVED: u128 = 4;

/// Why an interface can't have the address that it is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoIpv6Address {
    /// The subnet has no block.
    None,
    /// It isn't one that interfaces of the subnet can have.
    Outside(Ipv6Addr),
    /// Another interface has it, or it was asked for twice.
    InUse(Ipv6Addr),
}

/// The addresses that somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedIpv6 {
    /// These.
    pub named: Vec<Ipv6Addr>,
    /// So many besides, whichever are free.
    pub more: usize,
}

/// A block that overlaps none of `taken`, sought from a place that depends on `seed`; `None` if all are taken.
pub fn free_vpc_block(seed: &str, taken: &[Ipv6Cidr]) -> Option<Ipv6Cidr> {
    let start = (fnv1a(seed) % u128::from(BLOCKS)) as u64;
    let mut blocks = (0..BLOCKS).filter_map(|step| IPV6_POOL.part(VPC_PREFIX, (start + step) % BLOCKS));
    blocks.find(|block| !taken.iter().any(|other| other.overlaps(*block)))
}

/// Whether interfaces of a subnet with that block can have the address.
pub fn is_usable_ipv6(block: Ipv6Cidr, address: Ipv6Addr) -> bool {
    let offset = u128::from(address).wrapping_sub(u128::from(block.address));
    block.contains(address) && offset >= RESERVED && address != block.last()
}

/// The addresses for an interface: those that are named, and as many more as are wanted, sought from places that depend on `seed`. None of
/// `existing`, the interfaces of the account and region, has them.
pub fn ipv6_addresses<'a>(
    wanted: &WantedIpv6,
    seed: &str,
    blocks: &[Ipv6Cidr],
    existing: impl IntoIterator<Item = &'a NetworkInterfaceSpec>,
) -> Result<Vec<Ipv6Addr>, NoIpv6Address> {
    if wanted.named.is_empty() && wanted.more == 0 {
        return Ok(Vec::new());
    }
    let first = *blocks.first().ok_or(NoIpv6Address::None)?;
    let mut taken: BTreeSet<Ipv6Addr> = existing.into_iter().flat_map(|it| it.ipv6.iter().copied()).collect();
    for address in &wanted.named {
        if !blocks.iter().any(|block| is_usable_ipv6(*block, *address)) {
            return Err(NoIpv6Address::Outside(*address));
        }
        if !taken.insert(*address) {
            return Err(NoIpv6Address::InUse(*address));
        }
    }
    let mut all = wanted.named.clone();
    for n in 0..wanted.more {
        let address = seek(first, &format!("{seed} {n} ipv6"), &taken);
        taken.insert(address);
        all.push(address);
    }
    Ok(all)
}

/// Of a block with 2^64 addresses some are always free.
fn seek(block: Ipv6Cidr, seed: &str, taken: &BTreeSet<Ipv6Addr>) -> Ipv6Addr {
    let start = u128::from(fnv1a(seed) as u64);
    let mut found = (0..).filter_map(|step| block.nth((start + step) & u128::from(u64::MAX)));
    found.find(|address| is_usable_ipv6(block, *address) && !taken.contains(address)).unwrap_or(block.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Ipv6Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn vpcs_share_no_block() {
        let mut taken = Vec::new();
        for n in 0..500 {
            let block = free_vpc_block(&format!("vpc-{}", n % 3), &taken).unwrap();
            assert!(IPV6_POOL.covers(block) && block.prefix == 56 && Ipv6Cidr::new(block.address, 56) == block);
            assert!(!taken.contains(&block));
            taken.push(block);
        }
        assert_eq!(free_vpc_block("vpc", &[IPV6_POOL]), None);
        assert_eq!(IPV6_POOL.part(VPC_PREFIX, BLOCKS), Some(cidr("2001:db8:ffff:ff00::/56")), "the last one is kept");
    }

    #[test]
    fn addresses_are_in_the_subnet_and_once_each() {
        let blocks = [cidr("2001:db8:0:1::/64")];
        let named = "2001:db8:0:1::5".parse().unwrap();
        let wanted = WantedIpv6 { named: vec![named], more: 3 };
        let found = ipv6_addresses(&wanted, "eni-1", &blocks, []).unwrap();
        let distinct: BTreeSet<_> = found.iter().collect();
        assert_eq!((found[0], found.len(), distinct.len()), (named, 4, 4));
        assert!(found.iter().all(|it| is_usable_ipv6(blocks[0], *it)));
        let twice = WantedIpv6 { named: vec![named, named], more: 0 };
        assert_eq!(ipv6_addresses(&twice, "eni-1", &blocks, []), Err(NoIpv6Address::InUse(named)));
    }

    #[test]
    fn a_few_addresses_are_nobodys() {
        let block = cidr("2001:db8:0:1::/64");
        for nobodys in ["2001:db8:0:1::", "2001:db8:0:1::3", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:2::5"] {
            let address = nobodys.parse().unwrap();
            let wanted = WantedIpv6 { named: vec![address], more: 0 };
            assert_eq!(ipv6_addresses(&wanted, "eni-1", &[block], []), Err(NoIpv6Address::Outside(address)));
        }
        let one = WantedIpv6 { named: Vec::new(), more: 1 };
        assert_eq!(ipv6_addresses(&one, "eni-1", &[], []), Err(NoIpv6Address::None));
        assert_eq!(ipv6_addresses(&WantedIpv6::default(), "eni-1", &[], []), Ok(Vec::new()));
    }
}
