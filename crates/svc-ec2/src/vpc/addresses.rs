//! Elastic IP addresses: allocate, describe, release.

use super::gateways;
use crate::{
    access::{self, TAG},
    describe::{Described, Field, Query, Text, nothing, page, select},
    errors::{already_associated, dry_run, invalid_combination, invalid_value, missing_parameter, no_association, refuse},
    quotas,
    records::{Named, all, chosen, find, key, place},
    resource::Resource,
    tags,
    views::Place,
};
use api::ec2::{
    self, Address, AddressAttribute, AllocateAddressRequest, AllocateAddressResult, AssociateAddressRequest,
    AssociateAddressResult, DescribeAddressesAttributeRequest, DescribeAddressesAttributeResult, DescribeAddressesRequest,
    DescribeAddressesResult, DisassociateAddressRequest, DomainType, ModifyAddressAttributeRequest, ModifyAddressAttributeResult,
    PtrUpdateStatus, ReleaseAddressRequest, ResetAddressAttributeRequest, ResetAddressAttributeResult, Tag,
};
use front::{Cx, Service};
use logic::vpc::{ELASTIC_POOL, free_elastic_address};
use model::{
    Arn, Key,
    ec2::{
        AddressAssociation, AttachedTo, ElasticIp, ElasticIpSpec, Instance, InterfaceKind, NetworkInterface, NetworkInterfaceSpec,
    },
};
use spine::{Read, Scope, StoreError, Tx};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};
use wire::Fault;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::AllocateAddress>(
            access::on(|cx, _: &AllocateAddressRequest| vec![access::one(cx, Resource::ELASTIC_IP, "*")])
                .tagging(TAG, |cx, i| access::tagging(cx, Resource::ELASTIC_IP, i.tag_specifications.as_deref())),
            allocate,
        )
        .op::<ec2::DescribeAddresses>(access::all(), describe)
        .op::<ec2::DescribeAddressesAttribute>(access::all(), describe_attribute)
        .op::<ec2::ModifyAddressAttribute>(
            access::on(|cx, i| vec![access::one(cx, Resource::ELASTIC_IP, &i.allocation_id)]),
            modify_attribute,
        )
        .op::<ec2::ResetAddressAttribute>(
            access::on(|cx, i| vec![access::one(cx, Resource::ELASTIC_IP, &i.allocation_id)]),
            reset_attribute,
        )
        .op::<ec2::AssociateAddress>(
            access::found(|cx, snapshot, i: &AssociateAddressRequest| {
                let mut arns = arns(cx, snapshot, i.allocation_id.as_deref(), i.public_ip.as_deref())?;
                arns.extend(i.instance_id.iter().map(|id| access::one(cx, Resource::INSTANCE, id)));
                arns.extend(i.network_interface_id.iter().map(|id| access::one(cx, Resource::NETWORK_INTERFACE, id)));
                Ok(arns)
            }),
            associate,
        )
        .op::<ec2::DisassociateAddress>(
            access::found(|cx, snapshot, i: &DisassociateAddressRequest| {
                let found = associated(cx, snapshot, i.association_id.as_deref(), i.public_ip.as_deref())?;
                Ok(vec![access::one(cx, Resource::ELASTIC_IP, found.as_ref().map_or("*", |(id, _)| id))])
            }),
            disassociate,
        )
        .op::<ec2::ReleaseAddress>(
            access::found(|cx, snapshot, i: &ReleaseAddressRequest| {
                arns(cx, snapshot, i.allocation_id.as_deref(), i.public_ip.as_deref())
            }),
            release,
        )
}

fn arns(cx: &Cx, read: &impl Read, allocation: Option<&str>, address: Option<&str>) -> Result<Vec<Arn>, Fault> {
    let id = match (allocation, address) {
        (Some(id), _) => Some(id.to_owned()),
        (None, Some(address)) => with_address(cx, read, address)?.map(|(id, _)| id),
        (None, None) => None,
    };
    Ok(vec![access::one(cx, Resource::ELASTIC_IP, id.as_deref().unwrap_or("*"))])
}

/// `AllocateAddress`.
fn allocate(cx: &Cx, tx: &mut Tx, input: &AllocateAddressRequest) -> Result<AllocateAddressResult, Fault> {
    dry_run(input.dry_run)?;
    refuse(&[
        ("Domain other than vpc", input.domain.is_some_and(|it| it != DomainType::Vpc)),
        ("PublicIpv4Pool other than amazon", input.public_ipv4_pool.as_deref().is_some_and(|it| it != "amazon")),
        (
            "NetworkBorderGroup other than the region",
            input.network_border_group.as_deref().is_some_and(|it| it != cx.region.as_str()),
        ),
        ("CustomerOwnedIpv4Pool", input.customer_owned_ipv4_pool.is_some()),
        ("IpamPoolId", input.ipam_pool_id.is_some()),
    ])?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::ELASTIC_IP)?;
    quotas::ADDRESSES.check(all::<ElasticIp>(cx, tx)?.len() as u64, 1)?;
    let id = format!("eipalloc-{}", cx.env.hex(17));
    let taken: BTreeSet<_> = tx.specs::<ElasticIp>(Scope::All)?.iter().map(|(_, it)| it.address).collect();
    let address = match &input.address {
        Some(wanted) => recovered(wanted, &taken)?,
        None => free_elastic_address(&id, &taken).map_err(|_| {
            Fault::client("InsufficientAddressCapacity", "Not enough available addresses to satisfy your request.")
        })?,
    };
    let spec = ElasticIpSpec { address, association: None, pointer: None, allocated_at: cx.now, tags };
    tx.create(&key::<ElasticIp>(cx, &id), &spec)?;
    Ok(AllocateAddressResult {
        allocation_id: Some(id),
        public_ipv4_pool: Some("amazon".into()),
        network_border_group: Some(cx.region.to_string()),
        domain: Some(DomainType::Vpc),
        public_ip: Some(address.to_string()),
        ..AllocateAddressResult::default()
    })
}

/// An address that somebody had before and wants again, if nobody else has got it since.
fn recovered(wanted: &str, taken: &BTreeSet<Ipv4Addr>) -> Result<Ipv4Addr, Fault> {
    let address: Option<Ipv4Addr> = wanted.parse().ok();
    let free = address.filter(|it| ELASTIC_POOL.contains(*it) && !taken.contains(it));
    free.ok_or_else(|| Fault::client("InvalidAddress.NotFound", format!("Address '{wanted}' not found.")))
}

/// The record of an address.
pub fn with_address(cx: &Cx, read: &impl Read, address: &str) -> Result<Option<Named<ElasticIp>>, Fault> {
    Ok(all::<ElasticIp>(cx, read)?.into_iter().find(|(_, it)| it.address.to_string() == address))
}

/// The record that a request means by its id or its address, of which it gives one.
fn meant(cx: &Cx, tx: &Tx, allocation: Option<&str>, address: Option<&str>) -> Result<Named<ElasticIp>, Fault> {
    match (allocation, address) {
        (Some(_), Some(_)) => {
            Err(invalid_combination("You may specify public IP or allocation id, but not both in the same call"))
        }
        (Some(id), None) => Ok((id.into(), find::<ElasticIp>(cx, tx, id)?)),
        (None, Some(address)) => with_address(cx, tx, address)?.ok_or_else(|| no_address(address)),
        (None, None) => Err(missing_parameter("allocationId")),
    }
}

fn no_address(address: &str) -> Fault {
    match address.parse::<Ipv4Addr>() {
        Ok(_) => Fault::client("InvalidAddress.NotFound", format!("Address '{address}' not found.")),
        Err(_) => Fault::client("InvalidAddress.Malformed", format!("The address '{address}' is not valid")),
    }
}

/// `AssociateAddress`.
fn associate(cx: &Cx, tx: &mut Tx, input: &AssociateAddressRequest) -> Result<AssociateAddressResult, Fault> {
    dry_run(input.dry_run)?;
    let (id, spec) = meant(cx, tx, input.allocation_id.as_deref(), input.public_ip.as_deref())?;
    let interface_id = interface_of(cx, tx, input.instance_id.as_deref(), input.network_interface_id.as_deref())?;
    let interface = find::<NetworkInterface>(cx, tx, &interface_id)?;
    if interface.kind != InterfaceKind::Interface || interface.requester_managed {
        return Err(not_yours());
    }
    let private = private_address(input.private_ip_address.as_deref(), &interface, &interface_id)?;
    if gateways::of_vpc(cx, tx, &interface.vpc)?.is_none() {
        let message = format!("Network {} is not attached to any internet gateway", interface.vpc);
        return Err(Fault::client("Gateway.NotAttached", message));
    }
    let here = |it: &AddressAssociation| (&it.interface, it.private_address) == (&interface_id, private);
    if let Some(present) = &spec.association {
        if here(present) {
            return Ok(AssociateAddressResult { association_id: Some(present.id.clone()) });
        }
        if input.allow_reassociation == Some(false) {
            return Err(already_associated(format!("resource {id} is already associated with associate-id {}", present.id)));
        }
    }
    check_free(&interface, &interface_id, private, input.allow_reassociation)?;
    let association =
        AddressAssociation { id: format!("eipassoc-{}", cx.env.hex(17)), interface: interface_id, private_address: private };
    let association_id = association.id.clone();
    connect(cx, tx, &id, association)?;
    Ok(AssociateAddressResult { association_id: Some(association_id) })
}

/// Another Elastic IP address that the private address has is let go, unless that isn't wanted.
fn check_free(
    interface: &NetworkInterfaceSpec,
    id: &str,
    private: Ipv4Addr,
    allow_reassociation: Option<bool>,
) -> Result<(), Fault> {
    let present = interface.addresses().find(|it| it.address == private).and_then(|it| it.public_address);
    let elastic = present.is_some_and(|it| ELASTIC_POOL.contains(it));
    if elastic && allow_reassociation == Some(false) {
        return Err(already_associated(format!("resource {id} is already associated with an Elastic IP address")));
    }
    Ok(())
}

/// The interface that a request means: by itself, or as the only one of an instance.
fn interface_of(cx: &Cx, tx: &Tx, instance: Option<&str>, interface: Option<&str>) -> Result<String, Fault> {
    match (instance, interface) {
        (_, Some(id)) => Ok(id.into()),
        (Some(id), None) => match find::<Instance>(cx, tx, id)?.interfaces.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(Fault::client("IncorrectInstanceState", format!("The instance '{id}' has no network interface."))),
            _ => Err(Fault::client(
                "InvalidInstanceID",
                format!(
                    "There are multiple interfaces attached to instance '{id}'. Please specify an interface ID for the operation \
                     instead."
                ),
            )),
        },
        (None, None) => Err(missing_parameter("instanceId or networkInterfaceId")),
    }
}

fn private_address(wanted: Option<&str>, interface: &NetworkInterfaceSpec, id: &str) -> Result<Ipv4Addr, Fault> {
    let Some(wanted) = wanted else { return Ok(interface.address) };
    let found = interface.addresses().map(|it| it.address).find(|it| it.to_string() == wanted);
    found.ok_or_else(|| invalid_value(format!("The specified private IP address {wanted} is not assigned to interface {id}")))
}

/// Makes an Elastic IP address lead to an interface's private address, and nothing else lead there.
pub fn connect(cx: &Cx, tx: &mut Tx, id: &str, association: AddressAssociation) -> Result<(), Fault> {
    let at = key::<NetworkInterface>(cx, &association.interface);
    disconnect(tx, &key::<ElasticIp>(cx, id))?;
    release_from(tx, &at, |address| address == association.private_address)?;
    let address = find::<ElasticIp>(cx, tx, id)?.address;
    tx.update_spec(&at, |interface| {
        if let Some(public) = interface.public_address_mut(association.private_address) {
            *public = Some(address);
        }
    })?;
    Ok(tx.update_spec(&key::<ElasticIp>(cx, id), |it| it.association = Some(association))?)
}

/// Makes an Elastic IP address lead nowhere.
fn disconnect(tx: &mut Tx, key: &Key<ElasticIp>) -> Result<(), StoreError> {
    let Some(spec) = tx.spec(key)? else { return Ok(()) };
    let Some(association) = &spec.association else { return Ok(()) };
    let interface = Key::<NetworkInterface>::new(&key.account, &key.region, &association.interface);
    if tx.exists(&interface)? {
        tx.update_spec(&interface, |interface| {
            if let Some(public) = interface.public_address_mut(association.private_address) {
                public.take_if(|it| *it == spec.address);
            }
        })?;
    }
    tx.update_spec(key, |it| it.association = None)
}

/// Makes the Elastic IP addresses that lead to an interface's private addresses, or to some of them, lead nowhere.
pub fn release_from(tx: &mut Tx, interface: &Key<NetworkInterface>, which: impl Fn(Ipv4Addr) -> bool) -> Result<(), StoreError> {
    let held =
        |it: &ElasticIpSpec| it.association.as_ref().is_some_and(|it| it.interface == interface.id && which(it.private_address));
    let all = tx.specs::<ElasticIp>(Scope::Region(&interface.account, &interface.region))?;
    let keys: Vec<_> = all.into_iter().filter(|(_, it)| held(it)).map(|(key, _)| key).collect();
    keys.iter().try_for_each(|key| disconnect(tx, key))
}

fn associated(
    cx: &Cx,
    read: &impl Read,
    association: Option<&str>,
    address: Option<&str>,
) -> Result<Option<Named<ElasticIp>>, Fault> {
    let meant = |it: &ElasticIpSpec| match (association, address) {
        (Some(id), _) => it.association.as_ref().is_some_and(|it| it.id == id),
        (None, Some(address)) => it.address.to_string() == address,
        (None, None) => false,
    };
    Ok(all::<ElasticIp>(cx, read)?.into_iter().find(|(_, it)| meant(it)))
}

/// `DisassociateAddress`.
fn disassociate(cx: &Cx, tx: &mut Tx, input: &DisassociateAddressRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let (association, address) = (input.association_id.as_deref(), input.public_ip.as_deref());
    let absent = || match (association, address) {
        (Some(id), _) => no_association(id),
        (None, Some(address)) => no_address(address),
        (None, None) => missing_parameter("associationId"),
    };
    let (id, spec) = associated(cx, tx, association, address)?.ok_or_else(absent)?;
    if let Some(present) = &spec.association
        && find::<NetworkInterface>(cx, tx, &present.interface)?.requester_managed
    {
        return Err(not_yours());
    }
    Ok(disconnect(tx, &key::<ElasticIp>(cx, id))?)
}

fn not_yours() -> Fault {
    Fault::client("AuthFailure", "You do not have permission to access the specified resource.")
}

/// `ReleaseAddress`.
fn release(cx: &Cx, tx: &mut Tx, input: &ReleaseAddressRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    if let Some(group) = input.network_border_group.as_deref().filter(|it| *it != cx.region.as_str()) {
        return Err(invalid_value(format!("The network border group '{group}' is not that of the address")));
    }
    let (id, spec) = meant(cx, tx, input.allocation_id.as_deref(), input.public_ip.as_deref())?;
    if spec.association.is_some() {
        return Err(Fault::client("InvalidIPAddress.InUse", format!("Address {} is in use.", spec.address)));
    }
    Ok(tx.delete(&key::<ElasticIp>(cx, id))?)
}

/// `DescribeAddresses`.
fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeAddressesRequest) -> Result<DescribeAddressesResult, Fault> {
    dry_run(input.dry_run)?;
    let mut found = chosen::<ElasticIp>(cx, tx, input.allocation_ids.as_deref())?;
    if let Some(wanted) = input.public_ips.as_deref().filter(|wanted| !wanted.is_empty()) {
        found.retain(|(_, it)| wanted.contains(&it.address.to_string()));
        if let Some(absent) = wanted.iter().find(|text| !found.iter().any(|(_, it)| it.address.to_string() == **text)) {
            return Err(no_address(absent));
        }
    }
    let mut views = Vec::new();
    for (id, spec) in &found {
        let interface = match &spec.association {
            Some(association) => tx.spec(&key::<NetworkInterface>(cx, &association.interface))?,
            None => None,
        };
        views.push(view(place(cx), id, spec, interface.as_deref()));
    }
    let query = Query { ids: input.allocation_ids.as_deref(), filters: input.filters.as_deref(), ..Query::default() };
    Ok(DescribeAddressesResult { addresses: Some(select(views, query)?.0) })
}

/// How long a name can be (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 255;

/// `ModifyAddressAttribute`: the name of an address, which VPCs' name servers answer questions for it with. That the name leads to the
/// address, as AWS demands, is not looked at: there is no public name server.
fn modify_attribute(cx: &Cx, tx: &mut Tx, input: &ModifyAddressAttributeRequest) -> Result<ModifyAddressAttributeResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.allocation_id;
    let name = input.domain_name.as_deref().ok_or_else(|| missing_parameter("DomainName"))?;
    let labels = name.trim_end_matches('.').split('.');
    let fits = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if name.len() > LONGEST_NAME || !labels.clone().all(fits) || labels.count() < 2 {
        return Err(invalid_value(format!("Value ({name}) for parameter domainName is invalid. Invalid domain name.")));
    }
    find::<ElasticIp>(cx, tx, id)?;
    let pointer = format!("{}.", name.trim_end_matches('.'));
    tx.update_spec(&key::<ElasticIp>(cx, id), |spec| spec.pointer = Some(pointer.clone()))?;
    let update = PtrUpdateStatus { value: Some(pointer), status: Some("PENDING".into()), reason: None };
    let shown = attribute(id, &*find::<ElasticIp>(cx, tx, id)?);
    Ok(ModifyAddressAttributeResult { address: Some(AddressAttribute { ptr_record_update: Some(update), ..shown }) })
}

/// `ResetAddressAttribute`.
fn reset_attribute(cx: &Cx, tx: &mut Tx, input: &ResetAddressAttributeRequest) -> Result<ResetAddressAttributeResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.allocation_id;
    let before = attribute(id, &*find::<ElasticIp>(cx, tx, id)?);
    tx.update_spec(&key::<ElasticIp>(cx, id), |spec| spec.pointer = None)?;
    Ok(ResetAddressAttributeResult { address: Some(before) })
}

fn attribute(id: &str, spec: &ElasticIpSpec) -> AddressAttribute {
    AddressAttribute {
        public_ip: Some(spec.address.to_string()),
        allocation_id: Some(id.into()),
        ptr_record: spec.pointer.clone(),
        ptr_record_update: None,
    }
}

/// `DescribeAddressesAttribute`: those that have a name.
fn describe_attribute(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeAddressesAttributeRequest,
) -> Result<DescribeAddressesAttributeResult, Fault> {
    dry_run(input.dry_run)?;
    let ids = input.allocation_ids.as_deref().filter(|ids| !ids.is_empty());
    ids.into_iter().flatten().try_for_each(|id| find::<ElasticIp>(cx, tx, id).map(drop))?;
    let mut named = all::<ElasticIp>(cx, tx)?;
    named.retain(|(id, spec)| spec.pointer.is_some() && ids.is_none_or(|ids| ids.contains(id)));
    let shown = named.iter().map(|(id, spec)| attribute(id, spec)).collect();
    let position = |it: &AddressAttribute| it.allocation_id.clone().unwrap_or_default();
    let (addresses, next_token) = page(shown, position, input.max_results, input.next_token.as_deref())?;
    Ok(DescribeAddressesAttributeResult { addresses: Some(addresses), next_token })
}

/// The names that addresses have, of all accounts and regions, without their final dots.
pub fn pointers(read: &impl Read) -> Result<BTreeMap<Ipv4Addr, String>, StoreError> {
    let all = read.specs::<ElasticIp>(Scope::All)?;
    let named = all.iter().filter_map(|(_, spec)| Some((spec.address, spec.pointer.as_ref()?.trim_end_matches('.').to_owned())));
    Ok(named.collect())
}

fn view(place: Place<'_>, id: &str, spec: &ElasticIpSpec, interface: Option<&NetworkInterfaceSpec>) -> Address {
    let association = spec.association.as_ref();
    let attached = interface.and_then(|it| it.attachment.as_ref()).map(|it| &it.to);
    Address {
        allocation_id: Some(id.into()),
        association_id: association.map(|it| it.id.clone()),
        domain: Some(DomainType::Vpc),
        network_interface_id: association.map(|it| it.interface.clone()),
        network_interface_owner_id: association.and_then(|_| place.owner()),
        private_ip_address: association.map(|it| it.private_address.to_string()),
        tags: tags::view_if_any(&spec.tags),
        public_ipv4_pool: Some("amazon".into()),
        network_border_group: Some(place.region.to_string()),
        instance_id: match attached {
            Some(AttachedTo::Instance(id) | AttachedTo::ContainerHost(id)) => Some(id.clone()),
            _ => None,
        },
        public_ip: Some(spec.address.to_string()),
        ..Address::default()
    }
}

impl Described for Address {
    const RESOURCE: Resource = Resource::ELASTIC_IP;
    const IDS: &'static str = "AllocationIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("allocation-id", |it| it.allocation_id.texts()),
        ("association-id", |it| it.association_id.texts()),
        ("domain", |it| it.domain.iter().map(|domain| domain.as_str().into()).collect()),
        ("instance-id", |it| it.instance_id.texts()),
        ("network-border-group", |it| it.network_border_group.texts()),
        ("network-interface-id", |it| it.network_interface_id.texts()),
        ("network-interface-owner-id", |it| it.network_interface_owner_id.texts()),
        ("private-ip-address", |it| it.private_ip_address.texts()),
        ("public-ip", |it| it.public_ip.texts()),
        ("service-managed", nothing),
    ];

    fn id(&self) -> &str {
        self.allocation_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
