//! What `ModifyInstanceAttribute` is asked for, in either of its two forms, and what becomes of the record.

use crate::{
    errors::{invalid_value, missing_parameter},
    instances::{
        defaults,
        errors::{not_built, not_stopped, unsupported, unsupported_operation},
        load::Loaded,
        run::{instance_store, user_data},
    },
    records::find,
    vpc::interfaces,
};
use api::ec2::{
    InstanceAttributeName as Name, InstanceBlockDeviceMappingSpecification as Device, ModifyInstanceAttributeRequest as Asked,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use front::{Answer, Cx};
use logic::{
    instance::credits_of,
    instance_type::{Optimized, named},
};
use model::ec2::{InstanceSpec, InstanceState, NetworkInterface};
use spine::Read;
use wire::Fault;

/// A change of one attribute.
#[derive(Debug)]
pub enum Change {
    /// `instanceType`.
    Type(String),
    /// `userData`, in base64.
    UserData(Option<String>),
    /// `disableApiTermination`.
    TerminationProtection(bool),
    /// `disableApiStop`.
    StopProtection(bool),
    /// `instanceInitiatedShutdownBehavior`.
    Shutdown(String),
    /// `ebsOptimized`.
    EbsOptimized(bool),
    /// `enaSupport`.
    Ena(bool),
    /// `groupSet`, of the primary interface.
    Groups(Vec<String>),
    /// `sourceDestCheck`, of the primary interface.
    SourceDestCheck(bool),
    /// `blockDeviceMapping`: what goes with the instance.
    BlockDevices(Vec<Device>),
}

/// The changes that a request asks for.
pub fn read(asked: &Asked) -> Answer<Vec<Change>> {
    let mut changes = Vec::new();
    for (given, parameter) in [
        (asked.kernel.is_some(), "Kernel"),
        (asked.ramdisk.is_some(), "Ramdisk"),
        (asked.sriov_net_support.is_some(), "SriovNetSupport"),
        (asked.enclave_options.as_ref().is_some_and(|options| options.enabled == Some(true)), "EnclaveOptions"),
    ] {
        if given {
            return Err(not_built(parameter));
        }
    }
    let value = |value: &Option<String>, name: &str| value.clone().ok_or_else(|| missing_parameter(name));
    let flag = |value: Option<bool>, name: &str| value.ok_or_else(|| missing_parameter(name));
    if let Some(it) = &asked.instance_type {
        changes.push(Change::Type(value(&it.value, "InstanceType.Value")?));
    }
    if let Some(it) = &asked.user_data {
        let text = it.value.as_ref().map(|bytes| STANDARD.encode(bytes)).unwrap_or_default();
        changes.push(Change::UserData(user_data(&text)?));
    }
    if let Some(it) = &asked.disable_api_termination {
        changes.push(Change::TerminationProtection(flag(it.value, "DisableApiTermination.Value")?));
    }
    if let Some(it) = &asked.disable_api_stop {
        changes.push(Change::StopProtection(flag(it.value, "DisableApiStop.Value")?));
    }
    if let Some(it) = &asked.instance_initiated_shutdown_behavior {
        changes.push(Change::Shutdown(value(&it.value, "InstanceInitiatedShutdownBehavior.Value")?));
    }
    if let Some(it) = &asked.ebs_optimized {
        changes.push(Change::EbsOptimized(flag(it.value, "EbsOptimized.Value")?));
    }
    if let Some(it) = &asked.ena_support {
        changes.push(Change::Ena(flag(it.value, "EnaSupport.Value")?));
    }
    if let Some(it) = &asked.source_dest_check {
        changes.push(Change::SourceDestCheck(flag(it.value, "SourceDestCheck.Value")?));
    }
    if let Some(groups) = asked.groups.as_ref().filter(|groups| !groups.is_empty()) {
        changes.push(Change::Groups(groups.clone()));
    }
    if let Some(devices) = asked.block_device_mappings.as_ref().filter(|devices| !devices.is_empty()) {
        changes.push(Change::BlockDevices(devices.clone()));
    }
    changes.extend(asked.attribute.map(|name| by_name(name, asked.value.as_deref())).transpose()?.flatten());
    Ok(changes)
}

/// The older form: an attribute's name and a text. Without a text the name only repeats what the other form says.
fn by_name(name: Name, value: Option<&str>) -> Answer<Option<Change>> {
    let Some(value) = value else { return Ok(None) };
    let flag = || match value {
        "true" | "True" | "1" => Ok(true),
        "false" | "False" | "0" => Ok(false),
        other => Err(invalid_value(format!("Value ({other}) for parameter value is invalid. Valid values are true, false"))),
    };
    Ok(Some(match name {
        Name::InstanceType => Change::Type(value.into()),
        Name::UserData => Change::UserData(user_data(value)?),
        Name::DisableApiTermination => Change::TerminationProtection(flag()?),
        Name::DisableApiStop => Change::StopProtection(flag()?),
        Name::InstanceInitiatedShutdownBehavior => Change::Shutdown(value.into()),
        Name::EbsOptimized => Change::EbsOptimized(flag()?),
        Name::EnaSupport => Change::Ena(flag()?),
        Name::SourceDestCheck => Change::SourceDestCheck(flag()?),
        other => return Err(not_built(&format!("Attribute={}", other.as_str()))),
    }))
}

/// The record after a change.
pub fn applied(cx: &Cx, read: &impl Read, loaded: &Loaded, change: &Change) -> Answer<InstanceSpec> {
    let mut spec = InstanceSpec::clone(&loaded.spec);
    let needs_stop = matches!(change, Change::Type(_) | Change::UserData(_) | Change::EbsOptimized(_) | Change::Ena(_));
    if needs_stop && loaded.state() != InstanceState::Stopped {
        return Err(not_stopped(&loaded.id));
    }
    if matches!(change, Change::Type(_)) && loaded.plan.hibernated {
        // (EC2 user guide, "Hibernate your Amazon EC2 instance", actions that aren't supported.)
        return Err(unsupported_operation(format!(
            "The instance type of the hibernated instance '{}' cannot be changed.",
            loaded.id
        )));
    }
    let attributes = &mut spec.attributes;
    match change {
        Change::Type(name) => resize(cx, read, &mut spec, name)?,
        Change::UserData(data) => spec.user_data.clone_from(data),
        Change::TerminationProtection(on) => attributes.termination_protection = *on,
        Change::StopProtection(on) => attributes.stop_protection = *on,
        Change::Shutdown(behaviour) => attributes.shutdown_terminates = terminates(behaviour)?,
        Change::EbsOptimized(on) => {
            let can = named(&spec.instance_type).is_some_and(|kind| kind.ebs.optimized != Optimized::Unsupported);
            if *on && !can {
                let message = "EBS-optimized instances are not supported for your requested configuration. Please check the \
                               documentation for supported configurations.";
                return Err(unsupported(message));
            }
            spec.attributes.ebs_optimized = *on;
        }
        Change::Ena(on) => attributes.ena_support = *on,
        Change::Groups(_) | Change::SourceDestCheck(_) | Change::BlockDevices(_) => {}
    }
    Ok(spec)
}

fn terminates(behaviour: &str) -> Answer<bool> {
    match behaviour {
        "terminate" => Ok(true),
        "stop" => Ok(false),
        other => {
            let message = format!("Value ({other}) for parameter instanceInitiatedShutdownBehavior is invalid. Unknown behavior");
            Err(invalid_value(message))
        }
    }
}

/// Another type, for the next start: it has to fit the image and what is attached.
fn resize(cx: &Cx, read: &impl Read, spec: &mut InstanceSpec, name: &str) -> Answer<()> {
    let invalid = |message: String| Fault::client("InvalidInstanceAttributeValue", message);
    let kind = named(name).ok_or_else(|| invalid(format!("Invalid value '{name}' for InstanceType.")))?;
    if !kind.architectures.contains(&spec.boot.architecture) {
        return Err(invalid(format!(
            "The architecture '{}' of the instance does not match the architecture '{}' of the instance type {name}.",
            spec.boot.architecture,
            kind.architectures.join(",")
        )));
    }
    let limit = usize::try_from(kind.network.interfaces).unwrap_or_default();
    if spec.interfaces.len() > limit {
        let message = format!("Interface count {} exceeds the limit for {name}", spec.interfaces.len());
        return Err(Fault::client("AttachmentLimitExceeded", message));
    }
    for id in &spec.interfaces {
        let interface = find::<NetworkInterface>(cx, read, id)?;
        interfaces::check_addresses_of(kind, interface.addresses().count(), interface.ipv6.len())?;
    }
    let family = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let credits = credits_of(name, u32::try_from(kind.vcpus).unwrap_or_default());
    if let Some(credits) = credits.filter(|_| family(name) != family(&spec.instance_type)) {
        spec.attributes.unlimited_credits = defaults::unlimited(cx, read, kind, credits)?;
    }
    spec.attributes.unlimited_credits &= credits.is_some();
    spec.attributes.cpu_options = None;
    spec.instance_type = name.into();
    spec.instance_store = instance_store(kind, &[]);
    Ok(())
}
