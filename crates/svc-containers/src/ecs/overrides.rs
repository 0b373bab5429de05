//! What `RunTask` is told to do otherwise than the task definition says.

use super::{
    definition::{environment, parse_cpu, parse_memory},
    errors::{filled, invalid, refuse_unbuilt},
    roles,
};
use api::ecs as aws;
use model::{
    AccountId,
    ecs::{ContainerOverride, Definition, TaskOverride},
};
use spine::Read;
use wire::Fault;

/// The overrides of a request, for containers that the definition has.
pub fn parse(
    read: &impl Read,
    account: &AccountId,
    definition: &Definition,
    given: Option<&aws::TaskOverride>,
) -> Result<TaskOverride, Fault> {
    let Some(given) = given else { return Ok(TaskOverride::default()) };
    refuse_unbuilt(&[
        ("overrides.ephemeralStorage", given.ephemeral_storage.is_some()),
        ("overrides.inferenceAcceleratorOverrides", filled(&given.inference_accelerator_overrides)),
    ])?;
    let size = |text: &Option<String>, read: fn(&str) -> Option<u32>, what: &str| {
        let parsed = text.as_deref().map(|text| read(text).ok_or_else(|| invalid(format!("Invalid '{what}' setting for task."))));
        parsed.transpose()
    };
    let containers = given.container_overrides.iter().flatten().map(|other| container(definition, other));
    Ok(TaskOverride {
        containers: containers.collect::<Result<_, _>>()?,
        cpu: size(&given.cpu, parse_cpu, "cpu")?,
        memory: size(&given.memory, parse_memory, "memory")?,
        execution_role: roles::named(read, account, given.execution_role_arn.as_deref())?,
        task_role: roles::named(read, account, given.task_role_arn.as_deref())?,
    })
}

fn container(definition: &Definition, given: &aws::ContainerOverride) -> Result<ContainerOverride, Fault> {
    refuse_unbuilt(&[
        ("overrides.containerOverrides.environmentFiles", filled(&given.environment_files)),
        ("overrides.containerOverrides.resourceRequirements", filled(&given.resource_requirements)),
    ])?;
    let name = given.name.clone().unwrap_or_default();
    if definition.container(&name).is_none() {
        return Err(invalid(format!("Override for container named {name} is not a container in the TaskDefinition.")));
    }
    let number = |value: Option<i32>, what: &str| {
        let invalid = |_| invalid(format!("Invalid '{what}' setting for container '{name}'."));
        value.map(|value| u32::try_from(value).map_err(invalid)).transpose()
    };
    Ok(ContainerOverride {
        command: given.command.clone().filter(|command| !command.is_empty()),
        environment: environment(&given.environment)?,
        cpu: number(given.cpu, "cpu")?,
        memory: number(given.memory, "memory")?,
        memory_reservation: number(given.memory_reservation, "memoryReservation")?,
        name,
    })
}
