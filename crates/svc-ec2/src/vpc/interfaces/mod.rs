//! Network interfaces that users make, attach and change. Those of services are shown, and left alone.

mod addresses;
mod attach;
mod attributes;
mod create;
pub mod ipv6;

pub use create::{address, groups};

use crate::{
    access::{self, TAG},
    records::{all, find},
    resource::Resource,
};
use api::ec2::{
    self, AssignPrivateIpAddressesRequest, AttachNetworkInterfaceRequest, CreateNetworkInterfaceRequest,
    DetachNetworkInterfaceRequest, ModifyNetworkInterfaceAttributeRequest,
};
use front::{Cx, Service};
use logic::{instance_type::InstanceType, vpc::NoAddress};
use model::ec2::{AttachedTo, Attachment, Instance, NetworkInterface, NetworkInterfaceSpec};
use spine::{Read, Tx};
use std::sync::Arc;
use wire::Fault;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    let service = service
        .op::<ec2::CreateNetworkInterface>(
            access::on(|cx, i: &CreateNetworkInterfaceRequest| {
                let groups = i.groups.iter().flatten().map(|id| access::one(cx, Resource::SECURITY_GROUP, id));
                let own = [access::one(cx, Resource::NETWORK_INTERFACE, "*"), access::one(cx, Resource::SUBNET, &i.subnet_id)];
                own.into_iter().chain(groups).collect()
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::NETWORK_INTERFACE, i.tag_specifications.as_deref())),
            create::create,
        )
        .op::<ec2::DeleteNetworkInterface>(
            access::on(|cx, i| vec![access::one(cx, Resource::NETWORK_INTERFACE, &i.network_interface_id)]),
            create::delete,
        )
        .op::<ec2::AttachNetworkInterface>(
            access::on(|cx, i: &AttachNetworkInterfaceRequest| {
                vec![
                    access::one(cx, Resource::NETWORK_INTERFACE, &i.network_interface_id),
                    access::one(cx, Resource::INSTANCE, &i.instance_id),
                ]
            }),
            attach::attach,
        )
        .op::<ec2::DetachNetworkInterface>(
            access::found(|cx, snapshot, i: &DetachNetworkInterfaceRequest| {
                let found = attach::attached(cx, snapshot, &i.attachment_id)?;
                let interface = access::one(cx, Resource::NETWORK_INTERFACE, found.as_ref().map_or("*", |(id, _)| id));
                let instance = found.and_then(|(_, it)| instance_of(&it));
                Ok(vec![interface, access::one(cx, Resource::INSTANCE, instance.as_deref().unwrap_or("*"))])
            }),
            attach::detach,
        );
    attribute_rows(service)
        .op::<ec2::AssignPrivateIpAddresses>(
            access::on(|cx, i: &AssignPrivateIpAddressesRequest| {
                vec![access::one(cx, Resource::NETWORK_INTERFACE, &i.network_interface_id)]
            }),
            addresses::assign,
        )
        .op::<ec2::UnassignPrivateIpAddresses>(
            access::on(|cx, i| vec![access::one(cx, Resource::NETWORK_INTERFACE, &i.network_interface_id)]),
            addresses::unassign,
        )
        .op::<ec2::AssignIpv6Addresses>(
            access::on(|cx, i| vec![access::one(cx, Resource::NETWORK_INTERFACE, &i.network_interface_id)]),
            ipv6::assign,
        )
        .op::<ec2::UnassignIpv6Addresses>(
            access::on(|cx, i| vec![access::one(cx, Resource::NETWORK_INTERFACE, &i.network_interface_id)]),
            ipv6::unassign,
        )
}

fn attribute_rows(service: Service) -> Service {
    service
        .op::<ec2::ModifyNetworkInterfaceAttribute>(
            access::on(|cx, i: &ModifyNetworkInterfaceAttributeRequest| {
                let groups = i.groups.iter().flatten().map(|id| access::one(cx, Resource::SECURITY_GROUP, id));
                std::iter::once(access::one(cx, Resource::NETWORK_INTERFACE, &i.network_interface_id)).chain(groups).collect()
            }),
            attributes::modify,
        )
        .op::<ec2::ResetNetworkInterfaceAttribute>(
            access::on(|cx, i| vec![access::one(cx, Resource::NETWORK_INTERFACE, &i.network_interface_id)]),
            attributes::reset,
        )
        .op::<ec2::DescribeNetworkInterfaceAttribute>(
            access::on(|cx, i| vec![access::one(cx, Resource::NETWORK_INTERFACE, &i.network_interface_id)]),
            attributes::describe,
        )
}

/// The interface, which no service manages.
fn own(cx: &Cx, tx: &Tx, id: &str) -> Result<Arc<NetworkInterfaceSpec>, Fault> {
    let spec = find::<NetworkInterface>(cx, tx, id)?;
    if spec.requester_managed {
        return Err(Fault::client("OperationNotPermitted", "You do not have permission to access the specified resource."));
    }
    Ok(spec)
}

/// The instance that an interface is attached to.
fn instance_of(spec: &NetworkInterfaceSpec) -> Option<String> {
    match &spec.attachment.as_ref()?.to {
        AttachedTo::Instance(id) => Some(id.clone()),
        AttachedTo::ContainerHost(_) | AttachedTo::Workload(_) | AttachedTo::Edge | AttachedTo::NatGateway(_) => None,
    }
}

/// All interfaces where the call is.
fn everything(cx: &Cx, read: &impl Read) -> Result<Vec<Arc<NetworkInterfaceSpec>>, Fault> {
    Ok(all::<NetworkInterface>(cx, read)?.into_iter().map(|(_, spec)| spec).collect())
}

/// The attachment of an interface that the cloud holds itself, for a service.
pub fn held_by_us(cx: &Cx, to: AttachedTo) -> Attachment {
    Attachment {
        id: format!("ela-attach-{}", cx.env.hex(17)),
        owner: "amazon-aws".into(),
        to,
        device_index: 1,
        delete_on_termination: false,
        at: cx.now,
    }
}

/// Why an interface can't have the addresses that it is to have.
pub fn no_address(why: &NoAddress) -> Fault {
    match why {
        NoAddress::Exhausted => Fault::client(
            "InsufficientFreeAddressesInSubnet",
            "The specified subnet does not have enough free addresses to satisfy the request.",
        ),
        NoAddress::Outside(_) => {
            Fault::client("InvalidParameterValue", "Address does not fall within the subnet's address range")
        }
        NoAddress::InUse(address) => Fault::client("InvalidIPAddress.InUse", format!("Address {address} is in use.")),
    }
}

/// The type of the instance that the interface is attached to has to allow for its addresses.
fn check_address_count(cx: &Cx, tx: &Tx, spec: &NetworkInterfaceSpec) -> Result<(), Fault> {
    let Some(instance) = instance_of(spec) else { return Ok(()) };
    let instance = find::<Instance>(cx, tx, &instance)?;
    let Some(kind) = logic::instance_type::named(&instance.instance_type) else { return Ok(()) };
    check_addresses_of(kind, spec.addresses().count(), spec.ipv6.len())
}

/// An instance type bounds how many private addresses each interface has, and how many of IPv6.
pub fn check_addresses_of(kind: &InstanceType, ipv4: usize, ipv6: usize) -> Result<(), Fault> {
    for (count, most, noun) in [(ipv4, kind.network.ipv4, "private"), (ipv6, kind.network.ipv6, "IPv6")] {
        if !i32::try_from(count).is_ok_and(|count| count <= most) {
            let message = format!("Number of {noun} addresses will exceed limit: {most} for {}", kind.name);
            return Err(Fault::client("PrivateIpAddressLimitExceeded", message));
        }
    }
    Ok(())
}
