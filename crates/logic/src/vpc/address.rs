//! Interfaces and the addresses they get.

use super::{fingerprint, fnv1a};
use model::{
    Cidr, Timestamp,
    ec2::{Attachment, InterfaceKind, NetworkInterfaceSpec, PrivateAddress, SubnetSpec, Tags},
};
use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, Ipv6Addr},
};

/// Where public addresses come from: 198.18.0.0/15, which the internet doesn't route (RFC 2544, appendix C.2.2). Its first and last
/// 256 addresses are not given to interfaces.
pub const PUBLIC_POOL: Cidr = Cidr { address: Ipv4Addr::new(198, 18, 0, 0), prefix: 15 };

/// The half of the public pool from which interfaces get an address that they keep as long as they are there.
const PASSING_POOL: Cidr = Cidr { address: Ipv4Addr::new(198, 18, 0, 0), prefix: 16 };

/// The half of the public pool that Elastic IP addresses are of, so that they are told from the others by themselves.
pub const ELASTIC_POOL: Cidr = Cidr { address: Ipv4Addr::new(198, 19, 0, 0), prefix: 16 };

const PUBLIC_MARGIN: u64 = 256;

/// Why an interface can't have the addresses that it is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAddress {
    /// The subnet, or the public pool, has no address left. `InsufficientFreeAddressesInSubnet`.
    Exhausted,
    /// The address isn't one that interfaces of the subnet can have.
    Outside(Ipv4Addr),
    /// Another interface has the address, or it was asked for twice.
    InUse(Ipv4Addr),
}

/// The private addresses that somebody wants; by default one, whichever is free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedAddresses {
    /// The primary one; any if none is named.
    pub primary: Option<Ipv4Addr>,
    /// Secondary ones.
    pub secondary: Vec<Ipv4Addr>,
    /// So many secondary ones besides, whichever are free.
    pub more: usize,
}

/// An interface that is to be made.
#[derive(Clone, Debug)]
pub struct NewInterface<'a> {
    /// Its id, `eni-…`: its addresses are sought from a place that depends on it, so that a freed address isn't taken again at once.
    pub id: &'a str,
    /// The id of its subnet.
    pub subnet_id: &'a str,
    /// Its subnet.
    pub subnet: &'a SubnetSpec,
    /// What it is for.
    pub kind: InterfaceKind,
    /// Its private addresses.
    pub addresses: WantedAddresses,
    /// Its addresses of IPv6, which are its subnet's and nobody's else.
    pub ipv6: Vec<Ipv6Addr>,
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
) -> Result<NetworkInterfaceSpec, NoAddress> {
    let mut taken = Taken::of(new.subnet_id, existing);
    let public_address = new.public.then(|| seek_public(PASSING_POOL, new.id, &taken.public)).transpose()?;
    // What is named goes first, so that nothing that is chosen gets in its way.
    new.addresses
        .primary
        .into_iter()
        .chain(new.addresses.secondary.iter().copied())
        .try_for_each(|it| taken.take(new.subnet, it))?;
    let address = new.addresses.primary.map_or_else(|| taken.choose(new.subnet, new.id), Ok)?;
    let more = taken.choose_many(new.subnet, new.id, new.addresses.more)?;
    let secondary = new.addresses.secondary.into_iter().chain(more);
    Ok(NetworkInterfaceSpec {
        vpc: new.subnet.vpc.clone(),
        subnet: new.subnet_id.into(),
        zone: new.subnet.zone.clone(),
        kind: new.kind,
        address,
        mac: mac(new.id),
        public_address,
        secondary: secondary.map(|address| PrivateAddress { address, public_address: None }).collect(),
        ipv6: new.ipv6,
        groups: new.groups,
        source_dest_check: true,
        description: new.description,
        requester_managed: new.requester_managed,
        requester: new.requester,
        attachment: new.attachment,
        detached: None,
        created_at: new.now,
        client_token: None,
        tags: Tags::new(),
    })
}

/// The addresses of a subnet, and of the public pool, that interfaces have.
pub struct Taken {
    private: BTreeSet<Ipv4Addr>,
    public: BTreeSet<Ipv4Addr>,
}

impl Taken {
    /// Those that the interfaces have, of which those of other subnets count for the public pool alone.
    pub fn of<'a>(subnet_id: &str, interfaces: impl IntoIterator<Item = &'a NetworkInterfaceSpec>) -> Self {
        let (mut private, mut public) = (BTreeSet::new(), BTreeSet::new());
        for interface in interfaces {
            public.extend(interface.addresses().filter_map(|it| it.public_address));
            if interface.subnet == subnet_id {
                private.extend(interface.addresses().map(|it| it.address));
            }
        }
        Self { private, public }
    }

    /// Takes that address of the subnet.
    pub fn take(&mut self, subnet: &SubnetSpec, address: Ipv4Addr) -> Result<(), NoAddress> {
        if !is_usable(subnet.cidr, address) {
            return Err(NoAddress::Outside(address));
        }
        if self.private.insert(address) { Ok(()) } else { Err(NoAddress::InUse(address)) }
    }

    /// Gives an address of the subnet back.
    pub fn give_back(&mut self, address: Ipv4Addr) {
        self.private.remove(&address);
    }

    /// Takes so many addresses that nobody has and that aren't reserved, sought from places that depend on `seed`.
    pub fn choose_many(&mut self, subnet: &SubnetSpec, seed: &str, count: usize) -> Result<Vec<Ipv4Addr>, NoAddress> {
        (0..count).map(|n| self.choose(subnet, &format!("{seed} {n}"))).collect()
    }

    fn choose(&mut self, subnet: &SubnetSpec, seed: &str) -> Result<Ipv4Addr, NoAddress> {
        let free = |address: &Ipv4Addr| {
            !self.private.contains(address) && !subnet.reservations.iter().any(|reserved| reserved.cidr.contains(*address))
        };
        let address = seek(subnet.cidr, 4, usable(subnet.cidr), seed, free)?;
        self.private.insert(address);
        Ok(address)
    }
}

/// How many addresses of a subnet interfaces can have: all but the first four and the last (VPC user guide, "Subnet CIDR blocks").
pub fn usable(subnet: Cidr) -> u64 {
    subnet.size().saturating_sub(5)
}

/// Whether interfaces of a subnet can have the address.
pub fn is_usable(subnet: Cidr, address: Ipv4Addr) -> bool {
    let offset = u32::from(address).wrapping_sub(u32::from(subnet.address));
    subnet.contains(address) && offset >= 4 && address != subnet.last()
}

/// An Elastic IP address that none of `taken` is.
pub fn free_elastic_address(seed: &str, taken: &BTreeSet<Ipv4Addr>) -> Result<Ipv4Addr, NoAddress> {
    seek_public(ELASTIC_POOL, seed, taken)
}

/// A public address that isn't Elastic and that none of `taken` is.
pub fn free_public_address(seed: &str, taken: &BTreeSet<Ipv4Addr>) -> Result<Ipv4Addr, NoAddress> {
    seek_public(PASSING_POOL, seed, taken)
}

fn seek_public(pool: Cidr, seed: &str, taken: &BTreeSet<Ipv4Addr>) -> Result<Ipv4Addr, NoAddress> {
    seek(pool, PUBLIC_MARGIN, pool.size() - 2 * PUBLIC_MARGIN, seed, |address| !taken.contains(address))
}

fn seek(net: Cidr, first: u64, count: u64, seed: &str, free: impl Fn(&Ipv4Addr) -> bool) -> Result<Ipv4Addr, NoAddress> {
    let start = fnv1a(seed).checked_rem(count.into()).ok_or(NoAddress::Exhausted)? as u64;
    let mut addresses = (0..count).filter_map(|step| net.nth(first + (start + step) % count));
    addresses.find(free).ok_or(NoAddress::Exhausted)
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
    use model::ec2::{CidrReservation, PrivateDnsOptions};

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    fn subnet(block: &str) -> SubnetSpec {
        SubnetSpec {
            vpc: "vpc-1".into(),
            cidr: cidr(block),
            ipv6: None,
            assign_ipv6: false,
            zone: "eu-west-1a".into(),
            zone_id: "euw1-az1".into(),
            default_for_zone: false,
            map_public_ip: true,
            private_dns: PrivateDnsOptions::default(),
            reservations: Vec::new(),
            tags: Tags::new(),
        }
    }

    fn nothing_taken() -> Taken {
        Taken::of("subnet-1", [])
    }

    #[test]
    fn gives_every_usable_address_once_and_no_other() {
        let subnet = subnet("10.0.0.16/28");
        let mut taken = nothing_taken();
        let all = taken.choose_many(&subnet, "eni", usable(subnet.cidr) as usize).unwrap();
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!((all.len(), distinct.len()), (11, 11));
        assert_eq!(distinct.first(), Some(&&Ipv4Addr::new(10, 0, 0, 20)));
        assert_eq!(distinct.last(), Some(&&Ipv4Addr::new(10, 0, 0, 30)));
        assert!(all.iter().all(|it| is_usable(subnet.cidr, *it)));
        assert_eq!(taken.choose_many(&subnet, "one more", 1), Err(NoAddress::Exhausted));
    }

    #[test]
    fn a_subnet_without_usable_addresses_has_none() {
        assert_eq!(nothing_taken().choose_many(&subnet("10.0.0.0/30"), "eni", 1), Err(NoAddress::Exhausted));
    }

    #[test]
    fn an_address_that_is_named_has_to_be_free_and_inside() {
        let subnet = subnet("10.0.0.16/28");
        let mut taken = nothing_taken();
        let first = Ipv4Addr::new(10, 0, 0, 20);
        assert_eq!(taken.take(&subnet, first), Ok(()));
        assert_eq!(taken.take(&subnet, first), Err(NoAddress::InUse(first)));
        for outside in [19, 31, 32, 15] {
            let outside = Ipv4Addr::new(10, 0, 0, outside);
            assert_eq!(taken.take(&subnet, outside), Err(NoAddress::Outside(outside)));
        }
    }

    #[test]
    fn what_is_reserved_is_not_chosen_but_can_be_named() {
        let mut subnet = subnet("10.0.0.16/28");
        let cidr = cidr("10.0.0.24/29");
        let reserved =
            CidrReservation { id: "scr-1".into(), cidr, for_prefixes: false, description: String::new(), tags: Tags::new() };
        subnet.reservations.push(reserved);
        let mut taken = nothing_taken();
        assert!(taken.choose_many(&subnet, "eni", 4).unwrap().iter().all(|it| !cidr.contains(*it)));
        assert_eq!(taken.choose_many(&subnet, "eni", 1), Err(NoAddress::Exhausted));
        assert_eq!(taken.take(&subnet, Ipv4Addr::new(10, 0, 0, 25)), Ok(()));
    }

    fn interface(id: &str, existing: &[NetworkInterfaceSpec]) -> NetworkInterfaceSpec {
        let new = NewInterface {
            id,
            subnet_id: "subnet-1",
            subnet: &subnet("10.0.0.0/28"),
            kind: InterfaceKind::Interface,
            addresses: WantedAddresses { more: 1, ..WantedAddresses::default() },
            ipv6: Vec::new(),
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
        let addresses: BTreeSet<_> = all.iter().flat_map(|it| it.addresses()).map(|it| it.address).collect();
        assert_eq!(addresses.len(), 6);
        let public: BTreeSet<_> = all.iter().map(|it| it.public_address.unwrap()).collect();
        assert_eq!(public.len(), 3);
        assert!(public.iter().all(|it| PUBLIC_POOL.contains(*it) && !ELASTIC_POOL.contains(*it)));
    }

    #[test]
    fn hardware_addresses_are_local_and_unicast() {
        let mac = mac("eni-0123456789abcdef0");
        assert_eq!(mac.len(), 17);
        assert!(mac.starts_with("02:"));
    }
}
