//! Interfaces and the addresses they get.

use super::{fingerprint, fnv1a};
use model::{
    Cidr, Timestamp,
    ec2::{Attachment, NetworkInterfaceSpec, SubnetSpec, Tags},
};
use std::{collections::BTreeSet, net::Ipv4Addr};

/// Where public addresses come from: 198.18.0.0/15, which the internet doesn't route (RFC 2544, appendix C.2.2). Its first and last
/// 256 addresses are not given to interfaces.
pub const PUBLIC_POOL: Cidr = Cidr { address: Ipv4Addr::new(198, 18, 0, 0), prefix: 15 };

const PUBLIC_MARGIN: u64 = 256;

/// A subnet has no address left. `InsufficientFreeAddressesInSubnet`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfAddresses;

/// An interface that is to be made.
#[derive(Clone, Debug)]
pub struct NewInterface<'a> {
    /// Its id, `eni-…`: its addresses are sought from a place that depends on it, so that a freed address isn't taken again at once.
    pub id: &'a str,
    /// The id of its subnet.
    pub subnet_id: &'a str,
    /// Its subnet.
    pub subnet: &'a SubnetSpec,
    /// Ids of its security groups.
    pub groups: Vec<String>,
    /// For people.
    pub description: String,
    /// A service makes it and manages it.
    pub requester_managed: bool,
    /// Who asks for it: an account id, or a service's name such as `amazon-elb`.
    pub requester: String,
    /// What it is plugged into.
    pub attachment: Option<Attachment>,
    /// It gets a public address.
    pub public: bool,
    /// The present moment.
    pub now: Timestamp,
}

/// The interface, with addresses that none of `existing` has: in its subnet among the interfaces of the account and region, and in the
/// public pool among all of the cloud. `existing` may hold other subnets' interfaces.
pub fn new_interface<'a>(
    new: NewInterface<'_>,
    existing: impl IntoIterator<Item = &'a NetworkInterfaceSpec>,
) -> Result<NetworkInterfaceSpec, OutOfAddresses> {
    let (mut private, mut public) = (BTreeSet::new(), BTreeSet::new());
    for interface in existing {
        public.extend(interface.public_address);
        private.extend((interface.subnet == new.subnet_id).then_some(interface.address));
    }
    let public_address = new.public.then(|| free_public_address(new.id, &public)).transpose()?;
    Ok(NetworkInterfaceSpec {
        vpc: new.subnet.vpc.clone(),
        subnet: new.subnet_id.into(),
        zone: new.subnet.zone.clone(),
        address: free_address(new.subnet.cidr, new.id, &private)?,
        mac: mac(new.id),
        public_address,
        groups: new.groups,
        description: new.description,
        requester_managed: new.requester_managed,
        requester: new.requester,
        attachment: new.attachment,
        created_at: new.now,
        tags: Tags::new(),
    })
}

/// How many addresses of a subnet interfaces can have: all but the first four and the last (VPC user guide, "Subnet CIDR blocks").
pub fn usable(subnet: Cidr) -> u64 {
    subnet.size().saturating_sub(5)
}

/// A free address of a subnet, sought from a place that depends on `seed`.
pub fn free_address(subnet: Cidr, seed: &str, taken: &BTreeSet<Ipv4Addr>) -> Result<Ipv4Addr, OutOfAddresses> {
    seek(subnet, 4, usable(subnet), seed, taken)
}

fn free_public_address(seed: &str, taken: &BTreeSet<Ipv4Addr>) -> Result<Ipv4Addr, OutOfAddresses> {
    seek(PUBLIC_POOL, PUBLIC_MARGIN, PUBLIC_POOL.size() - 2 * PUBLIC_MARGIN, seed, taken)
}

fn seek(net: Cidr, first: u64, count: u64, seed: &str, taken: &BTreeSet<Ipv4Addr>) -> Result<Ipv4Addr, OutOfAddresses> {
    let start = fnv1a(seed).checked_rem(count.into()).ok_or(OutOfAddresses)? as u64;
    let addresses = (0..count).filter_map(|step| net.nth(first + (start + step) % count));
    addresses.into_iter().find(|address| !taken.contains(address)).ok_or(OutOfAddresses)
}

/// The hardware address of an interface: a function of its id, locally administered, unicast.
pub fn mac(interface: &str) -> String {
    let hex = fingerprint(interface, 10);
    let bytes: Vec<&str> = (0..5).map(|byte| &hex[2 * byte..2 * byte + 2]).collect();
    format!("02:{}", bytes.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn gives_every_usable_address_once_and_no_other() {
        let subnet = cidr("10.0.0.16/28");
        let mut taken = BTreeSet::new();
        for n in 0..usable(subnet) {
            let address = free_address(subnet, &format!("eni-{n}"), &taken).unwrap();
            assert!(taken.insert(address));
        }
        assert_eq!(taken.first(), Some(&Ipv4Addr::new(10, 0, 0, 20)));
        assert_eq!(taken.last(), Some(&Ipv4Addr::new(10, 0, 0, 30)));
        assert_eq!(free_address(subnet, "one more", &taken), Err(OutOfAddresses));
    }

    #[test]
    fn a_subnet_without_usable_addresses_has_none() {
        assert_eq!(free_address(cidr("10.0.0.0/30"), "eni", &BTreeSet::new()), Err(OutOfAddresses));
    }

    fn interface(id: &str, existing: &[NetworkInterfaceSpec]) -> NetworkInterfaceSpec {
        let subnet = SubnetSpec {
            vpc: "vpc-1".into(),
            cidr: cidr("10.0.0.0/29"),
            zone: "eu-west-1a".into(),
            zone_id: "euw1-az1".into(),
            default_for_zone: false,
            map_public_ip: true,
            tags: Tags::new(),
        };
        let new = NewInterface {
            id,
            subnet_id: "subnet-1",
            subnet: &subnet,
            groups: vec!["sg-1".into()],
            description: String::new(),
            requester_managed: true,
            requester: "amazon-elb".into(),
            attachment: None,
            public: true,
            now: Timestamp(1),
        };
        new_interface(new, existing).unwrap()
    }

    #[test]
    fn interfaces_share_no_address() {
        let mut all = Vec::new();
        for id in ["eni-1", "eni-2", "eni-3"] {
            let new = interface(id, &all);
            all.push(new);
        }
        let distinct = |of: fn(&NetworkInterfaceSpec) -> Ipv4Addr| all.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(|it| it.address), 3);
        assert_eq!(distinct(|it| it.public_address.unwrap()), 3);
        assert!(all.iter().all(|it| PUBLIC_POOL.contains(it.public_address.unwrap())));
    }

    #[test]
    fn hardware_addresses_are_local_and_unicast() {
        let mac = mac("eni-0123456789abcdef0");
        assert_eq!(mac.len(), 17);
        assert!(mac.starts_with("02:"));
    }
}
