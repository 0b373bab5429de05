//! Making the records of a request: all that was asked for at least, or nothing.

use super::{
    disks,
    network::{NewOne, Source, WantedInterface},
    wanted::Wanted,
};
use crate::{records::key, vpc::interfaces::ipv6};
use front::{Answer, Cx};
use logic::placement::hosts::Spot;
use logic::vpc::{NewInterface, NoAddress, new_interface};
use model::ec2::{
    AttachedTo, Attachment, Boot, Instance, InstanceSpec, InterfaceKind, Launch, NetworkInterface, NetworkInterfaceSpec,
    Placement, Volume, Wish,
};
use spine::{Read, Scope, Tx};
use std::sync::Arc;
use wire::Fault;

/// Makes as many of the instances as there are places and addresses for, but no fewer than `least`: their ids, in the order of their
/// indices.
pub fn instances(cx: &Cx, tx: &mut Tx, wanted: &Wanted, least: u32, spots: &[Spot]) -> Answer<Vec<String>> {
    let reservation = format!("r-{}", cx.env.hex(17));
    let mut network = Network::read(tx)?;
    let mut made = Vec::new();
    for (index, spot) in (0..).zip(spots) {
        let id = format!("i-{}", cx.env.hex(17));
        let interfaces = match network.interfaces(cx, wanted, &id) {
            Ok(interfaces) => interfaces,
            Err(Unfit::Address(NoAddress::Exhausted)) if index >= least => break,
            Err(Unfit::Address(why)) => return Err(no_address(why, wanted)),
            Err(Unfit::Ipv6(fault)) => return Err(fault),
        };
        let launch = Launch {
            reservation: reservation.clone(),
            index: i32::try_from(index).unwrap_or(i32::MAX),
            client_token: wanted.client_token.clone(),
            at: cx.now,
        };
        let placement = Placement { partition: spot.partition, ..wanted.placement.clone() };
        one(cx, tx, wanted, &id, (launch, placement), interfaces)?;
        made.push(id);
    }
    Ok(made)
}

/// Why an interface can't be made.
enum Unfit {
    Address(NoAddress),
    Ipv6(Fault),
}

fn no_address(why: NoAddress, wanted: &Wanted) -> Fault {
    match why {
        NoAddress::Exhausted => {
            let subnet = &wanted.network.subnet;
            let message = format!("The specified subnet '{subnet}' does not have enough free addresses to satisfy the request.");
            Fault::client("InsufficientFreeAddressesInSubnet", message)
        }
        NoAddress::Outside(address) => {
            crate::errors::invalid_value(format!("Address {address} does not fall within the subnet's address range"))
        }
        NoAddress::InUse(address) => Fault::client("InvalidIPAddress.InUse", format!("Address {address} is in use.")),
    }
}

/// The interfaces that are there, and those that have just been made.
struct Network {
    taken: Vec<Arc<NetworkInterfaceSpec>>,
}

impl Network {
    fn read(tx: &Tx) -> Answer<Self> {
        Ok(Self { taken: tx.specs::<NetworkInterface>(Scope::All)?.into_iter().map(|(_, spec)| spec).collect() })
    }

    /// The interfaces of an instance.
    fn interfaces(&mut self, cx: &Cx, wanted: &Wanted, instance: &str) -> Result<Vec<(String, NetworkInterfaceSpec)>, Unfit> {
        wanted.network.interfaces.iter().map(|one| self.interface(cx, wanted, one, instance)).collect()
    }

    fn interface(
        &mut self,
        cx: &Cx,
        wanted: &Wanted,
        one: &WantedInterface,
        instance: &str,
    ) -> Result<(String, NetworkInterfaceSpec), Unfit> {
        let attachment = Attachment {
            id: format!("eni-attach-{}", cx.env.hex(17)),
            owner: cx.account.to_string(),
            to: AttachedTo::Instance(instance.into()),
            device_index: one.device_index,
            delete_on_termination: one.delete_on_termination,
            at: cx.now,
        };
        match &one.source {
            Source::Existing(id, spec) => {
                Ok((id.clone(), NetworkInterfaceSpec { attachment: Some(attachment), ..NetworkInterfaceSpec::clone(spec) }))
            }
            Source::New(new) => self.new_one(cx, wanted, new, attachment),
        }
    }

    fn new_one(
        &mut self,
        cx: &Cx,
        wanted: &Wanted,
        new: &NewOne,
        attachment: Attachment,
    ) -> Result<(String, NetworkInterfaceSpec), Unfit> {
        let id = format!("eni-{}", cx.env.hex(17));
        let interface = NewInterface {
            id: &id,
            subnet_id: &new.subnet_id,
            subnet: &new.subnet,
            kind: InterfaceKind::Interface,
            addresses: new.addresses.clone(),
            ipv6: ipv6::chosen(&new.ipv6, &id, (&new.subnet_id, &new.subnet), self.taken.iter().map(|spec| &**spec))
                .map_err(Unfit::Ipv6)?,
            groups: new.groups.clone(),
            description: new.description.clone(),
            requester_managed: false,
            requester: cx.account.to_string(),
            attachment: Some(attachment),
            public: new.public,
            now: cx.now,
        };
        let mut spec = new_interface(interface, self.taken.iter().map(|spec| &**spec)).map_err(Unfit::Address)?;
        spec.tags.clone_from(&wanted.tags.interface);
        self.taken.push(Arc::new(spec.clone()));
        Ok((id, spec))
    }
}

/// Makes one instance with its volumes and interfaces.
fn one(
    cx: &Cx,
    tx: &mut Tx,
    wanted: &Wanted,
    id: &str,
    (launch, placement): (Launch, Placement),
    interfaces: Vec<(String, NetworkInterfaceSpec)>,
) -> Answer<()> {
    let mut volumes = Vec::new();
    for disk in &wanted.disks {
        let volume = format!("vol-{}", cx.env.hex(17));
        let spec = disks::volume(cx, tx, wanted, disk, id)?;
        tx.create(&key::<Volume>(cx, &volume), &spec)?;
        volumes.push(volume);
    }
    let public_address = interfaces.first().is_some_and(|(_, interface)| interface.public_address.is_some());
    let spec = InstanceSpec {
        interfaces: interfaces.iter().map(|(id, _)| id.clone()).collect(),
        volumes,
        public_address,
        placement,
        ..spec(wanted, launch)
    };
    for (interface, spec) in &interfaces {
        let key = key::<NetworkInterface>(cx, interface);
        if tx.exists(&key)? { tx.put_spec(&key, spec)? } else { tx.create(&key, spec)? }
    }
    Ok(tx.create(&key::<Instance>(cx, id), &spec)?)
}

fn spec(wanted: &Wanted, launch: Launch) -> InstanceSpec {
    let image = &wanted.image.spec;
    InstanceSpec {
        image: wanted.image.id.clone(),
        boot: Boot {
            machine: image.machine,
            architecture: image.architecture.clone(),
            boot_mode: image.boot_mode.clone(),
            root_device: image.root_device.clone(),
            platform_details: image.platform_details.clone(),
        },
        instance_type: wanted.kind.name.clone(),
        launch,
        key: wanted.key.clone(),
        user_data: wanted.user_data.clone(),
        profile: wanted.profile.clone(),
        placement: wanted.placement.clone(),
        purchase: wanted.purchase,
        vpc: wanted.network.vpc.clone(),
        subnet: wanted.network.subnet.clone(),
        interfaces: Vec::new(),
        public_address: false,
        volumes: Vec::new(),
        instance_store: wanted.instance_store.clone(),
        wish: Wish::Run,
        starts: 1,
        reboots: 0,
        interludes: Vec::new(),
        attributes: wanted.attributes.clone(),
        metadata: wanted.metadata.clone(),
        private_dns: wanted.private_dns.clone(),
        events: Vec::new(),
        tags: wanted.tags.instance.clone(),
    }
}
