//! What can be changed of an interface.

use super::{create::groups, own};
use crate::{
    errors::{dry_run, invalid_combination, missing_parameter, refuse},
    records::{find, group_names, key},
    views,
};
use api::ec2::{
    AttributeBooleanValue, AttributeValue, DescribeNetworkInterfaceAttributeRequest, DescribeNetworkInterfaceAttributeResult,
    ModifyNetworkInterfaceAttributeRequest, NetworkInterfaceAttachmentChanges, NetworkInterfaceAttribute,
    ResetNetworkInterfaceAttributeRequest,
};
use front::Cx;
use model::ec2::{NetworkInterface, NetworkInterfaceSpec};
use spine::Tx;
use wire::Fault;

/// `ModifyNetworkInterfaceAttribute`: one attribute at a time.
pub fn modify(cx: &Cx, tx: &mut Tx, input: &ModifyNetworkInterfaceAttributeRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    refuse(&[
        ("EnaSrdSpecification", input.ena_srd_specification.is_some()),
        ("EnablePrimaryIpv6", input.enable_primary_ipv6 == Some(true)),
        ("ConnectionTrackingSpecification", input.connection_tracking_specification.is_some()),
        ("AssociatePublicIpAddress", input.associate_public_ip_address.is_some()),
        ("AssociatedSubnetIds", input.associated_subnet_ids.as_ref().is_some_and(|ids| !ids.is_empty())),
    ])?;
    let id = &input.network_interface_id;
    let mut spec = NetworkInterfaceSpec::clone(&*own(cx, tx, id)?);
    let named = input.groups.as_deref().filter(|groups| !groups.is_empty());
    let given = [input.description.is_some(), input.source_dest_check.is_some(), named.is_some(), input.attachment.is_some()];
    match given.iter().filter(|given| **given).count() {
        0 => return Err(missing_parameter("description, sourceDestCheck, groupSet or attachment")),
        1 => {}
        _ => return Err(invalid_combination("Fields for multiple attribute types specified")),
    }
    if let Some(AttributeValue { value }) = &input.description {
        spec.description = value.clone().unwrap_or_default();
    }
    if let Some(check) = &input.source_dest_check {
        spec.source_dest_check = check.value.unwrap_or(true);
    }
    if named.is_some() {
        spec.groups = groups(cx, tx, &spec.vpc, &spec.subnet, named)?;
    }
    if let Some(changes) = &input.attachment {
        change_attachment(&mut spec, id, changes)?;
    }
    Ok(tx.put_spec(&key::<NetworkInterface>(cx, id), &spec)?)
}

fn change_attachment(
    spec: &mut NetworkInterfaceSpec,
    id: &str,
    changes: &NetworkInterfaceAttachmentChanges,
) -> Result<(), Fault> {
    refuse(&[
        ("DefaultEnaQueueCount", changes.default_ena_queue_count == Some(true)),
        ("EnaQueueCount", changes.ena_queue_count.is_some()),
    ])?;
    let wanted = changes.attachment_id.as_deref().ok_or_else(|| missing_parameter("attachmentId"))?;
    let value = changes.delete_on_termination.ok_or_else(|| missing_parameter("deleteOnTermination"))?;
    let attachment = spec.attachment.as_mut().filter(|it| it.id == wanted);
    let attachment = attachment.ok_or_else(|| {
        let message = format!("The attachment ID '{wanted}' does not exist on network interface '{id}'");
        Fault::client("InvalidAttachmentID.NotFound", message)
    })?;
    attachment.delete_on_termination = value;
    Ok(())
}

/// `ResetNetworkInterfaceAttribute`: the source/destination check is on again.
pub fn reset(cx: &Cx, tx: &mut Tx, input: &ResetNetworkInterfaceAttributeRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let id = &input.network_interface_id;
    own(cx, tx, id)?;
    if input.source_dest_check.is_none() {
        return Err(missing_parameter("sourceDestCheck"));
    }
    Ok(tx.update_spec(&key::<NetworkInterface>(cx, id), |it| it.source_dest_check = true)?)
}

/// `DescribeNetworkInterfaceAttribute`.
pub fn describe(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeNetworkInterfaceAttributeRequest,
) -> Result<DescribeNetworkInterfaceAttributeResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.network_interface_id;
    let spec = find::<NetworkInterface>(cx, tx, id)?;
    let mut answer = DescribeNetworkInterfaceAttributeResult { network_interface_id: Some(id.clone()), ..Default::default() };
    match input.attribute {
        None => return Err(missing_parameter("attribute")),
        Some(NetworkInterfaceAttribute::Description) => {
            answer.description = Some(AttributeValue { value: Some(spec.description.clone()) });
        }
        Some(NetworkInterfaceAttribute::GroupSet) => {
            answer.groups = Some(views::interface_groups(&spec, &group_names(cx, tx)?));
        }
        Some(NetworkInterfaceAttribute::SourceDestCheck) => {
            answer.source_dest_check = Some(AttributeBooleanValue { value: Some(spec.source_dest_check) });
        }
        Some(NetworkInterfaceAttribute::Attachment) => {
            answer.attachment = spec.attachment.as_ref().map(views::attachment);
        }
        Some(NetworkInterfaceAttribute::AssociatePublicIpAddress) => {
            answer.associate_public_ip_address = Some(spec.public_address.is_some());
        }
    }
    Ok(answer)
}
