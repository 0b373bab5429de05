//! The hosts that instances run on. There is one, or none; placement asks all the same which one has room.

use crate::records::placement_group_named;
use agent_proto::{Capabilities, Host, HostError, machine::Kind, record::LOCAL_HOST};
use front::{Answer, Cx};
use logic::{
    instance::credits_of,
    instance_type::InstanceType,
    placement::{
        hosts::{Member, Placed, Rules, Site, Spot, Wanted, place},
        machines::Demand,
    },
};
use model::{
    Key,
    ec2::{Instance, InstanceSpec, InstanceState, Placement, PlacementStrategy},
};
use spine::{Read, Scope, StoreError};
use std::sync::Arc;

/// Where instances run, and how they are placed.
pub struct Hosts {
    host: Option<Arc<dyn Host>>,
    rules: Rules,
}

impl Hosts {
    /// No host at all: nothing can be launched.
    pub fn none() -> Self {
        Self { host: None, rules: Rules::default() }
    }

    /// The machine that the server runs on.
    pub fn local(host: Arc<dyn Host>, rules: Rules) -> Self {
        Self { host: Some(host), rules }
    }

    /// What the host can do, if there is one.
    pub fn capabilities(&self) -> Option<Capabilities> {
        self.host.as_ref().map(|host| host.capabilities())
    }

    /// The places of as many machines of the type as have room beside those that are there, where their placement group wants them.
    pub fn room(&self, cx: &Cx, read: &impl Read, kind: &InstanceType, at: &Placement, at_most: u32) -> Answer<Vec<Spot>> {
        let group = match &at.group {
            Some(name) => placement_group_named(cx, read, name)?.map(|(_, group)| group.strategy),
            None => None,
        };
        let here = Key::<Instance>::new(&cx.account, &cx.region, "");
        let group: Option<(Member, PlacementStrategy)> = member(&here, at).zip(group);
        let wanted = Wanted { demand: demand(kind), architectures: &kind.architectures, group };
        Ok(place(&self.sites(), &placed(read)?, &wanted, self.rules, at_most))
    }

    /// Each host in a rack of its own.
    fn sites(&self) -> Vec<Site> {
        let site = |has| Site { name: LOCAL_HOST.into(), rack: LOCAL_HOST.into(), has };
        self.capabilities().into_iter().map(site).collect()
    }

    /// Why no machine of the kind can run, if that is so.
    pub fn refuses(&self, kind: &Kind) -> Option<String> {
        self.host.as_ref().and_then(|host| host.refuses(kind))
    }

    /// A picture of a machine's screen, as JPEG; `None` if it has none.
    pub async fn screenshot(&self, machine: &str) -> Result<Option<Vec<u8>>, HostError> {
        match &self.host {
            Some(host) => host.screenshot(machine).await,
            None => Err(HostError::Unknown(machine.to_owned())),
        }
    }

    /// The last of what a machine has written to its console.
    pub async fn console(&self, machine: &str) -> Result<Vec<u8>, HostError> {
        match &self.host {
            Some(host) => host.console(machine).await,
            None => Err(HostError::Unknown(machine.to_owned())),
        }
    }
}

/// All instances of the cloud that aren't off, each with its host.
fn placed(read: &impl Read) -> Result<Vec<Placed>, StoreError> {
    let rows = read.list::<Instance>(Scope::All)?;
    let on = rows.iter().filter(|(_, row)| {
        let state = logic::instance::state(&row.spec, &row.plan);
        !matches!(state, InstanceState::Stopped | InstanceState::Terminated)
    });
    let placed = on.filter_map(|(key, row)| {
        let host = row.plan.host.clone().unwrap_or_else(|| LOCAL_HOST.into());
        Some(Placed { host, demand: of_spec(&row.spec)?, group: member(key, &row.spec.placement) })
    });
    Ok(placed.collect())
}

/// What all of them take.
pub fn taken(read: &impl Read) -> Result<Demand, StoreError> {
    Ok(placed(read)?.into_iter().map(|it| it.demand).sum())
}

/// An instance's place in its group, if it has one. Groups have names of their own in each account and region.
fn member(key: &Key<Instance>, at: &Placement) -> Option<Member> {
    let group = at.group.as_ref().map(|name| format!("{}/{}/{name}", key.account, key.region))?;
    Some(Member { group, zone: at.zone.clone(), partition: at.partition })
}

fn of_spec(spec: &InstanceSpec) -> Option<Demand> {
    logic::instance_type::named(&spec.instance_type).map(demand)
}

/// What a type takes: a burstable one its baseline.
fn demand(kind: &InstanceType) -> Demand {
    let vcpus = u32::try_from(kind.vcpus).unwrap_or_default();
    let cpu = match credits_of(&kind.name, vcpus) {
        Some(credits) => credits.baseline() * 1000 / 1024,
        None => u64::from(vcpus) * 1000,
    };
    Demand { cpu, memory_mib: u64::try_from(kind.memory_mib).unwrap_or_default() }
}
