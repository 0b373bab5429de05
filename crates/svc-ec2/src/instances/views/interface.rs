//! The interfaces of an instance as `DescribeInstances` shows them.

use super::time;
use crate::views::{Place, interface_groups as groups};
use api::ec2::{
    InstanceIpv6Address, InstanceNetworkInterface, InstanceNetworkInterfaceAssociation, InstanceNetworkInterfaceAttachment,
    InstancePrivateIpAddress, NetworkInterfaceStatus, OperatorResponse,
};
use logic::vpc::{ELASTIC_POOL, private_dns_name};
use model::ec2::{Attachment, NetworkInterfaceSpec, PrivateAddress};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
};

/// An interface; `names` has the names of security groups.
pub fn interface(
    place: Place<'_>,
    id: &str,
    spec: &NetworkInterfaceSpec,
    names: &BTreeMap<String, String>,
) -> InstanceNetworkInterface {
    let addresses: Vec<_> = spec.addresses().map(|it| address(place, spec, it)).collect();
    InstanceNetworkInterface {
        association: addresses.first().and_then(|primary| primary.association.clone()),
        attachment: spec.attachment.as_ref().map(attachment),
        description: Some(spec.description.clone()),
        groups: Some(groups(spec, names)),
        ipv6_addresses: Some(spec.ipv6.iter().map(ipv6_address).collect()),
        mac_address: Some(spec.mac.clone()),
        network_interface_id: Some(id.into()),
        owner_id: Some(place.account.to_string()),
        private_dns_name: Some(private_dns_name(spec.address, place.region)),
        private_ip_address: Some(spec.address.to_string()),
        private_ip_addresses: Some(addresses),
        source_dest_check: Some(spec.source_dest_check),
        status: Some(NetworkInterfaceStatus::InUse),
        subnet_id: Some(spec.subnet.clone()),
        vpc_id: Some(spec.vpc.clone()),
        interface_type: Some("interface".into()),
        operator: Some(OperatorResponse { managed: Some(false), ..OperatorResponse::default() }),
        ..InstanceNetworkInterface::default()
    }
}

fn attachment(attachment: &Attachment) -> InstanceNetworkInterfaceAttachment {
    InstanceNetworkInterfaceAttachment {
        attach_time: Some(time(attachment.at)),
        attachment_id: Some(attachment.id.clone()),
        delete_on_termination: Some(attachment.delete_on_termination),
        device_index: Some(attachment.device_index),
        status: Some("attached".into()),
        network_card_index: Some(0),
        ..InstanceNetworkInterfaceAttachment::default()
    }
}

fn ipv6_address(address: &Ipv6Addr) -> InstanceIpv6Address {
    InstanceIpv6Address { ipv6_address: Some(address.to_string()), is_primary_ipv6: Some(false) }
}

fn address(place: Place<'_>, spec: &NetworkInterfaceSpec, it: PrivateAddress) -> InstancePrivateIpAddress {
    InstancePrivateIpAddress {
        association: it.public_address.map(|public| association(place, public)),
        primary: Some(it.address == spec.address),
        private_dns_name: Some(private_dns_name(it.address, place.region)),
        private_ip_address: Some(it.address.to_string()),
    }
}

/// A public address that nobody allocated belongs to the cloud; there is no public name server in which any could have a name.
fn association(place: Place<'_>, public: Ipv4Addr) -> InstanceNetworkInterfaceAssociation {
    let elastic = ELASTIC_POOL.contains(public);
    InstanceNetworkInterfaceAssociation {
        ip_owner_id: Some(if elastic { place.account.to_string() } else { "amazon".into() }),
        public_dns_name: Some(String::new()),
        public_ip: Some(public.to_string()),
        ..InstanceNetworkInterfaceAssociation::default()
    }
}
