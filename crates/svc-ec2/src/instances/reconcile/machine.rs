//! What a host is told of an instance: a machine, made of the instance's record and those of its disks and interfaces. Pure but for reading.

use super::near;
use crate::instances::load::{self, Belongings, belongings};
use agent_proto::{
    machine::{Backing, Disk, Hardware, Interface, Kind, Machine},
    record::{HostedMachine, HostedMachineSpec, LOCAL_HOST},
};
use logic::{
    instance::{credits_of, power},
    instance_type,
};
use model::{
    Key,
    ec2::{Instance, InstancePlan, InstanceSpec, InstanceState, MachineKind, VolumeAttachment},
};
use spine::{Read, Row, StoreError, Tx};
use std::collections::BTreeSet;

/// The key of the machine of an instance.
pub fn key_of(key: &Key<Instance>) -> Key<HostedMachine> {
    near(key, &key.id)
}

/// Whether the host is told already what it is to be told.
pub fn is_told(read: &impl Read, key: &Key<Instance>, row: &Row<Instance>) -> Result<bool, StoreError> {
    let told = read.spec(&key_of(key))?;
    Ok(told.as_deref() == wanted(read, key, &row.spec, &row.plan)?.as_ref())
}

/// Tells the host.
pub fn tell(tx: &mut Tx, key: &Key<Instance>, row: &Row<Instance>) -> Result<(), StoreError> {
    let machine = key_of(key);
    match (wanted(tx, key, &row.spec, &row.plan)?, tx.exists(&machine)?) {
        (Some(spec), true) => tx.put_spec(&machine, &spec),
        (Some(spec), false) => tx.create(&machine, &spec),
        (None, true) => tx.delete(&machine),
        (None, false) => Ok(()),
    }
}

/// The machine that an instance is to be; none before its first boot and after its end.
fn wanted(
    read: &impl Read,
    key: &Key<Instance>,
    spec: &InstanceSpec,
    plan: &InstancePlan,
) -> Result<Option<HostedMachineSpec>, StoreError> {
    let Some(power) = power(spec, plan).filter(|_| plan.state != InstanceState::Terminated) else { return Ok(None) };
    let belongings = belongings(read, key, spec)?;
    let interfaces = belongings.interfaces.iter().map(|(id, interface)| Interface {
        device: interface.attachment.as_ref().and_then(|it| u32::try_from(it.device_index).ok()).unwrap_or_default(),
        interface: id.clone(),
    });
    let machine = Machine {
        id: key.id.clone(),
        power,
        reboots: spec.reboots + plan.reboots,
        kind: kind(spec.boot.machine, spec.boot.boot_mode.as_deref(), &spec.boot.architecture),
        hardware: hardware(spec, plan),
        hostname: hostname(key, spec, &belongings),
        vpc: spec.vpc.clone(),
        interfaces: interfaces.collect(),
        disks: volumes(key, spec, &belongings.volumes).into_iter().chain(instance_store(spec)).collect(),
        forced_out: forced_out(key, &belongings.volumes),
    };
    Ok(Some(HostedMachineSpec { host: plan.host.clone().unwrap_or_else(|| LOCAL_HOST.into()), machine }))
}

/// What runs an instance of an image.
pub fn kind(machine: MachineKind, boot_mode: Option<&str>, architecture: &str) -> Kind {
    let uefi = matches!(boot_mode, Some("uefi" | "uefi-preferred")) || architecture == "arm64";
    match machine {
        MachineKind::SystemContainer => Kind::SystemContainer { host_userland: false },
        MachineKind::QuickStart => Kind::SystemContainer { host_userland: true },
        MachineKind::Guest => Kind::Guest { uefi },
    }
}

/// What its type has, less what its CPU options leave out; a burstable one without credits has its baseline.
fn hardware(spec: &InstanceSpec, plan: &InstancePlan) -> Hardware {
    let kind = instance_type::named(&spec.instance_type);
    let number = |value: i32| u32::try_from(value).unwrap_or(1);
    let vcpus = spec.attributes.cpu_options.map(|(cores, threads)| number(cores) * number(threads));
    let of_type = kind.map_or(1, |kind| number(kind.vcpus));
    let throttled = plan.credits.as_ref().is_some_and(|balance| balance.throttled);
    let baseline = credits_of(&spec.instance_type, of_type).map(|credits| credits.baseline());
    Hardware {
        vcpus: vcpus.unwrap_or(of_type).max(1),
        memory_mib: kind.and_then(|kind| u64::try_from(kind.memory_mib).ok()).unwrap_or(512),
        cpu_quota: baseline.filter(|_| throttled),
    }
}

/// Its first name: that of its primary address, or its own id (EC2 user guide, "EC2 instance hostnames and domains").
fn hostname(key: &Key<Instance>, spec: &InstanceSpec, belongings: &Belongings) -> String {
    let primary = belongings.interfaces.first().map(|(_, primary)| primary.address);
    let name = primary.map(|address| logic::vpc::instance_dns_name(&spec.private_dns, &key.id, address, &key.region));
    let name = name.unwrap_or_else(|| key.id.clone());
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Its volumes, but for those that are to be detached.
fn volumes(key: &Key<Instance>, spec: &InstanceSpec, disks: &[load::Disk]) -> Vec<Disk> {
    let attached = disks.iter().filter_map(|disk| Some((disk, disk.attachment(&key.id)?.0)));
    let staying = attached.filter(|(_, attachment)| attachment.detach.is_none());
    let disk = |(disk, attachment): (&load::Disk, &VolumeAttachment)| Disk {
        device: attachment.device.clone(),
        backing: Backing::Volume(disk.id.clone()),
        root: attachment.device == spec.boot.root_device,
    };
    staying.map(disk).collect()
}

/// The devices that are taken though the system uses them.
fn forced_out(key: &Key<Instance>, disks: &[load::Disk]) -> BTreeSet<String> {
    let attached = disks.iter().filter_map(|disk| Some(disk.attachment(&key.id)?.0));
    attached.filter(|it| it.detach.is_some_and(|detach| detach.force)).map(|it| it.device.clone()).collect()
}

fn instance_store(spec: &InstanceSpec) -> impl Iterator<Item = Disk> + '_ {
    let disk =
        |(device, size): &(String, u32)| Disk { device: device.clone(), backing: Backing::InstanceStore(*size), root: false };
    spec.instance_store.iter().map(disk)
}
