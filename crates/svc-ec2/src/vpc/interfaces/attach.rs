//! Interfaces are plugged into instances and pulled out again. Hosts see to it that a machine that runs notices.

use super::{check_address_count, own};
use crate::{
    errors::{dry_run, invalid_combination, invalid_value, refuse},
    records::{Named, all, find, key},
};
use api::ec2::{AttachNetworkInterfaceRequest, AttachNetworkInterfaceResult, DetachNetworkInterfaceRequest};
use front::Cx;
use model::ec2::{AttachedTo, Attachment, Detached, Instance, InstanceSpec, NetworkInterface, NetworkInterfaceSpec, Wish};
use spine::{Read, Tx};
use wire::Fault;

/// `AttachNetworkInterface`.
pub fn attach(cx: &Cx, tx: &mut Tx, input: &AttachNetworkInterfaceRequest) -> Result<AttachNetworkInterfaceResult, Fault> {
    dry_run(input.dry_run)?;
    refuse(&[
        ("NetworkCardIndex other than 0", input.network_card_index.is_some_and(|it| it != 0)),
        ("EnaSrdSpecification", input.ena_srd_specification.is_some()),
        ("EnaQueueCount", input.ena_queue_count.is_some()),
    ])?;
    let (id, instance_id) = (&input.network_interface_id, &input.instance_id);
    let mut spec = NetworkInterfaceSpec::clone(&*own(cx, tx, id)?);
    let instance = find::<Instance>(cx, tx, instance_id)?;
    if spec.attachment.is_some() {
        return Err(Fault::client("InvalidNetworkInterface.InUse", format!("Interface: [{id}] in use.")));
    }
    check_instance(cx, tx, &instance, instance_id, &spec, input.device_index)?;
    let attachment = Attachment {
        id: format!("eni-attach-{}", cx.env.hex(17)),
        owner: cx.account.to_string(),
        to: AttachedTo::Instance(instance_id.clone()),
        device_index: input.device_index,
        delete_on_termination: false,
        at: cx.now,
    };
    let attachment_id = Some(attachment.id.clone());
    spec.attachment = Some(attachment);
    check_address_count(cx, tx, &spec)?;
    tx.put_spec(&key::<NetworkInterface>(cx, id), &spec)?;
    tx.update_spec(&key::<Instance>(cx, instance_id), |instance| instance.interfaces.push(id.clone()))?;
    Ok(AttachNetworkInterfaceResult { attachment_id, network_card_index: Some(0) })
}

fn check_instance(
    cx: &Cx,
    tx: &Tx,
    instance: &InstanceSpec,
    id: &str,
    interface: &NetworkInterfaceSpec,
    device: i32,
) -> Result<(), Fault> {
    if matches!(instance.wish, Wish::Terminate(_)) {
        let message = format!("The instance '{id}' is not in a valid state for this operation.");
        return Err(Fault::client("IncorrectInstanceState", message));
    }
    if instance.placement.zone != interface.zone {
        return Err(invalid_combination(
            "You may not attach a network interface to an instance if they are not in the same availability zone",
        ));
    }
    if device < 0 {
        return Err(invalid_value(format!("Value ({device}) for parameter deviceIndex is invalid.")));
    }
    for other in &instance.interfaces {
        let attachment = find::<NetworkInterface>(cx, tx, other)?.attachment.clone();
        if attachment.is_some_and(|it| it.device_index == device) {
            return Err(invalid_value(format!("Instance '{id}' already has an interface attached at device index '{device}'.")));
        }
    }
    let most = logic::instance_type::named(&instance.instance_type).map_or(i32::MAX, |it| it.network.interfaces);
    let count = i32::try_from(instance.interfaces.len() + 1).unwrap_or(i32::MAX);
    if count > most {
        let message = format!("Interface count {count} exceeds the limit for {}", instance.instance_type);
        return Err(Fault::client("AttachmentLimitExceeded", message));
    }
    Ok(())
}

/// The interface that has an attachment of that id.
pub fn attached(cx: &Cx, read: &impl Read, id: &str) -> Result<Option<Named<NetworkInterface>>, Fault> {
    let has = |it: &NetworkInterfaceSpec| it.attachment.as_ref().is_some_and(|it| it.id == id);
    Ok(all::<NetworkInterface>(cx, read)?.into_iter().find(|(_, it)| has(it)))
}

/// An attachment's id says of what it is: `eni-attach-…`, and others for those that services make.
fn check_form(id: &str) -> Result<(), Fault> {
    let digits = id.split_once("-attach-").map(|(_, digits)| digits);
    if digits.is_some_and(|digits| matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Ok(());
    }
    let message = format!("Invalid id: \"{id}\" (expecting \"eni-attach-...\")");
    Err(Fault::client("InvalidNetworkInterfaceAttachmentId.Malformed", message))
}

/// `DetachNetworkInterface`. Forced or not, it is pulled out at once: no machine is asked.
pub fn detach(cx: &Cx, tx: &mut Tx, input: &DetachNetworkInterfaceRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let id = &input.attachment_id;
    check_form(id)?;
    let found = attached(cx, tx, id)?;
    let (interface, spec) =
        found.ok_or_else(|| Fault::client("InvalidAttachmentID.NotFound", format!("The attachment ID '{id}' does not exist")))?;
    let attachment = spec.attachment.as_ref().filter(|it| matches!(it.to, AttachedTo::Instance(_)));
    let Some(from @ Attachment { to: AttachedTo::Instance(instance), device_index, .. }) = attachment else {
        let kind = id.split_once('-').map_or(id.as_str(), |(kind, _)| kind);
        return Err(Fault::client(
            "OperationNotPermitted",
            format!("You are not allowed to manage '{kind}-attach' attachments."),
        ));
    };
    if *device_index == 0 {
        return Err(Fault::client("OperationNotPermitted", "The network interface at device index 0 cannot be detached."));
    }
    let detached = Detached { from: from.clone(), at: cx.now };
    tx.update_spec(&key::<NetworkInterface>(cx, &interface), |it| {
        it.attachment = None;
        it.detached = Some(detached);
    })?;
    let instance = key::<Instance>(cx, instance);
    if tx.exists(&instance)? {
        tx.update_spec(&instance, |it| it.interfaces.retain(|it| *it != interface))?;
    }
    Ok(())
}
