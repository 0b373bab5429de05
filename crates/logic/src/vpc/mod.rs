//! Networks: what the default one of an account in a region is, which address an interface gets, and what things are called.
//!
//! Who makes an interface (EC2, ELBv2, ECS) makes it with [`new_interface`], so that all of them draw from the same addresses.

mod address;
mod block;
mod default;
mod ipv6;
mod name;
mod open;
mod route;
mod standard;
mod zone;

pub use address::{
    ELASTIC_POOL, NewInterface, NoAddress, PUBLIC_POOL, Taken, WantedAddresses, free_elastic_address, free_public_address,
    is_usable, mac, new_interface, usable,
};
pub use block::{Refused, check_vpc_block, first_free, has_size, is_restricted};
pub use default::{DefaultNetwork, default_network, default_network_with, default_vpc_id, dhcp_options_id};
pub use ipv6::{IPV6_POOL, NoIpv6Address, SUBNET_PREFIX, VPC_PREFIX, WantedIpv6, free_vpc_block, ipv6_addresses, is_usable_ipv6};
pub use name::{instance_dns_name, internal_domain, private_dns_name, resource_dns_name};
pub use open::{open_acl, open_group};
pub use route::{main_table, reaches_internet, table_of};
pub use standard::{Standard, private_options, standard};
pub use zone::{ZONE_LETTERS, zone_id, zone_id_of, zone_name};

/// `digits` lower-case hexadecimal digits (at most 32) that are the same for the same text and otherwise unlike: FNV-1a with 128
/// bits (RFC 9923, section 2), run over the text twice so that its last letters reach every digit.
pub fn fingerprint(text: &str, digits: usize) -> String {
    let hex = format!("{:032x}", fnv1a(text));
    hex[..digits.min(32)].to_owned()
}

fn fnv1a(text: &str) -> u128 {
    let start = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let prime = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let twice = text.bytes().chain([0]).chain(text.bytes());
    let hash = twice.fold(start, |hash: u128, byte| (hash ^ u128::from(byte)).wrapping_mul(prime));
    (0..8).fold(hash, |hash, round| (hash ^ (hash >> 64) ^ round).wrapping_mul(prime))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn fingerprints_are_stable_and_spread() {
        assert_eq!(fingerprint("vpc", 17), fingerprint("vpc", 17));
        let heads: BTreeSet<_> = (0..2000).map(|n| fingerprint(&format!("eni-{n}"), 10)).collect();
        assert_eq!(heads.len(), 2000);
        assert_eq!(fingerprint("", 99).len(), 32);
    }
}
