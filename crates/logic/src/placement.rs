//! Where tasks go: subnets and capacity providers in turn, and whether a container instance has room. Where machines go: [`hosts`], and what
//! they take there: [`machines`].

pub mod hosts;
pub mod machines;

use model::ecs::{Definition, NetworkMode, ProviderShare, TaskOverride};
use std::collections::BTreeSet;

/// The subnet with the fewest of the tasks that are there; of several, the first.
pub fn subnet<'a>(subnets: &[String], taken: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    subnets.iter().min_by_key(|subnet| taken.clone().filter(|other| other == subnet).count()).cloned()
}

/// The capacity provider for the next task: the one whose base is not full, else the one that is furthest behind its share
/// ("Capacity provider strategy": base before weight).
pub fn provider<'a>(shares: &[ProviderShare], taken: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let count = |share: &ProviderShare| taken.clone().filter(|other| *other == share.provider).count() as u64;
    let below_base = shares.iter().find(|share| count(share) < u64::from(share.base));
    let weighed = shares.iter().filter(|share| share.weight > 0);
    // Tasks beyond the base, over the weight: compared as fractions of a common denominator, so without rounding.
    let total: u64 = shares.iter().map(|share| u64::from(share.weight).max(1)).product();
    let load = |share: &&ProviderShare| (count(share) - u64::from(share.base)) * (total / u64::from(share.weight));
    below_base.or_else(|| weighed.min_by_key(load)).map(|share| share.provider.clone())
}

/// What a task takes of a container instance, or an instance has left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// CPU units.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
    /// Ports of the instance's address: number, and whether UDP.
    pub ports: BTreeSet<(u16, bool)>,
}

/// Why a task can't be placed: the `reason` of a failure in `RunTask`'s answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too little CPU is left.
    Cpu,
    /// Too little memory is left.
    Memory,
    /// A port is taken.
    Ports,
    /// The instance is of another processor architecture.
    Attribute,
    /// The host's agent can't be reached.
    Agent,
}

impl Refusal {
    /// The text on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Refusal::Cpu => "RESOURCE:CPU",
            Refusal::Memory => "RESOURCE:MEMORY",
            Refusal::Ports => "RESOURCE:PORTS",
            Refusal::Attribute => "ATTRIBUTE",
            Refusal::Agent => "AGENT",
        }
    }

    /// What a service's event says of the instance.
    pub const fn sentence(self) -> &'static str {
        match self {
            Refusal::Cpu => "has insufficient CPU units available",
            Refusal::Memory => "has insufficient memory available",
            Refusal::Ports => "is already using a port required by your task",
            Refusal::Attribute => "is missing an attribute required by your task",
            Refusal::Agent => "encountered error \"AGENT\"",
        }
    }
}

/// What a task takes: its own bounds where it has them, else those of its containers together.
pub fn required(definition: &Definition, overrides: &TaskOverride) -> Resources {
    let of = |name: &str| overrides.containers.iter().find(|container| container.name == name);
    let cpu = |container: &model::ecs::ContainerDefinition| of(&container.name).and_then(|o| o.cpu).unwrap_or(container.cpu);
    let memory = |container: &model::ecs::ContainerDefinition| {
        let other = of(&container.name);
        let soft = other.and_then(|o| o.memory_reservation).or(container.memory_reservation);
        soft.or(other.and_then(|o| o.memory)).or(container.memory).unwrap_or_default()
    };
    Resources {
        cpu: overrides.cpu.or(definition.cpu).unwrap_or_else(|| definition.containers.iter().map(cpu).sum()),
        memory: overrides.memory.or(definition.memory).unwrap_or_else(|| definition.containers.iter().map(memory).sum()),
        ports: ports(definition),
    }
}

/// The fixed ports that a task takes of its instance's address.
fn ports(definition: &Definition) -> BTreeSet<(u16, bool)> {
    let shared = matches!(definition.network_mode, NetworkMode::Bridge | NetworkMode::Host);
    let mappings = definition.containers.iter().flat_map(|container| &container.port_mappings).filter(|_| shared);
    mappings.filter(|mapping| mapping.host_port != 0).map(|mapping| (mapping.host_port, mapping.udp)).collect()
}

/// What an instance has left when tasks that take so much run on it.
pub fn remaining<'a>(registered: &Resources, taken: impl Iterator<Item = &'a Resources>) -> Resources {
    taken.fold(registered.clone(), |left, task| Resources {
        cpu: left.cpu.saturating_sub(task.cpu),
        memory: left.memory.saturating_sub(task.memory),
        ports: left.ports.union(&task.ports).copied().collect(),
    })
}

/// Whether a task has room in what is left; `left.ports` are the ports that are taken.
pub fn fits(task: &Resources, left: &Resources) -> Result<(), Refusal> {
    match () {
        () if task.cpu > left.cpu => Err(Refusal::Cpu),
        () if task.memory > left.memory => Err(Refusal::Memory),
        () if !task.ports.is_disjoint(&left.ports) => Err(Refusal::Ports),
        () => Ok(()),
    }
}

/// How many tasks of one kind have room in what is left, and why no more.
pub fn how_many(task: &Resources, left: &Resources, at_most: u32) -> (u32, Option<Refusal>) {
    let mut left = left.clone();
    for placed in 0..at_most {
        if let Err(refusal) = fits(task, &left) {
            return (placed, Some(refusal));
        }
        left = remaining(&left, std::iter::once(task));
    }
    (at_most, None)
}

/// Whether a task definition's architecture is the machine's: `X86_64` is OCI's `amd64`, `ARM64` its `arm64`.
pub fn same_architecture(definition: &Definition, machine: &str) -> bool {
    match definition.cpu_architecture.as_deref() {
        Some("ARM64") => machine == "arm64",
        Some("X86_64") => machine == "amd64",
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ecs::{ContainerDefinition, PortMapping};

    fn shares(items: &[(&str, u32, u32)]) -> Vec<ProviderShare> {
        items.iter().map(|&(provider, base, weight)| ProviderShare { provider: provider.into(), base, weight }).collect()
    }

    #[test]
    fn subnets_are_taken_in_turn() {
        let subnets = ["a".to_string(), "b".into(), "c".into()];
        let mut taken: Vec<String> = vec![];
        for _ in 0..7 {
            taken.push(subnet(&subnets, taken.iter().map(String::as_str)).unwrap());
        }
        assert_eq!(taken, ["a", "b", "c", "a", "b", "c", "a"]);
    }

    #[test]
    fn base_comes_before_weight() {
        let shares = shares(&[("FARGATE", 2, 1), ("FARGATE_SPOT", 0, 3)]);
        let mut taken: Vec<String> = vec![];
        for _ in 0..10 {
            taken.push(provider(&shares, taken.iter().map(String::as_str)).unwrap());
        }
        assert_eq!(taken[..2], ["FARGATE", "FARGATE"]);
        assert_eq!(taken.iter().filter(|it| *it == "FARGATE_SPOT").count(), 6);
    }

    #[test]
    fn a_provider_without_weight_gets_its_base_alone() {
        let shares = shares(&[("FARGATE", 1, 0), ("FARGATE_SPOT", 0, 1)]);
        assert_eq!(provider(&shares, ["FARGATE"].into_iter()).as_deref(), Some("FARGATE_SPOT"));
    }

    fn task(cpu: u32, memory: u32, port: u16) -> Resources {
        let mapping = PortMapping { container_port: 80, host_port: port, udp: false, name: None, app_protocol: None };
        let container = ContainerDefinition {
            name: "web".into(),
            cpu,
            memory: Some(memory),
            port_mappings: vec![mapping],
            ..Default::default()
        };
        required(&Definition { containers: vec![container], ..Default::default() }, &TaskOverride::default())
    }

    #[test]
    fn an_instance_refuses_what_it_has_no_room_for() {
        let machine = Resources { cpu: 2048, memory: 4096, ports: [(22, false)].into() };
        let left = remaining(&machine, [task(1024, 1024, 80)].iter());
        for (wanted, answer) in [
            (task(1024, 1024, 81), Ok(())),
            (task(1025, 1024, 81), Err(Refusal::Cpu)),
            (task(1, 3073, 81), Err(Refusal::Memory)),
            (task(1, 1, 80), Err(Refusal::Ports)),
            (task(1, 1, 22), Err(Refusal::Ports)),
            (task(1, 1, 0), Ok(())),
        ] {
            assert_eq!(fits(&wanted, &left), answer, "{wanted:?}");
        }
        assert_eq!(how_many(&task(512, 1, 0), &left, 5), (2, Some(Refusal::Cpu)));
        assert_eq!(how_many(&task(1, 1, 8080), &left, 5), (1, Some(Refusal::Ports)));
    }

    #[test]
    fn an_override_takes_precedence() {
        let container = ContainerDefinition { name: "web".into(), cpu: 10, memory: Some(20), ..Default::default() };
        let definition = Definition { containers: vec![container], ..Default::default() };
        let other = model::ecs::ContainerOverride { name: "web".into(), cpu: Some(7), ..Default::default() };
        let overrides = TaskOverride { containers: vec![other], memory: Some(99), ..Default::default() };
        let wanted = required(&definition, &overrides);
        assert_eq!((wanted.cpu, wanted.memory), (7, 99));
    }
}
