//! Attributes of instances, one at a time: `DescribeInstanceAttribute`, `ModifyInstanceAttribute`, `ResetInstanceAttribute`.

mod change;
mod devices;
mod network;

use super::{errors::not_built, load, views};
use crate::{
    errors::{dry_run, invalid_combination, invalid_value},
    records::key,
    views::interface_groups,
};
use api::ec2::{
    AttributeBooleanValue, AttributeValue, DescribeInstanceAttributeRequest, EnclaveOptions, InstanceAttribute,
    InstanceAttributeName as Name, ModifyInstanceAttributeRequest, ResetInstanceAttributeRequest,
};
use change::Change;
use front::{Answer, Cx};
use model::ec2::Instance;
use spine::Tx;

/// `DescribeInstanceAttribute`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeInstanceAttributeRequest) -> Answer<InstanceAttribute> {
    let loaded = load::instance(cx, tx, &input.instance_id)?;
    dry_run(input.dry_run)?;
    let (spec, attributes) = (&loaded.spec, &loaded.spec.attributes);
    let belongings = load::belongings(tx, &key::<Instance>(cx, &loaded.id), spec)?;
    let primary = belongings.interfaces.first().map(|(_, interface)| interface);
    let text = |value: Option<String>| Some(AttributeValue { value });
    let flag = |value: bool| Some(AttributeBooleanValue { value: Some(value) });
    let mut shown = InstanceAttribute { instance_id: Some(loaded.id.clone()), ..InstanceAttribute::default() };
    match input.attribute {
        Name::InstanceType => shown.instance_type = text(Some(spec.instance_type.clone())),
        Name::Kernel => shown.kernel_id = text(None),
        Name::Ramdisk => shown.ramdisk_id = text(None),
        Name::UserData => shown.user_data = text(spec.user_data.clone()),
        Name::DisableApiTermination => shown.disable_api_termination = flag(attributes.termination_protection),
        Name::DisableApiStop => shown.disable_api_stop = flag(attributes.stop_protection),
        Name::InstanceInitiatedShutdownBehavior => {
            let behaviour = if attributes.shutdown_terminates { "terminate" } else { "stop" };
            shown.instance_initiated_shutdown_behavior = text(Some(behaviour.into()));
        }
        Name::RootDeviceName => shown.root_device_name = text(Some(spec.boot.root_device.clone())),
        Name::BlockDeviceMapping => {
            shown.block_device_mappings = Some(views::block_devices(&loaded.id, &belongings.volumes));
        }
        Name::ProductCodes => shown.product_codes = Some(Vec::new()),
        Name::SourceDestCheck => shown.source_dest_check = flag(primary.is_none_or(|primary| primary.source_dest_check)),
        Name::GroupSet => {
            shown.groups = Some(primary.map(|primary| interface_groups(primary, &belongings.groups)).unwrap_or_default());
        }
        Name::EbsOptimized => shown.ebs_optimized = flag(attributes.ebs_optimized),
        Name::SriovNetSupport => shown.sriov_net_support = text(None),
        Name::EnaSupport => shown.ena_support = flag(attributes.ena_support),
        Name::EnclaveOptions => shown.enclave_options = Some(EnclaveOptions { enabled: Some(false) }),
    }
    Ok(shown)
}

/// `ModifyInstanceAttribute`: one attribute in a request.
pub fn modify(cx: &Cx, tx: &mut Tx, input: &ModifyInstanceAttributeRequest) -> Answer<()> {
    let mut changes = change::read(input)?;
    let change = match (changes.pop(), changes.is_empty()) {
        (Some(change), true) => change,
        (None, _) => return Err(invalid_combination("No attributes specified.")),
        (Some(_), false) => return Err(invalid_combination("Fields for multiple attribute types specified")),
    };
    let loaded = load::living(cx, tx, &input.instance_id)?;
    let dry = input.dry_run;
    match change {
        Change::Groups(groups) => network::set_groups(cx, tx, &loaded, &groups, dry),
        Change::SourceDestCheck(check) => network::set_source_dest_check(cx, tx, &loaded, check, dry),
        Change::BlockDevices(devices) => devices::set_deletion(cx, tx, &loaded, &devices, dry),
        change => {
            let spec = change::applied(cx, tx, &loaded, &change)?;
            dry_run(dry)?;
            Ok(tx.put_spec(&key::<Instance>(cx, &loaded.id), &spec)?)
        }
    }
}

/// `ResetInstanceAttribute`.
pub fn reset(cx: &Cx, tx: &mut Tx, input: &ResetInstanceAttributeRequest) -> Answer<()> {
    let loaded = load::living(cx, tx, &input.instance_id)?;
    match input.attribute {
        Name::SourceDestCheck => network::set_source_dest_check(cx, tx, &loaded, true, input.dry_run),
        Name::Kernel | Name::Ramdisk => Err(not_built(&format!("Attribute={}", input.attribute.as_str()))),
        other => Err(invalid_value(format!(
            "Value ({}) for parameter attribute is invalid. Valid values are kernel, ramdisk, sourceDestCheck",
            other.as_str()
        ))),
    }
}
