//! The VPC in the order in which it is written down.

use super::super::{Group, Interface, Link, Neighbour, Peer, Subnet, Vpc};
use super::text::{Family, family_of, quoted, safe};
use model::IpCidr;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A VPC, sorted, with each address at one interface.
pub(super) struct Plan<'a> {
    pub(super) vpc: &'a Vpc,
    pub(super) subnets: BTreeMap<&'a str, &'a Subnet>,
    /// By the first of its addresses.
    pub(super) interfaces: BTreeMap<IpAddr, &'a Interface>,
    /// The interface that has the address, and what the address is on the internet.
    pub(super) addresses: BTreeMap<IpAddr, (&'a Interface, Option<IpAddr>)>,
    /// Every group that is listed, that an interface is in, or that a rule names; `None` for those that aren't listed.
    pub(super) groups: BTreeMap<&'a str, Option<&'a Group>>,
    pub(super) neighbours: BTreeMap<&'a str, &'a Neighbour>,
}

/// What a thing is looked up by: packets of the router's own addresses pass no network interface of their own.
pub(super) struct Places {
    /// By network interface.
    pub(super) links: Vec<String>,
    /// By the router's own address.
    pub(super) local: Vec<String>,
}

impl<'a> Plan<'a> {
    pub(super) fn of(vpc: &'a Vpc) -> Self {
        let (mut interfaces, mut addresses) = (BTreeMap::new(), BTreeMap::new());
        for interface in &vpc.interfaces {
            let own: Vec<_> = interface.addresses.iter().filter(|(address, _)| !addresses.contains_key(address)).collect();
            if let Some((first, _)) = own.first() {
                interfaces.insert(*first, interface);
            }
            addresses.extend(own.into_iter().map(|(address, public)| (*address, (interface, *public))));
        }
        Self {
            vpc,
            subnets: vpc.subnets.iter().map(|it| (it.id.as_str(), it)).collect(),
            interfaces,
            addresses,
            groups: named_groups(vpc),
            neighbours: vpc.neighbours.iter().map(|it| (it.link.as_str(), it)).collect(),
        }
    }

    /// The elements of a map from interfaces to verdicts, for those that `verdict` knows.
    pub(super) fn places(&self, verdict: impl Fn(&Interface) -> Option<String>) -> Places {
        let port = |it: &Interface| match &it.link {
            Link::Port(name) => Some(format!("{} : {}", quoted(name), verdict(it)?)),
            Link::Local => None,
        };
        let local = |(address, (it, _)): (&IpAddr, &(&Interface, _))| match it.link {
            Link::Local => Some(format!("{address} : {}", verdict(it)?)),
            Link::Port(_) => None,
        };
        Places {
            links: self.interfaces.values().filter_map(|it| port(it)).collect(),
            local: self.addresses.iter().filter_map(local).collect(),
        }
    }

    /// The families that the VPC speaks.
    pub(super) fn families(&self) -> impl Iterator<Item = Family> {
        let ipv6 = self.vpc.cidrs.iter().any(|cidr| cidr.is_ipv6());
        [Family::V4].into_iter().chain(ipv6.then_some(Family::V6))
    }

    /// Whether the VPC speaks the network's family.
    pub(super) fn speaks(&self, cidr: IpCidr) -> bool {
        self.families().any(|family| family == family_of(cidr))
    }

    /// The private addresses of a group's members, here and beside.
    pub(super) fn members(&self, group: &str) -> BTreeSet<IpAddr> {
        let is_in = |it: &Interface| it.groups.iter().flatten().any(|id| id == group);
        let own = self.addresses.iter().filter(|(_, (it, _))| is_in(it)).map(|(address, _)| *address);
        let beside = self.vpc.neighbours.iter().flat_map(|it| &it.members).filter(|(id, _)| id == group);
        own.chain(beside.flat_map(|(_, members)| members.iter().copied())).collect()
    }
}

fn named_groups(vpc: &Vpc) -> BTreeMap<&str, Option<&Group>> {
    let rules = vpc.groups.iter().flat_map(|group| group.ingress.iter().chain(&group.egress));
    let peers = rules.filter_map(|rule| match &rule.peer {
        Peer::Group(id) => Some(id),
        Peer::Cidr(_) => None,
    });
    let named = vpc.interfaces.iter().flat_map(|it| it.groups.iter().flatten()).chain(peers).map(|id| (id.as_str(), None));
    named.chain(vpc.groups.iter().map(|group| (group.id.as_str(), Some(group)))).collect()
}

/// The groups' names in the text, in order, of those that are known.
pub(super) fn known<'a>(plan: &'a Plan<'_>, groups: &'a BTreeSet<&str>) -> impl Iterator<Item = String> + 'a {
    groups.iter().filter(|id| matches!(plan.groups.get(*id), Some(Some(_)))).map(|id| safe(id))
}
