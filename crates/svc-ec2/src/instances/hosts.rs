//! The hosts that instances run on. There is one, or none; placement asks all the same which one has room.

use agent_proto::{Capabilities, Host, HostError};
use logic::{
    instance::credits_of,
    instance_type::InstanceType,
    placement::machines::{Demand, Overcommitment, how_many, left},
};
use model::ec2::{Instance, InstanceSpec, InstanceState};
use spine::{Read, Scope, StoreError};
use std::sync::Arc;

/// Where instances run, and how much of it is given away.
pub struct Hosts {
    host: Option<Arc<dyn Host>>,
    over: Overcommitment,
}

impl Hosts {
    /// No host at all: nothing can be launched.
    pub fn none() -> Self {
        Self { host: None, over: Overcommitment::default() }
    }

    /// The machine that the server runs on.
    pub fn local(host: Arc<dyn Host>, over: Overcommitment) -> Self {
        Self { host: Some(host), over }
    }

    /// What the host can do, if there is one.
    pub fn capabilities(&self) -> Option<Capabilities> {
        self.host.as_ref().map(|host| host.capabilities())
    }

    /// How many machines of the type have room beside those that are there.
    pub fn room(&self, read: &impl Read, kind: &InstanceType, at_most: u32) -> Result<u32, StoreError> {
        let Some(host) = self.capabilities() else { return Ok(0) };
        Ok(how_many(demand(kind), left(&host, self.over, taken(read)?), at_most))
    }

    /// The last of what a machine has written to its console.
    pub async fn console(&self, machine: &str) -> Result<Vec<u8>, HostError> {
        match &self.host {
            Some(host) => host.console(machine).await,
            None => Err(HostError::Unknown(machine.to_owned())),
        }
    }
}

/// What all instances of the cloud take that aren't off.
fn taken(read: &impl Read) -> Result<Demand, StoreError> {
    let rows = read.list::<Instance>(Scope::All)?;
    let on = rows.iter().filter(|(_, row)| {
        let state = logic::instance::state(&row.spec, &row.plan);
        !matches!(state, InstanceState::Stopped | InstanceState::Terminated)
    });
    Ok(on.filter_map(|(_, row)| of_spec(&row.spec)).sum())
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
