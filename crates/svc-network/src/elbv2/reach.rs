//! Which targets a balancer can send requests to: those in Availability Zones in which it has a subnet. Pure.

use super::{health::Reach, usage::Usage};
use model::{
    Cidr, Key,
    ec2::Subnet,
    elbv2::{LoadBalancer, TargetGroup, TargetSpec},
};
use spine::{Read, Scope, Specs, StoreError};
use std::net::Ipv4Addr;

/// Where balancers and subnets are.
pub struct Reaches {
    balancers: Specs<LoadBalancer>,
    groups: Specs<TargetGroup>,
    /// VPC, addresses, Availability Zone.
    subnets: Vec<(String, Cidr, String)>,
}

impl Reaches {
    /// Of the whole cloud.
    pub fn read(read: &impl Read) -> Result<Self, StoreError> {
        let subnets = read.specs::<Subnet>(Scope::All)?;
        Ok(Self {
            balancers: read.specs(Scope::All)?,
            groups: read.specs(Scope::All)?,
            subnets: subnets.iter().map(|(_, it)| (it.vpc.clone(), it.cidr, it.zone.clone())).collect(),
        })
    }

    /// Whether and how a target of the group is reached.
    pub fn of(&self, group: &Key<TargetGroup>, target: &TargetSpec, usage: &Usage) -> Reach {
        match () {
            () if !usage.is_used(group) => Reach::NoBalancer,
            () if self.zone_is_enabled(group, target, usage) => Reach::Reachable,
            () => Reach::OtherZone,
        }
    }

    /// Whether a balancer that passes requests to the group has a subnet in the target's Availability Zone.
    pub fn zone_is_enabled(&self, group: &Key<TargetGroup>, target: &TargetSpec, usage: &Usage) -> bool {
        let vpc = self.groups.iter().find(|(key, _)| key == group).map(|(_, spec)| spec.vpc.as_str());
        let zone = vpc.and_then(|vpc| self.zone(vpc, target.address)).or(target.zone.as_deref());
        let users = usage.balancers(group);
        let mut balancers = self.balancers.iter().filter(|(key, _)| users.contains(key));
        balancers.any(|(_, balancer)| zone.is_none_or(|zone| balancer.zones.iter().any(|it| it.zone == zone)))
    }

    fn zone(&self, vpc: &str, address: Ipv4Addr) -> Option<&str> {
        let subnet = self.subnets.iter().find(|(of, cidr, _)| of == vpc && cidr.contains(address));
        subnet.map(|(_, _, zone)| zone.as_str())
    }
}
